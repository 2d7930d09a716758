import type { Random } from '../sim/random.ts';

/** One of them, where there are any. */
export function pick<T>(random: Random, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : random.pick(list);
}

const LONG_TEXT = 'text '.repeat(800);

/** What a user may send. */
export function someValue(random: Random): unknown {
  switch (random.below(8)) {
    case 0:
      return undefined;
    case 1:
      return LONG_TEXT.slice(0, random.below(4000));
    case 2:
      return new Uint8Array(random.below(4000));
    case 3:
      return new Map([[1, new Set([random.below(9)])]]);
    case 4:
      return { a: [1, 'b', null], n: -0 };
    default:
      return 'hello world';
  }
}
