import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Reports } from './reports.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const bad = new Error('bad');

/** A function that fails with an error in each way that there is. */
const failing: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw bad;
  },
  'rejects later': () => Promise.reject(bad),
};

describe.each(Object.entries(failing))('a function of the user’s that %s', (_, fail) => {
  test('is told of', async () => {
    const heard: unknown[] = [];
    const reports = new Reports((error, where) => void heard.push([error, where]));
    reports.run(fail, 'onConnect');
    await setImmediate();
    expect(heard).toEqual([[bad, 'onConnect']]);
  });

  test('is printed where it is the one that hears of errors, and ends no process', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    const first = new Error('first');
    new Reports(fail as () => void).tell(first, 's.m');
    await setImmediate();
    expect(print.mock.calls).toEqual([['nearcall: onError threw', bad, 'when told of', first]]);
  });
});
