import { expect, test } from 'vitest';
import { Budget, UNLIMITED } from './budget.ts';

test('so much can be taken as there is, and again what was given back', () => {
  const budget = new Budget(10);
  expect([budget.most, budget.used]).toEqual([10, 0]);
  expect([budget.take(4), budget.take(6)]).toEqual([true, true]);
  expect(budget.used).toBe(10);
  expect(budget.take(1)).toBe(false);
  expect(budget.used).toBe(10);
  budget.give(4);
  expect([budget.take(5), budget.take(4), budget.used]).toEqual([false, true, 10]);
});

test('what is more than all of it is given where nothing is taken, so that it is not refused for ever', () => {
  const budget = new Budget(10);
  expect(budget.take(1)).toBe(true);
  expect(budget.take(11)).toBe(false);
  budget.give(1);
  expect(budget.take(11)).toBe(true);
  expect(budget.take(1)).toBe(false);
  budget.give(11);
  expect(budget.used).toBe(0);
});

test('without limits everything is given', () => {
  for (const budget of Object.values(UNLIMITED)) {
    const { used } = budget;
    expect(budget.take(2 ** 40)).toBe(true);
    expect(budget.take(2 ** 40)).toBe(true);
    budget.give(2 ** 41);
    expect(budget.used).toBe(used);
  }
});
