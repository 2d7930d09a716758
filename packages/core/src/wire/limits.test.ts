import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, DEFAULT_OWN_LIMITS, LIMIT_RANGES, limitsWith, type OwnLimits } from './limits.ts';

const NEVER_STATED = { queue: [65_536, 2 ** 53 - 1], reassembly: [1, 2 ** 24] } as const;
const RANGES: { readonly [K in keyof OwnLimits]: readonly [number, number] } = { ...LIMIT_RANGES, ...NEVER_STATED };
const NAMES = Object.keys(RANGES) as (keyof OwnLimits)[];

test('without any given they are the defaults', () => {
  expect(limitsWith()).toEqual({
    message: 16 * 1024 * 1024,
    bytes: 1024 * 1024 * 1024,
    chunk: 128 * 1024,
    calls: 1024,
    window: 256 * 1024,
    events: 256 * 1024,
    metadata: 16 * 1024,
    nesting: 64,
    depth: 64,
    values: 1_000_000,
    queue: 8 * 1024 * 1024,
    reassembly: 4,
  });
});

test('one that is given stands in the place of its default, and the others and the defaults stay', () => {
  const before = { ...DEFAULT_OWN_LIMITS };
  expect(limitsWith({ depth: 9 })).toEqual({ ...before, depth: 9 });
  expect(DEFAULT_OWN_LIMITS).toEqual(before);
  expect(DEFAULT_LIMITS.depth).toBe(before.depth);
});

test('every limit takes the least and the most of its range, and neither less nor more', () => {
  expect(NAMES).toEqual(Object.keys(DEFAULT_OWN_LIMITS));
  for (const name of NAMES) {
    const [least, most] = RANGES[name];
    expect(limitsWith({ [name]: least })[name]).toBe(least);
    expect(limitsWith({ [name]: most })[name]).toBe(most);
    for (const value of [least - 1, most + 1]) {
      expect(() => limitsWith({ [name]: value })).toThrow(
        new RangeError(`The limit "${name}" is ${value}; it must be a whole number from ${least} to ${most}.`),
      );
    }
  }
});

test('what is not a whole number is refused', () => {
  for (const value of [1500.5, Number.NaN, Number.POSITIVE_INFINITY, '2000', 2000n, null]) {
    expect(() => limitsWith({ chunk: value as number })).toThrow(RangeError);
  }
});

test('a name that is none is refused with those that are, also where every object has something of that name', () => {
  for (const name of ['chunks', 'constructor', 'toString', 'hasOwnProperty']) {
    expect(() => limitsWith({ [name]: 5000 })).toThrow(
      `There is no limit named "${name}". The limits are: message, bytes, chunk, calls,`,
    );
  }
});
