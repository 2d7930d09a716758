import { describe, expect, test } from 'vitest';
import type { ChannelBreakage } from './channel-breakage.ts';
import { CHANNEL_MUTANTS } from './channel-mutants.ts';
import { channelOutcomes } from './channel-outcomes.ts';
import { runChannel } from './run-channel.ts';

/** A machine that is busy with all the other tests may need so many milliseconds. */
const LONG = 60_000;

describe('the simulation of a client whose servers come and go', () => {
  test(
    '200 seeds keep every promise, and take every path',
    async () => {
      const broken: string[] = [];
      const seen = new Set<string>();
      for (let seed = 1; seed <= 200; seed++) {
        const report = await runChannel(seed);
        if (report.broken !== undefined) broken.push(`seed ${seed}: ${report.broken}`);
        for (const outcome of channelOutcomes(report.world)) seen.add(outcome);
      }
      expect(broken).toEqual([]);
      expect([...seen]).toEqual(
        expect.arrayContaining([
          'call: CANCELLED, not-sent, not run',
          'call: CANCELLED, unknown, run once',
          'call: DEADLINE_EXCEEDED, not-sent, not run',
          'call: DEADLINE_EXCEEDED, unknown, run once',
          'call: UNAVAILABLE, not-sent, not run',
          'call: UNAVAILABLE, rejected, not run',
          'call: UNAVAILABLE, unknown, not run',
          'call: UNAVAILABLE, unknown, run once',
          'call: success, run once',
          'event: UNAVAILABLE, not-sent, not run',
          'event: success, run once',
          'idempotent call: UNAVAILABLE, not-sent, not run',
          'idempotent call: UNAVAILABLE, unknown, run once',
          'idempotent call: success, run once',
          'idempotent call: success, run again',
        ]),
      );
    },
    LONG,
  );

  test(
    'a seed always goes the same way',
    async () => {
      for (let seed = 1; seed <= 50; seed++) {
        const [first, second] = [await runChannel(seed, true), await runChannel(seed, true)];
        expect(second.trace).toEqual(first.trace);
        expect(second.broken).toEqual(first.broken);
      }
    },
    LONG,
  );

  test.each(Object.entries<ChannelBreakage>(CHANNEL_MUTANTS))(
    'sees a world that %s',
    async (name, breakage) => {
      const expected = CAUGHT_BY[name as keyof typeof CHANNEL_MUTANTS];
      expect(await brokenBy(breakage, expected)).toMatch(expected);
    },
    LONG,
  );
});

/** The checks that see what each mutant breaks: whichever comes first. */
const CAUGHT_BY: { readonly [M in keyof typeof CHANNEL_MUTANTS]: RegExp } = {
  repeatsWhatMayHaveRun: /^runsOnce/,
  repeatsNothing: /^(callsWait|idempotentCallsAreRepeated)/,
  waitsForNothing: /^callsWait/,
  neverDialsAgain: /^(everyCallSettles|readyInTheEnd)/,
  forgetsTheTime: /^(settlesInTime|closedFulfils|timersEnd)/,
  neverCloses: /^closedFulfils/,
  saysTooEarlyThatItIsClosed: /^(nobodyDialsWhenClosed|timersEnd)/,
  letsTheProcessGo: /^workHoldsTheProcess/,
  keepsTheProcess: /^idleLetsTheProcessGo/,
  liesAboutExecution: /^(executionIsTrue|errorIsRight|callsWait)/,
  settlesTwice: /^settlesOnce/,
  neverSettles: /^everyCallSettles/,
  swapsResults: /^resultIsRight/,
  ignoresAborts: /^(settlesInTime|errorIsRight|resultIsRight|everyCallSettles)/,
  forgetsListeners: /^noListenersStay/,
  runsTwice: /^runsOnce/,
};

/** What breaks as expected within some hundred seeds, or else what broke first. */
async function brokenBy(breakage: ChannelBreakage, expected: RegExp): Promise<string> {
  let first: string | undefined;
  for (let seed = 1; seed <= 300; seed++) {
    const { broken } = await runChannel(seed, false, breakage);
    first ??= broken;
    if (broken !== undefined && expected.test(broken)) return broken;
  }
  return first ?? 'nothing was seen';
}
