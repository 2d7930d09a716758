import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBody } from './body.ts';
import { inspect, Malformed } from './inspect.ts';
import { decodeItems } from './items.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PackedMap, PackedSet, pack, unpack } from './msgpack.ts';
import { NOT_PLAIN, readPlain } from './plain-reader.ts';

/** The body of an array of so many times the same, and of what else there is, which may make it not plain. */
function bodyOf(count: number, value: unknown, ...others: readonly unknown[]): Buffer {
  const head = Buffer.from([0xdd, 0, 0, 0, 0]);
  head.writeUInt32BE(count + others.length, 1);
  const one = Buffer.from(pack(value));
  return Buffer.concat([head, ...others.map((other) => pack(other)), Buffer.alloc(count * one.length, one)]);
}

/** The same for the reader of plain values, which leaves longer arrays to the other. */
function plainBodyOf(count: number, value: unknown): Buffer {
  return Buffer.concat([Buffer.from([0xdc, count >> 8, count & 0xff]), bodyOf(count, value).subarray(5)]);
}

const decode = (body: Buffer): unknown => decodeBody(body, 0, body.length, false, DEFAULT_LIMITS);
const withKeys = (...keys: readonly string[]): object => Object.fromEntries(keys.map((key) => [key, null]));

describe('objects whose keys have the engine make long arrays', () => {
  const REFUSED = /too many objects with keys like "320"/;

  test.each([
    ['320', 34_000],
    ['1023', 11_000],
    ['200', 55_000],
  ])('are refused where they are many: those with the key "%s"', (key, count) => {
    for (const value of [withKeys(key), withKeys('a', key), withKeys(key, '4000000'), [{ a: withKeys(key) }]]) {
      expect(() => decode(bodyOf(count, value))).toThrow(REFUSED);
    }
    expect(() => decode(bodyOf(count, withKeys(key)))).toThrow(Malformed);
  });

  test('are refused as plain values, too', () => {
    const plain = plainBodyOf(60_000, withKeys('1023'));
    expect(readPlain(plain, 0, plain.length, DEFAULT_LIMITS)).toBe(NOT_PLAIN);
    expect(() => decode(plain)).toThrow(REFUSED);
  });

  test('are refused also as keys of Maps, members of Sets and items, and where one key follows the other', () => {
    for (const value of [
      new PackedMap([withKeys('1023'), 1]),
      new PackedSet([withKeys('1023')]),
      withKeys('1023', '2000'),
    ]) {
      expect(() => decode(bodyOf(11_000, value))).toThrow(REFUSED);
    }
    const items = bodyOf(11_000, withKeys('1023'));
    expect(() => decodeItems(items, 0, items.length, DEFAULT_LIMITS)).toThrow(REFUSED);
    expect(() => decode(bodyOf(6000, withKeys('1023', '2000')))).toThrow(REFUSED);
  });

  test('after a refusal the next body is read as ever', () => {
    expect(() => decode(bodyOf(11_000, withKeys('1023')))).toThrow(REFUSED);
    expect(decode(Buffer.from(pack([withKeys('1023'), withKeys('320')])))).toEqual([withKeys('1023'), withKeys('320')]);
    expect(decode(Buffer.from(pack([withKeys('1023'), 1n])))).toEqual([withKeys('1023'), 1n]);
  });

  test('are what the count takes them for: those that are not counted take little memory', () => {
    const uncounted = memoryOf(
      ...['19', '1024', '3333', '9999', '0320', '65536', '3.5', '-320'].map((key) => withKeys(key)),
    );
    expect(uncounted).toBeLessThan(memoryOf(withKeys('1023')) / 20);
  });
});

/** What an object like these takes. */
function memoryOf(...objects: readonly object[]): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const body = bodyOf(1000, objects);
  gc();
  const before = process.memoryUsage().heapUsed;
  const read = decode(body) as unknown[];
  gc();
  const after = process.memoryUsage().heapUsed;
  expect(read).toHaveLength(1000);
  return (after - before) / 1000 / objects.length;
}

test.each([
  ['18,000 objects by status codes', 18_000, withKeys('200', '404', '503')],
  ['10,000 objects with keys of three digits', 10_000, withKeys('100', '250', '500', '999')],
  ['150,000 objects by years', 150_000, withKeys('2024', '2025')],
  ['190,000 objects by small numbers', 190_000, withKeys('7', '19')],
  ['15,000 objects by hours', 15_000, withKeys(...Array.from({ length: 24 }, (_, i) => `${i}`))],
  ['ten objects with 40,000 keys in turn', 10, withKeys(...Array.from({ length: 40_000 }, (_, i) => `${i}`))],
])('%s are taken', (_, count, object) => {
  const body = bodyOf(count, object);
  inspect(body, 0, body.length, DEFAULT_LIMITS);
});

test('objects with keys that are numbers, or look like some, are read as what they are in both ways', () => {
  const key = fc.oneof(
    fc.nat(40).map(String),
    fc.nat(5000).map(String),
    fc.nat(2 ** 32).map(String),
    fc.constantFrom('', '0', '00', '01', '-1', '1e3', ' 1', '1é', '€12', '/', ':', '12a', '4294967295', 'name'),
  );
  const object = fc.uniqueArray(fc.tuple(key, fc.nat(9)), { selector: ([name]) => name, maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(fc.array(object, { maxLength: 5 }), (several) => {
      // As they come, which is not the order that an object has them in.
      const bytes = Buffer.concat([
        Buffer.from([0x90 | several.length]),
        ...several.map((entries) =>
          Buffer.concat([Buffer.from([0xde, 0, entries.length]), ...entries.flat().map((part) => pack(part))]),
        ),
      ]);
      const expected = JSON.stringify(several.map((entries) => Object.fromEntries(entries)));
      expect(JSON.stringify(readPlain(bytes, 0, bytes.length, DEFAULT_LIMITS))).toBe(expected);
      inspect(bytes, 0, bytes.length, DEFAULT_LIMITS);
      expect(JSON.stringify(unpack(bytes, 0, bytes.length))).toBe(expected);
    }),
    { numRuns: 50 },
  );
});
