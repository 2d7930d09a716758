import { describe, expect, test } from 'vitest';
import type { Breakage } from './breakage.ts';
import { MUTANTS } from './mutants.ts';
import { outcomes } from './outcomes.ts';
import { run } from './run.ts';

describe('the simulation', () => {
  test('400 seeds keep every promise, and take every path', async () => {
    const broken: string[] = [];
    const seen = new Set<string>();
    for (let seed = 1; seed <= 400; seed++) {
      const report = await run(seed);
      if (report.broken !== undefined) broken.push(`seed ${seed}: ${report.broken}`);
      for (const outcome of outcomes(report.world)) seen.add(outcome);
    }
    expect(broken).toEqual([]);
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'success',
        'CANCELLED, not-sent, handler did not run',
        'CANCELLED, unknown, handler ran',
        'DEADLINE_EXCEEDED, not-sent, handler did not run',
        'DEADLINE_EXCEEDED, unknown, handler ran',
        'FAILED_PRECONDITION, unknown, handler ran',
        'INTERNAL, unknown, handler ran',
        'INVALID_ARGUMENT, not-sent, handler did not run',
        'INVALID_ARGUMENT, rejected, handler did not run',
        'RESOURCE_EXHAUSTED, not-sent, handler did not run',
        'UNAVAILABLE, not-sent, handler did not run',
        'UNAVAILABLE, rejected, handler did not run',
        'UNAVAILABLE, unknown, handler ran',
        'UNIMPLEMENTED, rejected, handler did not run',
        'UNKNOWN "syntax", unknown, handler ran',
      ]),
    );
  });

  test('a seed always goes the same way', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const [first, second] = [await run(seed, true), await run(seed, true)];
      expect(second.trace).toEqual(first.trace);
      expect(second.broken).toEqual(first.broken);
    }
  });

  test.each(Object.entries<Breakage>(MUTANTS))('sees a world that %s', async (name, breakage) => {
    expect(await firstBroken(breakage)).toMatch(CAUGHT_BY[name as keyof typeof MUTANTS]);
  });
});

/** The checks that see what each mutant breaks: whichever comes first. */
const CAUGHT_BY: { readonly [M in keyof typeof MUTANTS]: RegExp } = {
  losesBytes: /^(protocolIsKept|errorIsRight|signalsMean|onlyEndlessCallsWait)/,
  doublesBytes: /^(protocolIsKept|errorIsRight|signalsMean|runsOnce)/,
  swapsBytes: /^(protocolIsKept|errorIsRight|signalsMean|resultIsRight|inputArrives)/,
  changesAByte: /^(protocolIsKept|errorIsRight|signalsMean|resultIsRight|inputArrives|inputsAreChecked)/,
  stopsTheClock: /^(onlyEndlessCallsWait|idleLetsTheProcessGo|closedFulfils|settlesInTime)/,
  swapsResults: /^resultIsRight/,
  settlesTwice: /^settlesOnce/,
  neverSettles: /^(everyCallSettles|onlyEndlessCallsWait)/,
  runsTwice: /^(runsOnce|pingsAreCounted)/,
  runsOutOfOrder: /^startsInOrder/,
  liesAboutExecution: /^(executionIsTrue|errorIsRight)/,
  ignoresAborts: /^(abortSettles|errorIsRight|resultIsRight|onlyEndlessCallsWait|everyCallSettles)/,
  forgetsListeners: /^noListenersStay/,
};

/** What broke first within some hundred seeds. */
async function firstBroken(breakage: Breakage): Promise<string> {
  for (let seed = 1; seed <= 300; seed++) {
    const { broken } = await run(seed, false, breakage);
    if (broken !== undefined) return broken;
  }
  return 'nothing was seen';
}
