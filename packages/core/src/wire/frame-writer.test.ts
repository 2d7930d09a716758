import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COUNTED_HEADER_BYTES, HEADER_BYTES } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { FrameWriter } from './frame-writer.ts';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  /** In hex: comparing that is a hundred times faster than comparing arrays. */
  readonly payload: string;
}

function filled(length: number, byte: number): string {
  return Buffer.alloc(length, byte).toString('hex');
}

function decode(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(2 ** 30, {
    frame: (type, flags, call, source, start, end) =>
      frames.push({ type, flags, call, payload: source.toString('hex', start, end) }),
  });
  decoder.push(bytes);
  expect(decoder.unfinished).toBe(false);
  return frames;
}

function write(writer: FrameWriter, { type, flags, call, payload }: Frame, spare = 0): void {
  const bytes = Buffer.from(payload, 'hex');
  writer.begin(type, flags, call, bytes.length + spare);
  writer.bytes(bytes);
  writer.end();
}

function takeAll(writer: FrameWriter): Buffer {
  const pieces: Uint8Array[] = [];
  for (let piece = writer.take(); piece !== undefined; piece = writer.take()) pieces.push(piece);
  return Buffer.concat(pieces);
}

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  call: fc.oneof(fc.constantFrom(0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(1000)),
  // Around the size of a slab, what is begun last does not fit into the one at hand.
  payload: fc
    .tuple(
      fc.oneof({ weight: 6, arbitrary: fc.nat(200) }, fc.nat(70_000), fc.integer({ min: 65_500, max: 65_540 })),
      fc.nat(255),
    )
    .map(([length, byte]) => filled(length, byte)),
});

type Step =
  | { readonly kind: 'frame' | 'abandon'; readonly writer: number; readonly frame: Frame; readonly spare: number }
  | { readonly kind: 'take'; readonly writer: number };

const WRITERS = 3;
const anyWriter = fc.nat(WRITERS - 1);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('frame' as const),
      writer: anyWriter,
      frame: anyFrame,
      spare: fc.nat(3000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('abandon' as const),
      writer: anyWriter,
      frame: anyFrame,
      spare: fc.nat(3000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), writer: anyWriter }) },
);

test('what writers write in turn is what their bytes decode to, and no byte changes once it was handed out', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
      const ends = Array.from({ length: WRITERS }, () => ({
        writer: new FrameWriter(),
        written: [] as Frame[],
        handed: [] as { piece: Uint8Array; copy: Uint8Array }[],
        waiting: 0,
      }));
      const take = (end: (typeof ends)[number]): boolean => {
        const piece = end.writer.take();
        if (piece === undefined) return false;
        end.handed.push({ piece, copy: Uint8Array.from(piece) });
        end.waiting -= piece.length;
        return true;
      };
      for (const step of steps) {
        const end = ends[step.writer] as (typeof ends)[number];
        if (step.kind === 'take') take(end);
        else if (step.kind === 'frame') {
          write(end.writer, step.frame, step.spare);
          end.written.push(step.frame);
          end.waiting += HEADER_BYTES + step.frame.payload.length / 2;
        } else {
          const payload = Buffer.from(step.frame.payload, 'hex');
          end.writer.begin(step.frame.type, step.frame.flags, step.frame.call, payload.length + step.spare);
          end.writer.bytes(payload.subarray(step.spare % (payload.length + 1)));
          end.writer.abandon();
        }
        expect(end.writer.queued).toBe(end.waiting);
      }
      for (const end of ends) {
        while (take(end));
        expect(end.waiting).toBe(0);
        for (const { piece, copy } of end.handed) expect(Buffer.compare(piece, copy)).toBe(0);
        expect(decode(Buffer.concat(end.handed.map(({ piece }) => piece)))).toEqual(end.written);
      }
    }),
    { numRuns: 60 },
  );
});

test('all small frames of a tick leave in one piece', () => {
  const writer = new FrameWriter();
  const frames = Array.from({ length: 100 }, (_, i) => ({ type: 1, flags: 2, call: i, payload: filled(1, i) }));
  for (const frame of frames) write(writer, frame);
  expect(writer.queued).toBe(100 * (HEADER_BYTES + 1));
  const piece = writer.take() as Uint8Array;
  expect(writer.queued).toBe(0);
  expect(writer.take()).toBeUndefined();
  expect(decode(Buffer.from(piece))).toEqual(frames);
});

test('a writer that has nothing gives nothing', () => {
  const writer = new FrameWriter();
  expect(writer.take()).toBeUndefined();
  writer.begin(1, 0, 0, 10);
  writer.abandon();
  expect(writer.queued).toBe(0);
  expect(writer.take()).toBeUndefined();
});

test('a frame is as long as what was written of it, not as the room that was asked for', () => {
  const writer = new FrameWriter();
  writer.begin(0x11, 0, 3, 5000);
  writer.u16(0x0102);
  writer.end();
  expect([...takeAll(writer)]).toEqual([0, 0, 0, COUNTED_HEADER_BYTES + 2, 0x11, 0, 0, 0, 0, 3, 1, 2]);
});

test('a frame longer than a slab leaves whole, in its place', () => {
  const writer = new FrameWriter();
  const frames = [3, 200_000, 5].map((length, call) => ({ type: 9, flags: 0, call, payload: filled(length, 5) }));
  for (const frame of frames) write(writer, frame);
  expect(decode(takeAll(writer))).toEqual(frames);
});

test('bytes outside any frame stand where they were written', () => {
  const writer = new FrameWriter();
  writer.plain(Buffer.from('hello\n'));
  write(writer, { type: 1, flags: 0, call: 0, payload: '80' });
  const bytes = takeAll(writer);
  expect(bytes.subarray(0, 6).toString()).toBe('hello\n');
  expect(decode(bytes.subarray(6))).toHaveLength(1);
});

test('numbers are big-endian, and those of eight bytes hold every whole number up to 2^53', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.oneof(fc.maxSafeNat(), fc.constantFrom(0xffff_ffff, 2 ** 32, Number.MAX_SAFE_INTEGER)),
      (small, middle, large) => {
        const writer = new FrameWriter();
        writer.begin(0, 0, middle, 14);
        writer.u16(small);
        writer.u32(middle);
        writer.u64(large);
        writer.end();
        const bytes = takeAll(writer);
        expect(bytes.readUInt32BE(6)).toBe(middle);
        expect(bytes.readUInt16BE(10)).toBe(small);
        expect(bytes.readUInt32BE(12)).toBe(middle);
        expect(bytes.readBigUInt64BE(16)).toBe(BigInt(large));
      },
    ),
  );
});

test('writers of one tick share memory: a slab for each would be too much where there are thousands', () => {
  const writers = Array.from({ length: 500 }, () => new FrameWriter());
  const frame: Frame = { type: 1, flags: 2, call: 3, payload: filled(30, 4) };
  for (const writer of writers) write(writer, frame);
  const pieces = writers.flatMap((writer) => writer.take() ?? []);
  for (const piece of pieces) expect(decode(Buffer.from(piece))).toEqual([frame]);
  const memory = new Set(pieces.map(({ buffer }) => buffer));
  expect([...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(2 ** 20);
});

describe('a frame that ends with bytes', () => {
  test('is one frame, whether they are copied or lent, and whatever is written before and behind it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(300), fc.oneof(fc.nat(300), fc.integer({ min: 16_000, max: 70_000 })), fc.boolean()), {
          maxLength: 8,
        }),
        (frames) => {
          const writer = new FrameWriter();
          const expected: Frame[] = [];
          for (const [head, length, byWhole] of frames) {
            const fields = new Uint8Array(head).fill(1);
            const rest = new Uint8Array(length).fill(2);
            if (byWhole) write(writer, { type: 7, flags: 0, call: 3, payload: filled(length, 2) });
            else {
              writer.begin(7, 0, 3, head + FrameWriter.roomFor(length));
              writer.bytes(fields);
              writer.endWith(rest);
            }
            const payload = byWhole ? filled(length, 2) : filled(head, 1) + filled(length, 2);
            expected.push({ type: 7, flags: 0, call: 3, payload });
          }
          const bytes = expected.reduce((sum, { payload }) => sum + HEADER_BYTES + payload.length / 2, 0);
          expect(writer.queued).toBe(bytes);
          expect(decode(takeAll(writer))).toEqual(expected);
          expect([writer.queued, writer.split]).toEqual([0, false]);
        },
      ),
    );
  });

  test('lends those that are long, and says that the frame is not over until they are taken', () => {
    const writer = new FrameWriter();
    const long = new Uint8Array(16_384);
    writer.begin(7, 0, 3, 2 + FrameWriter.roomFor(long.length));
    writer.u16(5);
    writer.endWith(long);
    write(writer, { type: 8, flags: 0, call: 3, payload: '' });
    expect([writer.split, writer.queued]).toEqual([false, HEADER_BYTES + 2 + 16_384 + HEADER_BYTES]);
    expect(writer.take()).toHaveLength(HEADER_BYTES + 2);
    expect([writer.split, writer.queued]).toEqual([true, 16_384 + HEADER_BYTES]);
    expect(writer.take()).toBe(long);
    expect([writer.split, writer.queued]).toEqual([false, HEADER_BYTES]);
    expect(writer.take()).toHaveLength(HEADER_BYTES);
    expect(writer.take()).toBeUndefined();
  });

  test('copies those that are short', () => {
    const writer = new FrameWriter();
    const short = new Uint8Array(16_383);
    writer.begin(7, 0, 3, FrameWriter.roomFor(short.length));
    writer.endWith(short);
    const taken = writer.take();
    short.fill(9);
    expect(decode(Buffer.from(taken as Uint8Array))).toEqual([
      { type: 7, flags: 0, call: 3, payload: filled(16_383, 0) },
    ]);
  });
});
