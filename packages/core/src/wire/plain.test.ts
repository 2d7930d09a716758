import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspect, Malformed } from './inspect.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { pack, unpack } from './msgpack.ts';
import { NOT_PLAIN, readPlain, readPlainItems } from './plain-reader.ts';
import { writePlain } from './plain-writer.ts';
import { portable } from './portable.ts';

type Within = Pick<Limits, 'depth' | 'values'>;

/** What the short way writes, or undefined where it leaves the value to the long way. */
function plainly(value: unknown, within: Within = DEFAULT_LIMITS, room = 100_000): Buffer | undefined {
  const into = Buffer.alloc(room + 10, 0xee);
  const end = writePlain(into, 3, 3 + room, value, within);
  expect(into.subarray(0, 3).equals(Buffer.alloc(3, 0xee))).toBe(true);
  // What did not fit may have been begun, but nothing is written behind the room.
  expect(into.subarray(3 + room).equals(Buffer.alloc(7, 0xee))).toBe(true);
  return end < 0 ? undefined : into.subarray(3, end);
}

/** What the long way writes, or undefined where it refuses the value. */
function properly(value: unknown, within: Within = DEFAULT_LIMITS): Buffer | undefined {
  try {
    return Buffer.from(pack(portable(value, within)));
  } catch {
    return undefined;
  }
}

/** What the long way reads, or 'malformed'. */
function readProperly(bytes: Buffer, from: number, to: number, within: Within): unknown {
  try {
    inspect(bytes, from, to, within);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return 'malformed';
  }
  return { value: unpack(bytes, from, to) };
}

function expectSame(actual: unknown, expected: unknown): void {
  // Other than toStrictEqual this takes no key for what objects inherit.
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected);
  expect(isDeepStrictEqual(actual, expected)).toBe(true);
}

/** Sees to it that the two wrote the same. The short way may write the length of a text in more bytes than need be. */
function expectSameBytes(short: Buffer, long: Buffer | undefined): void {
  if (long?.equals(short)) return;
  expect(long).toBeDefined();
  expectSame(unpack(short, 0, short.length), unpack(long as Buffer, 0, long?.length ?? 0));
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 70, size: 'max' }),
  fc.string({ maxLength: 8 }),
  fc.integer({ min: 0, max: 300 }).map((length) => 'x'.repeat(length)),
  fc.constantFrom('', '\ud800', 'a\udc00', '\u{1f600}', '__proto__', 'constructor', 'é'.repeat(40)),
);

const anyNumber = fc.oneof(
  fc.integer({ min: -200, max: 300 }),
  fc.integer({ min: -40_000, max: 70_000 }),
  fc.double(),
  fc.constantFrom(-0, 2 ** 31, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 0.1, Number.NaN),
);

/** Mostly plain, and what is not here and there. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    { weight: 4, arbitrary: anyNumber },
    { weight: 4, arbitrary: anyText },
    { weight: 3, arbitrary: fc.constantFrom(null, undefined, true, false) },
    { weight: 1, arbitrary: fc.constantFrom(5n, new Date(0), new Map(), new Set([1]), Uint8Array.of(1), () => 1) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        new Array(2),
        Object.create(null),
        new (class A {
          x = 1;
        })(),
        Symbol('s'),
      ),
    },
    { weight: 4, arbitrary: fc.array(tie('value'), { maxLength: 20 }) },
    {
      weight: 4,
      arbitrary: fc
        .array(fc.tuple(anyText, tie('value')), { maxLength: 20 })
        .map((entries) => Object.fromEntries(entries)),
    },
  ),
}));

const anyWithin = fc.oneof(
  fc.constant(DEFAULT_LIMITS),
  fc.record({ depth: fc.integer({ min: 1, max: 4 }), values: fc.integer({ min: 1, max: 20 }) }),
);

test.each([0, 1, 14, 15, 16, 17, 300])(
  '%i fields, some of them long, are written as the long way writes them',
  (count) => {
    const value = Object.fromEntries(Array.from({ length: count }, (_, i) => [`key ${i}`, i % 3 ? i : 'x'.repeat(i)]));
    const short = plainly({ before: 1, value, after: [value] });
    expect(short?.equals(properly({ before: 1, value, after: [value] }) as Buffer)).toBe(true);
  },
);

test('what the program adds to all objects is no field of them', () => {
  const fields = Object.prototype as Record<string, unknown>;
  fields['added'] = 1;
  try {
    expect(plainly({ own: 1 })).toBeUndefined();
    expect(unpack(properly({ own: 1 }) as Buffer, 0, 6)).toHaveProperty('own', 1);
  } finally {
    delete fields['added'];
  }
});

describe('the short way to write', () => {
  test('writes the same as the long one, or nothing, whatever the value and the limits', () => {
    fc.assert(
      fc.property(anyValue, anyWithin, (value, within) => {
        const short = plainly(value, within);
        if (short !== undefined) expectSameBytes(short, properly(value, within));
      }),
      { numRuns: 2000 },
    );
  });

  test('writes what most messages are made of', () => {
    for (const value of [null, undefined, true, 0, -5, 1.5, '', 'text', [], {}, [1, ['a']], { a: { b: [null] } }]) {
      expect(plainly(value)?.toString('hex'), JSON.stringify(value)).toBe(properly(value)?.toString('hex'));
    }
    for (const length of [15, 16, 17, 255, 256, 65_535]) {
      const list = new Array(length).fill(0);
      expect(plainly(list)?.equals(properly(list) as Buffer), `${length}`).toBe(true);
    }
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key ${i}`, i]));
    expect(plainly(wide)?.equals(properly(wide) as Buffer)).toBe(true);
  });

  test('writes up to a limit, and not beyond it', () => {
    expect(plainly([[1]], { depth: 2, values: 3 })).toBeDefined();
    expect(plainly([[1]], { depth: 1, values: 3 })).toBeUndefined();
    expect(plainly([[1]], { depth: 2, values: 2 })).toBeUndefined();
    expect(plainly({ a: 1 }, { depth: 1, values: 3 })).toBeDefined();
    expect(plainly({ a: 1 }, { depth: 1, values: 2 })).toBeUndefined();
  });

  test('writes nothing behind its room, whatever the value', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(60), (value, room) => {
        const short = plainly(value, DEFAULT_LIMITS, room);
        if (short !== undefined) {
          expect(short.length).toBeLessThanOrEqual(room);
          expectSameBytes(short, properly(value));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('ends in a circle', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(plainly(circle)).toBeUndefined();
  });

  test('counts each of two values that are written within each other by itself', () => {
    const within = { depth: 4, values: 6 };
    let inner: Buffer | undefined;
    const value = {
      get a(): number[] {
        inner = plainly([1, 2, 3, 4, 5], within);
        return [1];
      },
      b: 1,
    };
    expect(plainly(value, within)).toEqual(properly({ a: [1], b: 1 }));
    expect(inner).toEqual(properly([1, 2, 3, 4, 5]));
    expect(plainly({ ...value, c: 1 }, within)).toBeUndefined();
  });
});

/** Bytes of a value, and such with a few of them changed. */
const anyBytes = fc.oneof(
  anyValue.map((value) => properly(value) ?? Buffer.of(0xc0)),
  fc
    .tuple(
      anyValue.map((value) => properly(value) ?? Buffer.of(0xc0)),
      fc.array(fc.tuple(fc.nat(200), fc.oneof(fc.nat(255), fc.constantFrom(0xc1, 0xd4, 0xdc, 0xde, 0xdd, 0xca))), {
        maxLength: 3,
      }),
    )
    .map(([bytes, changes]) => {
      const changed = Buffer.from(bytes);
      for (const [at, byte] of changes) changed[at % changed.length] = byte;
      return changed;
    }),
  fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
);

describe('the short way to read', () => {
  test('reads what the long one reads, or nothing, whatever the bytes and the limits', () => {
    fc.assert(
      fc.property(anyBytes, anyWithin, fc.nat(3), (bytes, within, cut) => {
        const around = Buffer.concat([Buffer.of(0x93), bytes, Buffer.of(1, 2, 3)]);
        const to = Math.max(1, 1 + bytes.length - cut);
        const short = readPlain(around, 1, to, within);
        if (short !== NOT_PLAIN) expectSame({ value: short }, readProperly(around, 1, to, within));
      }),
      { numRuns: 3000 },
    );
  });

  test('reads what the short way writes, where its keys are short and plain', () => {
    for (const value of [null, undefined, -5, -300, 70_000, -70_000, 2 ** 31, 1.5, -0, 'x'.repeat(300), 'é', '']) {
      for (const whole of [value, [value], { a: value }, { ['k'.repeat(50)]: [value, value] }]) {
        const bytes = plainly(whole) as Buffer;
        expectSame(readPlain(bytes, 0, bytes.length, DEFAULT_LIMITS), whole);
      }
    }
  });

  test('reads items each within the limits for itself, or none of them', () => {
    fc.assert(
      fc.property(
        fc.array(anyBytes, { maxLength: 5 }),
        anyWithin,
        fc.integer({ min: 1, max: 80 }),
        (items, within, most) => {
          const bytes = Buffer.concat([Buffer.of(0x90 | items.length), ...items]);
          const short = readPlainItems(bytes, 0, bytes.length, within, most);
          if (short === NOT_PLAIN) return;
          expect(() => inspect(bytes, 0, bytes.length, within, most)).not.toThrow();
          expectSame(short, unpack(bytes, 0, bytes.length));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('reads up to a limit, and not beyond it', () => {
    const reads = (value: unknown, within: Within): boolean => {
      const bytes = properly(value) as Buffer;
      return readPlain(bytes, 0, bytes.length, within) !== NOT_PLAIN;
    };
    for (const value of [[[1]], [{}], { a: {} }, { a: [] }]) {
      expect(reads(value, { depth: 2, values: 3 }), JSON.stringify(value)).toBe(true);
      expect(reads(value, { depth: 1, values: 3 }), JSON.stringify(value)).toBe(false);
    }
    expect([reads([1, 2], { depth: 1, values: 3 }), reads([1, 2], { depth: 1, values: 2 })]).toEqual([true, false]);
    expect([reads({ a: 1 }, { depth: 1, values: 3 }), reads({ a: 1 }, { depth: 1, values: 2 })]).toEqual([true, false]);
    const items = properly(new Array(10).fill([1, 2])) as Buffer;
    expect(readPlainItems(items, 0, items.length, { depth: 1, values: 3 }, 3)).toHaveLength(10);
    expect(readPlainItems(items, 0, items.length, { depth: 1, values: 3 }, 2)).toBe(NOT_PLAIN);
    expect(readPlainItems(items, 0, items.length, { depth: 1, values: 2 }, 3)).toBe(NOT_PLAIN);
  });

  test('shares no memory with the bytes, and takes keys for no others, however often they come', () => {
    const texts = ['ab', 'ba', 'abc', 'acb', 'a b', 'constructor', 'x'.repeat(24), 'x'.repeat(25), 'é', 'è', ''];
    for (let round = 0; round < 3; round++) {
      for (const key of texts) {
        const bytes = Buffer.from(properly({ [key]: key }) as Buffer);
        const read = readPlain(bytes, 0, bytes.length, DEFAULT_LIMITS);
        bytes.fill(0x61);
        expect(read).toStrictEqual({ [key]: key });
      }
    }
  });

  test('takes keys for no others, whatever they are', () => {
    // Few letters, so that many of them fall on the same place.
    const anyKey = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é'), maxLength: 9 });
    fc.assert(
      fc.property(fc.array(anyKey, { maxLength: 30 }), (keys) => {
        for (const key of keys) {
          const bytes = properly({ [key]: 1 }) as Buffer;
          expect(Object.keys(readPlain(bytes, 0, bytes.length, DEFAULT_LIMITS) as object)).toEqual([key]);
        }
      }),
    );
  });

  test('takes no key for the beginning of one that came before, or for one that begins with it', () => {
    // So many that some of them fall on the same place.
    fc.assert(
      fc.property(fc.string({ minLength: 24, maxLength: 24, unit: 'grapheme-ascii' }), (long) => {
        for (let length = 1; length < 24; length++) {
          for (const key of [long, long.slice(0, length), long]) {
            const bytes = properly({ [key]: 1 }) as Buffer;
            const read = readPlain(bytes, 0, bytes.length, DEFAULT_LIMITS);
            if (Object.keys(read as object)[0] !== key) expect(read).toEqual({ [key]: 1 });
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('leaves to the long way what it does not know, and what it is to refuse', () => {
    for (const bytes of [
      [0xc1],
      [0xca, 0, 0, 0, 0],
      [0xcf, 0, 0, 0, 0, 0, 0, 0, 1],
      [0xc4, 1, 7],
      [0xd4, 1, 0],
      [0xd4, 0, 1],
      [0xd6, 0xff, 0, 0, 0, 0],
      [0x81, 5, 5],
      [0x81, 0xa9, ...Buffer.from('__proto__'), 5],
      [0x91],
      [0x91, 1, 1],
      [0xa2, 0x61],
      [0xa1, 0xff],
      [0x81, 0xa1, 0xff, 1],
      [0xdc, 0xff, 0xff, 1],
      [0xde, 0xff, 0xff, 1],
      [0xdd, 0xff, 0xff, 0xff, 0xff],
      [],
    ]) {
      const around = Buffer.from([...bytes, 0xc0, 0xc0]);
      expect(readPlain(around, 0, bytes.length, DEFAULT_LIMITS), JSON.stringify(bytes)).toBe(NOT_PLAIN);
    }
  });
});
