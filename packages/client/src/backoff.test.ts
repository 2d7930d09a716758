import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Backoff, type BackoffOptions, backoffOptions } from './backoff.ts';

/** Options within what connections are likely to be given. */
const options = fc.record({
  first: fc.integer({ min: 1, max: 5000 }),
  initial: fc.integer({ min: 1, max: 5000 }),
  multiplier: fc.double({ min: 1, max: 4, noNaN: true }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  max: fc.integer({ min: 1, max: 200_000 }),
});

/** Whether a wait is one that is meant, give or take its jitter. */
function within(wait: number, meant: number, { jitter }: BackoffOptions): boolean {
  const room = meant * jitter + 1e-6;
  return wait >= meant - room && wait <= meant + room;
}

describe('the waits between attempts', () => {
  test('are one that is short, and then those of gRPC, each within its jitter', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(options, fc.array(random, { minLength: 1, maxLength: 60 }), (given, chances) => {
        let at = 0;
        const backoff = new Backoff(given, () => chances[at] as number);
        let meant = given.first;
        for (; at < chances.length; at++) {
          expect(within(backoff.failed(), Math.min(given.max, meant), given)).toBe(true);
          expect(backoff.failures).toBe(at + 1);
          meant = at === 0 ? given.initial : meant * given.multiplier;
        }
      }),
    );
  });

  test('are 0.1, 1, 1.6, 2.56 seconds and so on to two minutes, unless somebody says otherwise', () => {
    const backoff = new Backoff(backoffOptions(), () => 0.5);
    const waits = Array.from({ length: 14 }, () => Math.round(backoff.failed()));
    expect(waits.slice(0, 5)).toEqual([100, 1000, 1600, 2560, 4096]);
    expect(waits.slice(-2)).toEqual([120_000, 120_000]);
    const least = new Backoff(backoffOptions(), () => 0);
    const most = new Backoff(backoffOptions(), () => 0.999_999);
    expect([least.failed(), Math.round(most.failed())]).toEqual([80, 120]);
  });

  test('begin anew once the server has spoken', () => {
    const backoff = new Backoff(backoffOptions({ jitter: 0 }));
    const before = [backoff.failed(), backoff.failed(), backoff.busy(), backoff.busy()];
    backoff.reset();
    expect([backoff.failed(), backoff.failed(), backoff.busy(), backoff.busy()]).toEqual(before);
    expect(backoff.lost(0)).toBe(100);
    expect([backoff.failures, backoff.failed()]).toEqual([0, 100]);
  });

  test('are short where a server has no room in its queue, and never longer than the initial one', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 40 }), (given, times) => {
        const backoff = new Backoff({ ...given, jitter: 0 });
        let meant = given.first;
        for (let i = 0; i < times; i++) {
          expect(backoff.busy()).toBeCloseTo(Math.min(given.max, given.initial, meant), 3);
          meant *= given.multiplier;
        }
        // As many as that are no failures.
        expect(backoff.failures).toBe(0);
      }),
    );
  });

  test('are none where a connection had lived for a second, and grow where one after the other has not', () => {
    const backoff = new Backoff(backoffOptions({ jitter: 0 }));
    expect([backoff.lost(999), Math.round(backoff.lost(0))]).toEqual([100, 160]);
    for (let i = 0; i < 10; i++) backoff.lost(0);
    expect([backoff.lost(0), backoff.lost(1000), backoff.lost(0)]).toEqual([1000, 0, 100]);
    expect(new Backoff(backoffOptions({ jitter: 0, max: 30 })).lost(0)).toBe(30);
  });
});

describe('the options of a backoff', () => {
  test.each([
    [{ first: 0 }, 'first'],
    [{ initial: Number.NaN }, 'initial'],
    [{ multiplier: 0.9 }, 'multiplier'],
    [{ jitter: 1.1 }, 'jitter'],
    [{ max: Number.POSITIVE_INFINITY }, 'max'],
    [{ max: '1' as never }, 'max'],
    [{ wait: 1 } as never, 'wait'],
  ])('%j are refused, by name', (given, name) => {
    expect(() => backoffOptions(given)).toThrow(RangeError);
    expect(() => backoffOptions(given)).toThrow(`"${name}"`);
  });
});
