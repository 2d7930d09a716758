import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

test('a slot is given to one item at a time, and numbers stay below the most that were ever taken at once', () => {
  const anyStep = fc.oneof(fc.constant('add' as const), fc.nat(12));
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 100, size: 'max' }), (steps) => {
      const slots = new Slots<object>();
      const taken = new Map<number, object>();
      let most = 0;
      for (const step of steps) {
        if (step === 'add') {
          const item = {};
          const slot = slots.add(item);
          if (taken.has(slot)) expect.fail(`the slot ${slot} was taken`);
          taken.set(slot, item);
          most = Math.max(most, taken.size);
          expect(slot).toBeLessThan(most);
        } else {
          slots.delete(step);
          taken.delete(step);
        }
        expect(slots.size).toBe(taken.size);
        const differ = [...Array(most + 2).keys()].filter((slot) => slots.get(slot) !== taken.get(slot));
        expect(differ).toEqual([]);
      }
      const ordered = [...taken].sort(([a], [b]) => a - b).map(([, item]) => item);
      const all = slots.all();
      expect(all.length === ordered.length && all.every((item, i) => item === ordered[i])).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('the slot that was given back last is the next to be taken', () => {
  const slots = new Slots<string>();
  expect(['a', 'b', 'c', 'd'].map((item) => slots.add(item))).toEqual([0, 1, 2, 3]);
  slots.delete(1);
  slots.delete(3);
  expect(['e', 'f', 'g'].map((item) => slots.add(item))).toEqual([3, 1, 4]);
});

test('a slot that is given back twice is free once', () => {
  const slots = new Slots<string>();
  slots.add('a');
  slots.delete(0);
  slots.delete(0);
  slots.delete(99);
  expect([slots.add('b'), slots.add('c')]).toEqual([0, 1]);
  expect(slots.size).toBe(2);
});

test('there is nothing in a slot that never was', () => {
  const slots = new Slots<string>();
  for (const slot of [0, 5, 0x7fff_ffff]) expect(slots.get(slot)).toBeUndefined();
});

test('once cleared it is as new', () => {
  const slots = new Slots<string>();
  slots.add('a');
  slots.add('b');
  slots.delete(1);
  slots.clear();
  expect(slots.size).toBe(0);
  expect(slots.all()).toEqual([]);
  expect(slots.get(0)).toBeUndefined();
  expect(slots.add('c')).toBe(0);
});
