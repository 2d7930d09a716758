import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { FrameWriter } from './frame-writer.ts';
import { Malformed } from './inspect.ts';
import { Batch, countItems, decodeItems, encodeItem } from './items.ts';
import { DEFAULT_LIMITS, limitsWith } from './limits.ts';

/** Any value, in the form in which it arrives. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(null, true, undefined, -0, Number.NaN, 2 ** 32, 2n ** 70n, '', '\u{1f600}', 'x'.repeat(70)),
    fc.oneof(fc.integer(), fc.double(), fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n })),
    fc.string({ unit: 'binary', maxLength: 80, size: 'max' }).map((text) => text.toWellFormed()),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 5 }), tie('value'), { maxKeys: 4 }).map((object) => {
      const { __proto__: _, ...rest } = object;
      return { ...rest };
    }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 4 }).map((members) => new Set(members)),
  ),
}));

/** Any item that shares a frame with others: bytes have one of their own. */
const anyItem = anyValue.map((value) => (value instanceof Uint8Array ? { value } : value));

/** Adds an item in the way in which a stream does. */
function add(batch: Batch, item: unknown, room = Number.POSITIVE_INFINITY): boolean {
  return batch.addPlain(item, room, DEFAULT_LIMITS) || batch.addBody(encodeItem(item, DEFAULT_LIMITS), room);
}

/** The payload of the frame that the batch is written into. */
function payloadOf(batch: Batch): Buffer {
  const writer = new FrameWriter();
  const { size } = batch;
  writer.begin(0x15, 0, 2, size);
  batch.writeTo(writer);
  writer.end();
  let payload: Buffer | undefined;
  const decoder = new FrameDecoder(2 ** 24, {
    frame: (_type, _flags, _call, bytes, start, end) => {
      payload = Buffer.from(bytes.subarray(start, end));
    },
  });
  for (let piece = writer.take(); piece !== undefined; piece = writer.take()) decoder.push(Buffer.from(piece));
  if (payload === undefined) throw new Error('There was no frame.');
  expect(payload.length).toBeLessThanOrEqual(size);
  return payload;
}

function decode(payload: Buffer, limits = DEFAULT_LIMITS): unknown[] {
  return decodeItems(payload, 0, payload.length, limits);
}

describe('a batch', () => {
  test('of any items comes back as those items, and is empty again', () => {
    fc.assert(
      fc.property(fc.array(anyItem, { minLength: 1, maxLength: 40, size: 'max' }), (items) => {
        const batch = new Batch();
        for (const item of items) expect(add(batch, item)).toBe(true);
        expect(batch.count).toBe(items.length);
        const payload = payloadOf(batch);
        expect([batch.count, batch.size, batch.full]).toEqual([0, 0, false]);
        expect(countItems(payload, 0, payload.length)).toBe(items.length);
        expect(decode(payload)).toEqual(items);
      }),
      { numRuns: 300 },
    );
  });

  test.each([1, 15, 16, 255, 256, 30_000])('of %i items says how many they are', (count) => {
    const batch = new Batch();
    for (let i = 0; i < count; i++) expect(add(batch, i % 100)).toBe(true);
    const payload = payloadOf(batch);
    expect(countItems(payload, 0, payload.length)).toBe(count);
    expect(decode(payload)).toEqual(Array.from({ length: count }, (_, i) => i % 100));
  });

  test('takes no item for which there is no room, and is then as it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ maxLength: 90, size: 'max' }), fc.nat(), fc.array(fc.nat(), { maxLength: 20 })), {
          maxLength: 20,
        }),
        fc.integer({ min: 0, max: 300 }),
        (items, room) => {
          const batch = new Batch();
          const taken: unknown[] = [];
          for (const item of items) {
            const before = [batch.count, batch.size];
            if (add(batch, item, room)) taken.push(item);
            else expect([batch.count, batch.size]).toEqual(before);
            expect(batch.size).toBeLessThanOrEqual(room);
          }
          if (taken.length > 0) expect(decode(payloadOf(batch))).toEqual(taken);
        },
      ),
    );
  });

  test('writes plain items itself, and leaves all else to be encoded', () => {
    const batch = new Batch();
    const plain = ['é'.repeat(63), 5, -0, null, undefined, true, ['x', [1]], { a: { b: 'c' } }];
    for (const item of plain) expect(batch.addPlain(item, 1000, DEFAULT_LIMITS)).toBe(true);
    for (const item of [5n, Uint8Array.of(1), new Date(0), new Map(), [new Set()], { a: 5n }, 'x'.repeat(30_000)]) {
      expect(batch.addPlain(item, 40_000, DEFAULT_LIMITS)).toBe(false);
    }
    expect(decode(payloadOf(batch))).toEqual(plain);
  });

  test('leaves to the encoder what it is to refuse', () => {
    const batch = new Batch();
    const limits = limitsWith({ message: 1024, depth: 2, values: 16 });
    for (const item of ['\ud800', () => 1, { a: Symbol('s') }, [[[1]]], new Array(16).fill(1), 'x'.repeat(1025)]) {
      expect(batch.addPlain(item, 10_000, limits)).toBe(false);
      expect(() => encodeItem(item, limits)).toThrow(RpcError);
    }
    expect([batch.count, batch.size]).toEqual([0, 0]);
  });

  test('is as it was before an item that throws when it is read', () => {
    const batch = new Batch();
    batch.addPlain('before', 1000, DEFAULT_LIMITS);
    const item = {
      first: 'x',
      get second(): never {
        throw new Error('no such luck');
      },
    };
    expect(() => batch.addPlain(item, 1000, DEFAULT_LIMITS)).toThrow('no such luck');
    batch.addPlain('behind', 1000, DEFAULT_LIMITS);
    expect(decode(payloadOf(batch))).toEqual(['before', 'behind']);
  });

  test('is full when it holds so much that more in a frame is no use', () => {
    const batch = new Batch();
    while (!batch.full) expect(add(batch, 'x'.repeat(1000))).toBe(true);
    expect(batch.size).toBeGreaterThanOrEqual(32_768);
    expect(batch.size).toBeLessThan(34_000);
  });

  test('that is cleared holds nothing, and its memory serves another', () => {
    const one = new Batch();
    add(one, 'mine');
    one.clear();
    one.clear();
    expect([one.count, one.size, one.full]).toEqual([0, 0, false]);
    const others = [new Batch(), new Batch()];
    for (const [i, batch] of others.entries()) add(batch, `item ${i}`);
    add(one, 'again');
    expect(others.map((batch) => decode(payloadOf(batch)))).toEqual([['item 0'], ['item 1']]);
    expect(decode(payloadOf(one))).toEqual(['again']);
  });

  test('keeps an item as it was when it was added', () => {
    const batch = new Batch();
    const bytes = Uint8Array.of(1, 2, 3);
    const object = { bytes };
    add(batch, object);
    bytes.fill(9);
    expect(decode(payloadOf(batch))).toEqual([{ bytes: Uint8Array.of(1, 2, 3) }]);
  });
});

describe('items that come', () => {
  test.each([
    ['nothing', []],
    ['an empty array', [0x90]],
    ['an empty array of another form', [0xdc, 0, 0]],
    ['an empty array of the longest form', [0xdd, 0, 0, 0, 0]],
    ['no array', [5]],
    ['a map', [0x81, 0xa1, 0x6b, 1]],
    ['fewer than they claim', [0x93, 1, 2]],
    ['more than they claim', [0x91, 1, 2]],
    ['far fewer than they claim', [0xdd, 0xff, 0xff, 0xff, 0xff, 1]],
    ['one that is malformed', [0x92, 1, 0xc1]],
    ['one that is cut off', [0x92, 1, 0xa5, 0x61]],
    ['a length that is cut off', [0xdc, 0]],
  ])('are malformed where they are %s', (_what, bytes) => {
    expect(() => decode(Buffer.from(bytes))).toThrow(Malformed);
  });

  test('are read wherever they lie, and share no memory with the frame', () => {
    const bytes = Buffer.from([0xaa, 0x92, 0xc4, 1, 7, 0xa1, 0x78, 0xbb]);
    const items = decodeItems(bytes, 1, 7, DEFAULT_LIMITS);
    bytes.fill(0xee);
    expect(items).toEqual([Uint8Array.of(7), 'x']);
  });

  test.each([
    ['plain', 8],
    ['of a kind that is read otherwise', 8n],
  ])('are each within the limits for itself, however many they are, where they are %s', (_what, last) => {
    const limits = limitsWith({ depth: 2, values: 16 });
    // Ten values each, 300 in all, two levels deep.
    const item = [1, 2, 3, [4, 5, 6, 7], last];
    const batch = new Batch();
    for (let i = 0; i < 30; i++) add(batch, item);
    expect(decode(payloadOf(batch), limits)).toEqual(new Array(30).fill(item));
  });

  test.each([
    ['nested too deep', [[[1]]]],
    ['of too many values', new Array(16).fill(1)],
    ['too long', 'x'.repeat(1025)],
    ['nested too deep, in a Map', new Map([[1, [[1]]]])],
    ['too long, in a list with a Map', ['x'.repeat(1020), new Map()]],
  ])('are refused where one is %s', (_what, item) => {
    const limits = limitsWith({ message: 1024, depth: 2, values: 16 });
    for (const items of [[item], [1, item], [item, 1]]) {
      const batch = new Batch();
      for (const each of items) add(batch, each);
      expect(() => decode(payloadOf(batch), limits)).toThrow(Malformed);
    }
  });

  test('are counted by what they claim, also where that is not true, and as one where they are none', () => {
    for (const [bytes, count] of [
      [[0x90], 0],
      [[0x9f], 15],
      [[0xdc, 1, 2], 258],
      [[0xdd, 0xff, 0xff, 0xff, 0xff], 0xffff_ffff],
      [[], 1],
      [[5], 1],
      [[0xdc, 1], 1],
      [[0xdd, 1, 2, 3], 1],
    ] as const) {
      const around = Uint8Array.from([0xdc, ...bytes, 0xff, 0xff, 0xff, 0xff]);
      expect(countItems(around, 1, 1 + bytes.length), JSON.stringify(bytes)).toBe(count);
    }
  });
});

test('an item that is undefined has bytes, other than a message', () => {
  expect(encodeItem(undefined, DEFAULT_LIMITS)).toHaveLength(3);
  const batch = new Batch();
  for (const item of [undefined, 1, undefined]) add(batch, item);
  expect(decode(payloadOf(batch))).toEqual([undefined, 1, undefined]);
});

test('an item over a limit of the receiver’s, or that cannot be encoded, is not sent', () => {
  const limits = limitsWith({ message: 1024, bytes: 1024, depth: 2, values: 16 });
  for (const [item, code] of [
    ['x'.repeat(1025), 'RESOURCE_EXHAUSTED'],
    [new Uint8Array(1025), 'RESOURCE_EXHAUSTED'],
    [[[[1]]], 'RESOURCE_EXHAUSTED'],
    [new Array(16).fill(0), 'RESOURCE_EXHAUSTED'],
    [() => 1, 'INVALID_ARGUMENT'],
  ] as const) {
    expect(() => encodeItem(item, limits)).toThrow(expect.objectContaining({ code, execution: 'not-sent' }));
  }
});
