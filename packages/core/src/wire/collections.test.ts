import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBody } from './body.ts';
import { hashOf } from './collections.ts';
import { Malformed } from './inspect.ts';
import { decodeItems } from './items.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PackedMap, PackedSet, pack } from './msgpack.ts';

/** The first so many of these that end up in one bucket of the engine's table. */
function colliding<T>(count: number, nth: (i: number) => T): T[] {
  const found: T[] = [];
  for (let i = 1; found.length < count; i++) if (hashOf(nth(i)) % count === 0) found.push(nth(i));
  return found;
}

const COUNT = 2048;
const ATTACKS: readonly (readonly [what: string, members: readonly unknown[]])[] = [
  ['integers', colliding(COUNT, (i) => i)],
  ['integers below zero', colliding(COUNT, (i) => -i)],
  ['fractions', colliding(COUNT, (i) => i + 0.5)],
  ['BigInts', colliding(COUNT, (i) => -BigInt(i))],
  ['BigInts that differ above their low 64 bits', Array.from({ length: COUNT }, (_, i) => (BigInt(i) << 64n) | 5n)],
];

function decode(value: unknown): unknown {
  const body = Buffer.from(pack(value));
  return decodeBody(body, 0, body.length, false, DEFAULT_LIMITS);
}

const entriesOf = (keys: readonly unknown[]): unknown[] => keys.flatMap((key) => [key, 0]);

describe.each(ATTACKS)('%s that were chosen to collide', (_, members) => {
  test('are refused as members and as keys, alone and among others', () => {
    const refused = /chosen to collide/;
    expect(() => decode(new PackedSet(members))).toThrow(refused);
    expect(() => decode(new PackedSet(members))).toThrow(Malformed);
    expect(() => decode(new PackedMap(entriesOf(members)))).toThrow(refused);
    expect(() => decode({ a: [1n, new PackedSet(members)] })).toThrow(refused);
    const items = Buffer.from(pack([1n, new PackedSet(members)]));
    expect(() => decodeItems(items, 0, items.length, DEFAULT_LIMITS)).toThrow(refused);
  });

  test('are refused also behind many that are equal, and among texts', () => {
    const equal = new Array<unknown>(5 * COUNT).fill(7n);
    expect(() => decode(new PackedSet([...equal, ...members]))).toThrow(/chosen to collide/);
    expect(() => decode(new PackedSet(members.flatMap((member, i) => [`${i}`, member])))).toThrow(/chosen to collide/);
  });

  test('are refused also in many small Sets', () => {
    const sets = Array.from({ length: 100 }, () => new PackedSet(members.slice(0, 300)));
    expect(() => decode(sets)).toThrow(/chosen to collide/);
  });

  test('would take this engine long', () => {
    const fine = members.map((_, i) => (typeof members[0] === 'bigint' ? BigInt(i) : i + 0.5));
    const time = (values: readonly unknown[]): number => {
      const start = performance.now();
      new Set(values);
      return performance.now() - start;
    };
    const least = (values: readonly unknown[]): number => Math.min(...Array.from({ length: 5 }, () => time(values)));
    expect(least(members)).toBeGreaterThan(5 * least(fine));
  });
});

test('after a refusal the next body is read as ever', () => {
  expect(() => decode(new PackedSet(ATTACKS[0]?.[1] ?? []))).toThrow(Malformed);
  expect(decode([new PackedSet([1, 2]), 3n])).toEqual([new Set([1, 2]), 3n]);
});

test('Maps and Sets of whatever comes are what they would be without a look', () => {
  const member = fc.oneof(fc.integer(), fc.double(), fc.bigInt(), fc.string(), fc.constantFrom(-0, 0, 1, 1n, null));
  fc.assert(
    fc.property(fc.array(member, { maxLength: 300, size: 'max' }), (members) => {
      expect(decode(new PackedSet(members))).toEqual(new Set(members));
      const keys = members.map((key, i) => [key, i] as const);
      expect(decode(new PackedMap(keys.flat()))).toEqual(new Map(keys));
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['integers', (i: number) => i],
  ['multiples of a power of two', (i: number) => i * 65_536],
  ['fractions', (i: number) => i / 10],
  ['times', (i: number) => 1.7e12 + i * 3_600_000],
  ['BigInts', (i: number) => BigInt(i) * 1_000_000_007n],
  ['times in nanoseconds', (i: number) => 1_700_000_000_000_000_000n + BigInt(i) * 1_000_000_000n],
])('a Set of 20,000 %s is taken', (_, nth) => {
  const members = Array.from({ length: 20_000 }, (__, i) => nth(i));
  expect((decode(new PackedSet(members)) as Set<unknown>).size).toBe(20_000);
});

test('300 BigInts that are the same in their low 64 bits are taken', () => {
  const members = Array.from({ length: 300 }, (_, i) => BigInt(i) << 64n);
  expect(decode(new PackedSet(members))).toEqual(new Set(members));
});
