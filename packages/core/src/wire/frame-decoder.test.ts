import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COUNTED_HEADER_BYTES, FLAG, FRAME, HEADER_BYTES } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { ProtocolError } from './protocol-error.ts';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  /** In hex: comparing that is a hundred times faster than comparing arrays. */
  readonly payload: string;
}

const MIB = 1024 * 1024;

/** The bytes of a frame whose header says this length, whatever follows. */
function header(length: number, type = 0x10, flags = 0, call = 0): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = type;
  bytes[5] = flags;
  bytes.writeUInt32BE(call, 6);
  return bytes;
}

function encode({ type, flags, call, payload }: Frame): Buffer {
  const bytes = Buffer.from(payload, 'hex');
  return Buffer.concat([header(bytes.length + COUNTED_HEADER_BYTES, type, flags, call), bytes]);
}

function frameOf(payload: Uint8Array): Buffer {
  return Buffer.concat([header(payload.length + COUNTED_HEADER_BYTES), payload]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A decoder and the frames that it has given, those CHUNKs whole that it gave in parts. */
function recorder(maxPayload: number): { decoder: FrameDecoder; frames: Frame[] } {
  const frames: Frame[] = [];
  let begun = '';
  const decoder = new FrameDecoder(maxPayload, {
    frame: (type, flags, call, bytes, start, end) => {
      const payload = begun + bytes.toString('hex', start, end);
      begun = '';
      if (!decoder.unfinished) frames.push({ type, flags, call, payload });
      else {
        // Only a part of a CHUNK comes before the frame is over, and says that it goes on.
        expect([type, flags & FLAG.MORE, end > start]).toEqual([FRAME.CHUNK, FLAG.MORE, true]);
        begun = payload;
      }
    },
  });
  return { decoder, frames };
}

/** The frames in some chunks. Each chunk lies in memory of its own, which is overwritten once it has been pushed. */
function decode(chunks: readonly Uint8Array[], maxPayload = MIB): Frame[] {
  const { decoder, frames } = recorder(maxPayload);
  for (const chunk of chunks) {
    const owned = Buffer.from(chunk);
    decoder.push(owned);
    owned.fill(0xee);
  }
  expect(decoder.unfinished).toBe(false);
  return frames;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...places].sort((a, b) => a - b);
  return [0, ...sorted].map((from, i) => bytes.subarray(from, sorted[i] ?? bytes.length));
}

function singly(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.of(byte));
}

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  type: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constant(FRAME.CHUNK)),
  flags: fc.integer({ min: 0, max: 255 }),
  call: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff })),
  payload: fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 40 }).map(hex) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.integer({ min: 50, max: 3000 }), fc.nat(255))
        .map(([n, byte]) => hex(new Uint8Array(n).fill(byte))),
    },
  ),
});

const FIXED: readonly Frame[] = [
  { type: FRAME.HELLO, flags: 0, call: 0, payload: '80' },
  { type: FRAME.END, flags: 0x80, call: 0xffff_fffe, payload: '' },
  { type: FRAME.REQUEST, flags: 5, call: 0x8000_0001, payload: hex(Uint8Array.from({ length: 70 }, (_, i) => i)) },
  { type: FRAME.CANCEL, flags: 0, call: 0x0102_0304, payload: '01' },
  { type: 0xff, flags: 0xff, call: 0xffff_ffff, payload: hex(Uint8Array.from({ length: 130 }, (_, i) => 255 - i)) },
];

test('any list of frames decodes to itself, however its bytes are cut and merged', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 12 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(encode));
        const places = cuts.map((share) => Math.floor(share * bytes.length));
        expect(decode(cut(bytes, places))).toEqual(frames);
      },
    ),
    { numRuns: 1000 },
  );
});

test('a cut at any one byte changes nothing', () => {
  const bytes = Buffer.concat(FIXED.map(encode));
  for (let place = 0; place <= bytes.length; place++) expect(decode(cut(bytes, [place])), `at ${place}`).toEqual(FIXED);
});

test('two cuts at any two bytes of two frames change nothing', () => {
  const frames = FIXED.slice(0, 2);
  const bytes = Buffer.concat(frames.map(encode));
  for (let a = 0; a <= bytes.length; a++) {
    for (let b = a; b <= bytes.length; b++) expect(decode(cut(bytes, [a, b])), `at ${a} and ${b}`).toEqual(frames);
  }
});

test('bytes that come one at a time make the same frames', () => {
  expect(decode(singly(Buffer.concat(FIXED.map(encode))))).toEqual(FIXED);
});

test('a thousand frames merged into one chunk all come, in order', () => {
  const frames = Array.from({ length: 1000 }, (_, i) => ({
    type: i % 256,
    flags: (i * 7) % 256,
    call: i * 4_000_000,
    payload: hex(Uint8Array.from({ length: i % 50 }, (_, at) => at + i)),
  }));
  expect(decode([Buffer.concat(frames.map(encode))])).toEqual(frames);
});

test('a frame is given as soon as its last byte has come, and not before', () => {
  const { decoder, frames } = recorder(MIB);
  const bytes = frameOf(Uint8Array.of(1, 2, 3));
  for (const [i, byte] of singly(bytes).entries()) {
    expect(frames).toHaveLength(0);
    expect(decoder.unfinished).toBe(i > 0);
    decoder.push(byte);
  }
  expect(frames).toHaveLength(1);
  expect(decoder.unfinished).toBe(false);
});

test('what has come of a CHUNK is given at once, as CHUNKs of which all but the last are followed by another', () => {
  const given: unknown[] = [];
  for (const flags of [0, FLAG.MORE]) {
    const decoder = new FrameDecoder(MIB, {
      frame: (type, flags, call, bytes, start, end) => given.push([type, flags, call, ...bytes.subarray(start, end)]),
    });
    const bytes = Buffer.concat([header(6 + 9, FRAME.CHUNK, flags, 7), Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9])]);
    const pong = header(6, FRAME.PONG);
    for (const [from, to] of [
      [0, 13],
      [13, 16],
      [16, 16],
      [16, 19],
    ])
      decoder.push(Buffer.from(Buffer.concat([bytes, pong]).subarray(from, to)));
    decoder.push(pong);
    expect(decoder.unfinished).toBe(false);
    expect(given.splice(0)).toEqual([
      [FRAME.CHUNK, FLAG.MORE, 7, 1, 2, 3],
      [FRAME.CHUNK, FLAG.MORE, 7, 4, 5, 6],
      [FRAME.CHUNK, flags, 7, 7, 8, 9],
      [FRAME.PONG, 0, 0],
    ]);
  }
});

test('a CHUNK that is cut within its header is given whole', () => {
  const bytes = Buffer.concat([header(6 + 3, FRAME.CHUNK, FLAG.MORE, 7), Buffer.from([1, 2, 3])]);
  for (let place = 1; place <= HEADER_BYTES; place++) {
    let given = 0;
    const decoder = new FrameDecoder(MIB, {
      frame: (_type, flags, _call, _bytes, start, end) => {
        given++;
        expect([flags, end - start]).toEqual([FLAG.MORE, 3]);
      },
    });
    for (const piece of cut(bytes, [place])) decoder.push(Buffer.from(piece));
    expect(given).toBe(1);
  }
});

test('an empty chunk does nothing, between frames and within one', () => {
  const bytes = frameOf(Uint8Array.of(9));
  const nothing = Buffer.alloc(0);
  expect(decode([nothing, bytes.subarray(0, 2), nothing, bytes.subarray(2, 7), nothing, bytes.subarray(7)])).toEqual(
    decode([bytes]),
  );
});

test('good frames before a bad one are given, and then comes the error', () => {
  const good = Buffer.concat(FIXED.map(encode));
  for (const bad of [header(5), header(MIB + COUNTED_HEADER_BYTES + 1)]) {
    for (const chunks of [[good, bad], [Buffer.concat([good, bad])], singly(Buffer.concat([good, bad]))]) {
      const { decoder, frames } = recorder(MIB);
      expect(() => {
        for (const chunk of chunks) decoder.push(chunk);
      }).toThrow(ProtocolError);
      expect(frames).toEqual(FIXED);
    }
  }
});

test('payloads one below the limit and at it are taken, and one above it is refused', () => {
  const limit = 1000;
  for (const length of [limit - 1, limit]) {
    const bytes = frameOf(new Uint8Array(length));
    for (const chunks of [[bytes], singly(bytes)]) expect(decode(chunks, limit)[0]?.payload).toHaveLength(2 * length);
  }
  const { decoder } = recorder(limit);
  expect(() => decoder.push(frameOf(new Uint8Array(limit + 1)))).toThrow(
    'a payload of 1001 bytes, where 1000 are taken (limit "chunk")',
  );
});

test('a length over the limit is refused at its fourth byte', () => {
  const { decoder } = recorder(1000);
  const bytes = header(1001 + COUNTED_HEADER_BYTES);
  for (let i = 0; i < 3; i++) decoder.push(bytes.subarray(i, i + 1));
  expect(() => decoder.push(bytes.subarray(3, 4))).toThrow(ProtocolError);
  expect(() => recorder(1000).decoder.push(bytes.subarray(0, 4))).toThrow(ProtocolError);
});

test('a length that is less than the header is refused, and the least that is not makes an empty payload', () => {
  for (let length = 0; length < COUNTED_HEADER_BYTES; length++) {
    for (const chunks of [[header(length)], singly(header(length))]) {
      const { decoder, frames } = recorder(MIB);
      expect(() => {
        for (const chunk of chunks) decoder.push(chunk);
      }).toThrow(`a frame said it is ${length} bytes long, less than its own header`);
      expect(frames).toHaveLength(0);
    }
  }
  expect(decode([header(COUNTED_HEADER_BYTES)])[0]?.payload).toBe('');
});

test('a refused length names the type of its frame only where the type has come', () => {
  const bytes = header(0xffff_ffff, FRAME.GOAWAY);
  expect(() => recorder(MIB).decoder.push(bytes)).toThrow('a frame (GOAWAY) with a payload of');
  // What lies behind the four bytes in the decoder's own memory is nobody's type.
  for (const chunks of [[bytes.subarray(0, 4)], [bytes.subarray(0, 1), bytes.subarray(1, 4)], singly(bytes)]) {
    const { decoder } = recorder(MIB);
    expect(() => {
      for (const chunk of chunks) decoder.push(chunk);
    }).toThrow('a frame with a payload of');
  }
});

test('a claim of 4 GiB is refused at its header with nothing allocated', () => {
  const claim = Buffer.of(0xff, 0xff, 0xff, 0xff);
  const before = process.memoryUsage().arrayBuffers;
  const decoders = Array.from({ length: 100 }, () => recorder(MIB).decoder);
  for (const decoder of decoders) expect(() => decoder.push(claim)).toThrow(ProtocolError);
  for (const decoder of decoders) expect(decoder.unfinished).toBe(false);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MIB);
});

test('memory grows with what has come, not with what was announced', () => {
  const decoders = Array.from({ length: 50 }, () => recorder(16 * MIB).decoder);
  const announced = Buffer.concat([header(16 * MIB), Buffer.alloc(1000)]);
  const before = process.memoryUsage().arrayBuffers;
  for (const decoder of decoders)
    for (const byte of [announced.subarray(0, 3), announced.subarray(3)]) decoder.push(byte);
  expect(decoders.every((decoder) => decoder.unfinished)).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MIB);
});

test('a frame that comes in many pieces takes memory in proportion to its length', () => {
  let given: Uint8Array | undefined;
  const decoder = new FrameDecoder(16 * MIB, {
    frame: (_type, _flags, _call, source, start, end) => {
      given = source.subarray(start, end);
    },
  });
  const payload = new Uint8Array(4 * MIB).map((_, i) => i % 251);
  const bytes = frameOf(payload);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let at = 0; at < bytes.length; at += 65_536) {
    decoder.push(bytes.subarray(at, at + 65_536));
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(Buffer.compare(given as Uint8Array, payload)).toBe(0);
  // Memory that doubles comes to four times what is kept, with all that was outgrown and not yet collected.
  expect(most).toBeLessThan(5 * bytes.length);
});

test('a new limit holds from the next frame on, also within one chunk', () => {
  const lengths: number[] = [];
  const decoder = new FrameDecoder(100, {
    frame: (_type, _flags, _call, _bytes, start, end) => {
      lengths.push(end - start);
      decoder.maxPayload = 10;
    },
  });
  const chunk = Buffer.concat([100, 10, 11].map((length) => frameOf(new Uint8Array(length))));
  expect(() => decoder.push(chunk)).toThrow('a payload of 11 bytes, where 10 are taken');
  expect(lengths).toEqual([100, 10]);
});

test('a call id of 32 bits keeps its highest bit', () => {
  const calls = decode([header(6, 0, 0, 0x8000_0000), header(6, 0, 0, 0xffff_ffff)]).map(({ call }) => call);
  expect(calls).toEqual([0x8000_0000, 0xffff_ffff]);
});
