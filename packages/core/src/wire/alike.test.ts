import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAlike } from './alike.ts';
import { Malformed } from './inspect.ts';
import { decodeItems } from './items.ts';
import { DEFAULT_LIMITS, limitsWith } from './limits.ts';
import { pack } from './msgpack.ts';
import { NOT_PLAIN, readPlainItems } from './plain-reader.ts';

const key = fc.oneof(
  fc.constantFrom('id', 'name', '__proto__', '0', '17', 'constructor', '', '\u00e9', 'k'.repeat(31), 'k'.repeat(32)),
  fc.string({ maxLength: 4 }).map((text) => text.toWellFormed()),
);

const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    '',
    '\u20ac',
    'x'.repeat(12),
    'x'.repeat(13),
    'x'.repeat(255),
    0.5,
    127,
    128,
    65_536,
  ),
  fc.integer(),
  fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed()),
);

/** Some twenty items with the same keys, as a stream has them. */
const alike = fc
  .uniqueArray(key, { minLength: 1, maxLength: 5 })
  .chain((keys) => fc.array(fc.tuple(...keys.map((name) => fc.tuple(fc.constant(name), scalar))), itemCount))
  .map((items) => items.map((fields) => Object.fromEntries(fields as [string, unknown][])));

const itemCount = { minLength: 16, maxLength: 24 };

function bytesOf(items: readonly unknown[]): Buffer {
  return Buffer.from(pack(items));
}

function read(bytes: Buffer, limits = DEFAULT_LIMITS): unknown {
  return readAlike(bytes, 0, bytes.length, limits);
}

/** What the readers that know everything make of the bytes. */
function readWith(bytes: Buffer): unknown {
  const items = readPlainItems(bytes, 0, bytes.length, DEFAULT_LIMITS, DEFAULT_LIMITS.message);
  if (items !== NOT_PLAIN) return items;
  try {
    return decodeItems(bytes, 0, bytes.length, DEFAULT_LIMITS);
  } catch (error) {
    if (error instanceof Malformed) return NOT_PLAIN;
    throw error;
  }
}

describe('items that are alike', () => {
  test('are read as the others are, wherever they stand, with their keys in order', () => {
    fc.assert(
      fc.property(alike, fc.nat({ max: 20 }), (items, before) => {
        const bytes = bytesOf(items);
        const moved = Buffer.concat([Buffer.alloc(before, 0x82), bytes]);
        const found = readAlike(moved, before, moved.length, DEFAULT_LIMITS);
        if (found === NOT_PLAIN) return;
        expect(found).toStrictEqual(readWith(bytes));
        expect((found as object[]).map((item) => Object.keys(item))).toEqual(items.map((item) => Object.keys(item)));
      }),
    );
  });

  test('are read here, if they are as most are', () => {
    const items = Array.from({ length: 100 }, (_, id) => ({ id, name: `row ${id}`, ok: id % 2 === 0, note: null }));
    expect(read(bytesOf(items))).toStrictEqual(items);
  });

  test('that are cut, or changed at any place, are read as the others are, or left to them', () => {
    fc.assert(
      fc.property(alike, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (items, place, byte, cut) => {
        const whole = bytesOf(items);
        const at = place % whole.length;
        const bytes = cut ? whole.subarray(0, at) : whole;
        if (!cut) bytes[at] = byte;
        const found = read(bytes);
        if (found !== NOT_PLAIN) expect(found).toStrictEqual(readWith(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test('over a limit are left to those who can say so', () => {
    const items = Array.from({ length: 16 }, (_, id) => Object.fromEntries([...'abcdefgh'].map((name) => [name, id])));
    expect(read(bytesOf(items), limitsWith({ values: 17 }))).toStrictEqual(items);
    expect(read(bytesOf(items), limitsWith({ values: 16 }))).toBe(NOT_PLAIN);
    const long = items.map((item, i) =>
      i === 15
        ? {
            ...item,
            h: 'x'.repeat(250),
            g: 'x'.repeat(250),
            f: 'x'.repeat(250),
            e: 'x'.repeat(250),
            d: 'x'.repeat(250),
          }
        : item,
    );
    expect(read(bytesOf(long))).toStrictEqual(long);
    expect(read(bytesOf(long), limitsWith({ message: 1024 }))).toBe(NOT_PLAIN);
  });

  test('keep nothing of their frame', () => {
    // A piece of a text that is longer than twelve characters may hold all of it.
    const texts: string[] = [];
    const items = Array.from({ length: 4000 }, (_, id) => ({ id, name: `name ${id}`, longer: `a long name ${id}` }));
    const bytes = bytesOf(items);
    const before = heapUsed();
    for (let i = 0; i < 400; i++) {
      const { name, longer } = (read(bytes) as typeof items)[i] as (typeof items)[number];
      texts.push(name, longer);
    }
    // All frames are 80 MB.
    expect(heapUsed() - before).toBeLessThan(10_000_000);
    expect(texts.slice(-2)).toEqual(['name 399', 'a long name 399']);
  });
});

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
