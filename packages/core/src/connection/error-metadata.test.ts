import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Code, codeFromNumber } from '../error/code.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { decodeBody } from '../wire/body.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { DEFAULT_LIMITS, type Limits } from '../wire/limits.ts';
import { encodeMetadata } from '../wire/metadata.ts';
import { type Asked, alone, type End } from './test-by-hand.ts';
import { u64 } from './test-frames.ts';
import { frame, itemsFrame, METHODS, packed, u16 } from './test-stream-frames.ts';
import { TwoEnds } from './test-two-ends.ts';

const { METADATA, MORE, RAW } = FLAG;
const SMALL = { chunk: 1024, window: 1024 };
const KINDS = ['unary', 'serverStream', 'clientStream', 'duplex'] as const;

/** What the caller is told, and that there is one outcome. */
function failure(call: Asked): { code: Code; message: string; metadata?: Metadata | undefined; data?: unknown } {
  expect(call.outcomes).toHaveLength(1);
  return call.outcomes[0] as ReturnType<typeof failure>;
}

function bytes(length: number): Uint8Array {
  return new Uint8Array(length).fill(7);
}

describe('the metadata of an error', () => {
  test.each(KINDS)('comes to the caller as it was given: %s', (kind) => {
    const ends = new TwoEnds();
    const call = ends.near.ask(kind, 1);
    ends.run();
    const metadata = { text: 'größe 😀', bytes: new Uint8Array([1, 2]), '': '', constructor: 'own' };
    ends.far.fail(ends.far.request(call.id), new RpcError('NOT_FOUND', 'No.', { metadata }));
    ends.run();
    const failed = failure(call);
    expect([failed.code, failed.message]).toEqual(['NOT_FOUND', 'No.']);
    expect({ ...failed.metadata }).toEqual(metadata);
    expect(Object.getPrototypeOf(failed.metadata)).toBe(null);
    expect(ends.remains).toEqual([]);
  });

  test('comes behind the items of a stream, as the error does', () => {
    const ends = new TwoEnds();
    const call = ends.near.ask('serverStream', 1);
    ends.run();
    const request = ends.far.request(0);
    request.outflow?.add('item');
    ends.far.fail(request, new RpcError('ABORTED', 'No.', { metadata: { a: 'b' } }));
    ends.run();
    expect(call.inflow?.next()).toEqual(['item']);
    expect({ ...failure(call).metadata }).toEqual({ a: 'b' });
  });

  test('is not on the wire where there is none', () => {
    const end = alone();
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(0), 5]), frame(FRAME.REQUEST, 2, [u16(0), 5]));
    end.fail(end.request(0), new RpcError('ABORTED', 'No.'));
    end.fail(end.request(2), new RpcError('ABORTED', 'No.', { metadata: {} }));
    expect(end.sent().map(({ flags }) => flags)).toEqual([0, 0]);
  });

  test('stands before the error, with its length', () => {
    const end = alone();
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(0), 5]));
    end.fail(end.request(0), new RpcError('ABORTED', 'No.', { metadata: { a: 'b' } }));
    const [sent] = end.sent();
    expect(sent?.flags).toBe(METADATA);
    expect(sent?.payload.subarray(0, 7).toString('hex')).toBe('000581a161a162');
    expect(decodeBody(sent?.payload as Buffer, 7, sent?.payload.length as number, false, DEFAULT_LIMITS)).toEqual({
      code: 10,
      message: 'No.',
      ran: true,
    });
  });

  test('is left out where it is over a limit, or no metadata, and the error comes all the same', () => {
    for (const [metadata, limits, comes] of [
      // A map of one key of a letter and so many bytes: 3 bytes and the two or three of the byte string's length.
      [{ a: bytes(95) }, { metadata: 100 }, true],
      [{ a: bytes(96) }, { metadata: 100 }, false],
      [{ a: '' }, { metadata: 0 }, false],
      [{ a: bytes(1024 - 512 - 64 - 6) }, SMALL, true],
      [{ a: bytes(1024 - 512 - 64 - 5) }, SMALL, false],
      [{ a: '\ud800' }, {}, false],
      [{ a: 5 }, {}, false],
    ] as const) {
      const ends = new TwoEnds({ local: limits });
      const call = ends.near.ask('unary', 1);
      ends.run();
      ends.far.fail(ends.far.request(0), new RpcError('ABORTED', 'No.', { metadata: metadata as unknown as Metadata }));
      ends.run();
      const failed = failure(call);
      expect([failed.code, failed.message, failed.metadata !== undefined]).toEqual(['ABORTED', 'No.', comes]);
      expect(ends.remains).toEqual([]);
    }
  });

  test('leaves room for the error: together they fit one frame, however long both are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1024, max: 3000 }),
        fc.integer({ min: 1024, max: 3000 }),
        fc.nat(3000),
        fc.nat(3000),
        fc.option(fc.nat(3000), { nil: undefined }),
        (chunk, message, inMetadata, inMessage, inData) => {
          const ends = new TwoEnds({ local: { chunk, message } });
          const call = ends.near.ask('unary', 1);
          ends.run();
          const text = 'm'.repeat(inMessage);
          const declared = inData === undefined ? {} : { name: 'declared', data: 'd'.repeat(inData) };
          const error = new RpcError('ABORTED', text, { metadata: { key: 'v'.repeat(inMetadata) }, ...declared });
          // The audit of the ends refuses a frame that is too long.
          ends.far.fail(ends.far.request(0), error);
          ends.run();
          const failed = failure(call);
          expect(failed.code).toBe('ABORTED');
          const said = failed.message.split(' (Its data')[0] as string;
          expect(text.startsWith(said)).toBe(true);
          const room = Math.min(chunk, message);
          const kept = failed.metadata !== undefined;
          expect(kept).toBe(inMetadata + 8 <= chunk - 512 - 64);
          const data = inData === undefined ? 0 : inData + 32;
          if ((kept ? inMetadata + 10 : 0) + inMessage + data + 40 < room && inMessage + data + 40 < message) {
            expect([said.length, failed.data]).toEqual([inMessage, declared.data]);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is not sent for a call that its caller has cancelled', () => {
    const ends = new TwoEnds();
    const call = ends.near.ask('unary', 1);
    ends.run();
    ends.near.cancel(call);
    ends.run();
    ends.far.fail(ends.far.request(0), new RpcError('ABORTED', 'No.', { metadata: { a: 'b' } }));
    ends.run();
    expect([failure(call).code, failure(call).metadata]).toEqual(['CANCELLED', undefined]);
  });

  test('that an error carries whose bytes hold none is lost with it', () => {
    const end = alone({ role: 'dialer' });
    const call = end.ask('unary', 1);
    const metadata = encodeMetadata({ a: 'b' }, DEFAULT_LIMITS);
    end.receive(frame(FRAME.ERROR, 0, [u16(metadata.length), metadata, 0xc1], METADATA));
    expect(failure(call)).toMatchObject({ code: 'INTERNAL' });
    expect(failure(call).message).toContain('The error cannot be read');
    expect(end.closed).toEqual([]);
  });
});

/** Frames that carry metadata, given its bytes, and an end that takes each. */
const CARRIERS: readonly (readonly [
  string,
  (local: Partial<Limits>) => End,
  (metadata: Uint8Array, length?: number) => Buffer,
])[] = [
  [
    'a REQUEST',
    (local) => {
      const end = alone({ local });
      end.receive(METHODS);
      return end;
    },
    (metadata, length = metadata.length) => frame(FRAME.REQUEST, 0, [u16(0), u16(length), metadata, 5], METADATA),
  ],
  [
    'a REQUEST of a stream',
    (local) => {
      const end = alone({ local });
      end.receive(METHODS);
      return end;
    },
    (metadata, length = metadata.length) => frame(FRAME.REQUEST, 0, [u16(3), u16(length), metadata], METADATA),
  ],
  [
    'an EVENT',
    (local) => {
      const end = alone({ local });
      end.receive(METHODS);
      return end;
    },
    (metadata, length = metadata.length) => frame(FRAME.EVENT, 0xffff_ffff, [u16(4), u16(length), metadata], METADATA),
  ],
  [
    'an ERROR',
    (local) => {
      const end = alone({ role: 'dialer', local });
      end.ask('serverStream', 1);
      end.sent();
      return end;
    },
    (metadata, length = metadata.length) =>
      frame(FRAME.ERROR, 0, [u16(length), metadata, packed({ code: 5 })], METADATA),
  ],
  [
    'an ANSWER',
    (local) => {
      const end = alone({ role: 'dialer', local });
      end.ask('unary', 1);
      end.sent();
      return end;
    },
    (metadata, length = metadata.length) => frame(FRAME.ANSWER, 0, [u16(length), metadata, 5], METADATA),
  ],
  [
    'an ANSWER of a stream',
    (local) => {
      const end = alone({ role: 'dialer', local });
      end.ask('serverStream', 1);
      end.sent();
      return end;
    },
    (metadata, length = metadata.length) => frame(FRAME.ANSWER, 0, [u16(length), metadata], METADATA),
  ],
];

describe.each(CARRIERS)('the metadata of %s', (_, open, make) => {
  test('is taken up to the limit, and over it breaks the protocol', () => {
    for (const [metadata, limit] of [
      [{ a: 'x'.repeat(90) }, 95],
      [{}, 1],
      [{}, 0],
    ] as const) {
      const encoded = encodeMetadata(metadata, DEFAULT_LIMITS);
      for (const missing of [0, 1]) {
        if (limit < missing) continue;
        const end = open({ metadata: limit - missing });
        end.receive(make(encoded));
        const taken = encoded.length <= limit - missing;
        expect(end.closed.length).toBe(taken ? 0 : 1);
        if (!taken) expect(end.closed[0]?.message).toContain('(limit "metadata")');
      }
    }
  });

  test('that is none breaks the protocol', () => {
    for (const [why, metadata, length] of [
      ['no map', [0x90]],
      ['neither text nor bytes', [0x81, 0xa1, 0x61, 5]],
      ['nested deeper', [0x81, 0xa1, 0x61, 0x90 + 1, 0x90]],
      ['a key that is not a string', [0x81, 1, 0xa0]],
      ['__proto__', [0x81, 0xa9, ...Buffer.from('__proto__'), 0xa0]],
      ['not UTF-8', [0x81, 0xa1, 0x61, 0xa1, 0xff]],
      ['cut off', [0x81, 0xa1, 0x61]],
      ['more than its value', [0x80, 0x80]],
      ['metadata that holds', []],
      ['a frame too short', [0x80], 500],
    ] as const) {
      const end = open({});
      end.receive(make(Uint8Array.from(metadata), length));
      expect(end.closed[0]?.message, why).toContain(why);
      expect(end.sent().at(-1)).toMatchObject({ type: FRAME.GOAWAY, flags: 1 });
    }
  });

  test('without its length breaks the protocol', () => {
    const end = open({});
    const whole = make(new Uint8Array(0));
    const fields = whole.readUInt32BE(6) === 0xffff_ffff || whole[4] === FRAME.REQUEST ? 2 : 0;
    end.receive(frame(whole[4] as number, whole.readUInt32BE(6), [whole.subarray(10, 10 + fields), 0], METADATA));
    expect(end.closed[0]?.message).toContain('a frame too short');
  });
});

describe('the metadata of a request', () => {
  test('comes to the callee as it was given, whatever its kind', () => {
    const given = { text: 'é', bytes: new Uint8Array([1]) };
    const metadata = encodeMetadata(given, DEFAULT_LIMITS);
    for (const kind of KINDS) {
      for (const input of [1, bytes(5000)]) {
        const ends = new TwoEnds();
        const call = ends.near.ask(kind, input, { metadata });
        ends.run();
        const request = ends.far.request(call.id);
        expect({ ...request.metadata }).toEqual(given);
        if (request.inflow === undefined) expect(request.input).toEqual(input);
      }
    }
  });

  test('is undefined where none came', () => {
    const ends = new TwoEnds();
    ends.near.ask('duplex');
    ends.run();
    expect(ends.far.request(0).metadata).toBeUndefined();
  });

  test('over the limit, or too long for a frame, is not sent, and takes no slot', () => {
    for (const [limits, least] of [
      [{ metadata: 100 }, 101],
      [{ chunk: 1024 }, 1024 - 64 + 1],
    ] as const) {
      for (const kind of KINDS) {
        const end = alone({ role: 'dialer', remote: limits });
        const exact = (length: number): Uint8Array =>
          encodeMetadata({ a: bytes(length - (length < 200 ? 5 : 6)) }, DEFAULT_LIMITS);
        expect([exact(least).length, exact(least - 1).length]).toEqual([least, least - 1]);
        expect(() => end.ask(kind, 1, { metadata: exact(least) })).toThrow(
          expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', execution: 'not-sent' }),
        );
        expect(end.open).toEqual([0, 0]);
        expect(end.ask(kind, 1, { metadata: exact(least - 1) }).id).toBe(0);
      }
    }
  });

  test('as long as may be leaves room for the other fields and the first bytes of a long input', () => {
    const ends = new TwoEnds();
    const metadata = encodeMetadata({ a: bytes(1024 - 64 - 6) }, DEFAULT_LIMITS);
    expect(metadata).toHaveLength(1024 - 64);
    for (const input of ['short', 'x'.repeat(44), 'x'.repeat(300), bytes(47), bytes(48), bytes(5000)]) {
      const call = ends.near.ask('unary', input, { metadata, nesting: 9 });
      ends.run();
      const request = ends.far.request(call.id);
      expect([request.input, request.metadata?.['a']]).toEqual([input, bytes(1024 - 64 - 6)]);
    }
  });

  test('of a call that is turned away breaks the protocol as that of others does', () => {
    const end = alone({ local: { metadata: 10 } });
    end.connection.drain();
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(0), u16(11), new Uint8Array(11), 5], METADATA));
    expect(end.closed[0]?.message).toContain('(limit "metadata")');
  });
});

describe('a HEADER', () => {
  const header = (metadata: Uint8Array): Buffer => frame(FRAME.HEADER, 0, [metadata]);

  test('comes once, before all else', () => {
    for (const kind of KINDS) {
      const end = alone({ role: 'dialer' });
      const call = end.ask(kind, 1);
      end.receive(header(encodeMetadata({ a: 'b' }, DEFAULT_LIMITS)));
      if (call.inflow !== undefined) end.receive(itemsFrame(0, 1));
      end.receive(frame(FRAME.ANSWER, 0, call.inflow === undefined ? [5] : []));
      expect([call.outcome, end.closed]).toEqual(['answered', []]);
    }
  });

  test('over the limit breaks the protocol', () => {
    for (const [limit, closes] of [
      [5, 0],
      [4, 1],
    ] as const) {
      const end = alone({ role: 'dialer', local: { metadata: limit } });
      end.ask('unary', 1);
      end.receive(header(encodeMetadata({ a: 'b' }, DEFAULT_LIMITS)));
      expect(end.closed).toHaveLength(closes);
    }
  });
});

describe('the metadata of an answer', () => {
  test('is passed over, whether the answer is long or short', () => {
    const metadata = encodeMetadata({ a: 'b' }, DEFAULT_LIMITS);
    const fields = [u16(metadata.length), metadata];
    const end = alone({ role: 'dialer' });
    const calls = [end.ask('unary', 1), end.ask('unary', 1)];
    end.receive(
      frame(FRAME.ANSWER, 0, [...fields, 5], METADATA),
      frame(FRAME.ANSWER, 2, [...fields, u64(10), 1, 2], METADATA | MORE | RAW),
      frame(FRAME.CHUNK, 2, [3, 4, 5, 6, 7, 8, 9, 10]),
    );
    expect(calls.map(({ outcomes }) => outcomes)).toEqual([
      [{ value: 5 }],
      [{ value: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) }],
    ]);
  });
});

test('the code of an error is what its number says, and unknown where nobody has given it a name', () => {
  for (const code of [0, 1, 16, 17, -1, 1.5, '5', null, undefined]) {
    const end = alone({ role: 'dialer' });
    const call = end.ask('clientStream');
    end.receive(frame(FRAME.ERROR, 0, [packed({ code })]));
    expect(failure(call).code).toBe(codeFromNumber(code));
  }
});
