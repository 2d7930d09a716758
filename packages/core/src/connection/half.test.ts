import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HALF, HALVES, type Half, next, STEP, type Step } from './half.ts';

/** A letter for each step, so that a life of a half is a word. */
const LETTERS: readonly (readonly [letter: string, step: Step])[] = [
  ['P', STEP.PART],
  ['p', STEP['PART+']],
  ['c', STEP.CHUNK],
  ['d', STEP['CHUNK+']],
  ['F', STEP.FINAL],
  ['f', STEP['FINAL+']],
  ['A', STEP.ABORT],
];

const ITEMS = '(?:P|pd*c)*';
/** Items, whole or in chunks, then the last message, whole or in chunks, or an end at any point. */
const WHOLE_LIFE = new RegExp(`^${ITEMS}(?:F|fd*c|(?:pd*|fd*)?A)$`);
const BEGUN: readonly (readonly [half: Half, life: RegExp])[] = [
  [HALF.OPEN, new RegExp(`^${ITEMS}$`)],
  [HALF.ITEM, new RegExp(`^${ITEMS}pd*$`)],
  [HALF.FINAL, new RegExp(`^${ITEMS}fd*$`)],
  [HALF.CLOSED, WHOLE_LIFE],
];

/** Where the steps lead from a new half, or undefined where one of them may not be taken. */
function after(word: readonly (readonly [string, Step])[]): Half | undefined {
  let half: Half | undefined = HALF.OPEN;
  for (const [, step] of word) {
    if (half === undefined) return undefined;
    half = next(half, step);
  }
  return half;
}

test('the table allows the lives that the words for them allow, and no others', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...LETTERS), { maxLength: 12 }), (steps) => {
      // Steps that may not be taken are left out, so that long lives come up.
      const taken: (readonly [string, Step])[] = [];
      for (const step of steps) {
        const word = [...taken, step];
        const half = after(word);
        const text = word.map(([letter]) => letter).join('');
        expect(BEGUN.find(([, life]) => life.test(text))?.[0], text).toBe(half);
        if (half !== undefined) taken.push(step);
      }
    }),
    { numRuns: 400 },
  );
});

test('every half that is not closed is closed by an abort', () => {
  for (const half of [HALF.OPEN, HALF.ITEM, HALF.FINAL]) expect(next(half, STEP.ABORT)).toBe(HALF.CLOSED);
});

test('a closed half takes nothing', () => {
  for (const [, step] of LETTERS) expect(next(HALF.CLOSED, step)).toBeUndefined();
});

test('the table has a row for each half and a field for each step', () => {
  expect(HALVES).toHaveLength(Object.keys(HALF).length);
  for (const row of HALVES) expect(row).toHaveLength(Object.keys(STEP).length);
  expect(LETTERS.map(([, step]) => step)).toEqual(Object.values(STEP));
});
