import { describe, expect, test } from 'vitest';
import type { Breakage } from './breakage.ts';
import { MUTANTS } from './mutants.ts';
import { outcomes } from './outcomes.ts';
import { run } from './run.ts';
import { STREAM_MUTANTS } from './stream-mutants.ts';

/** A machine that is busy with all the other tests may need so many milliseconds. */
const LONG = 60_000;

const ALL_MUTANTS = { ...MUTANTS, ...STREAM_MUTANTS };

describe('the simulation', () => {
  test(
    '200 seeds keep every promise, and take every path',
    async () => {
      const broken: string[] = [];
      const seen = new Set<string>();
      for (let seed = 1; seed <= 200; seed++) {
        const report = await run(seed);
        if (report.broken !== undefined) broken.push(`seed ${seed}: ${report.broken}`);
        for (const outcome of outcomes(report.world)) seen.add(outcome);
      }
      expect(broken).toEqual([]);
      expect([...seen]).toEqual(
        expect.arrayContaining([
          'success',
          'stream read to its end',
          'stream left',
          'success of a stream',
          'event left, handler ran',
          'CANCELLED, not-sent, handler did not run',
          'CANCELLED, unknown, handler ran',
          'DEADLINE_EXCEEDED, not-sent, handler did not run',
          'DEADLINE_EXCEEDED, unknown, handler ran',
          'FAILED_PRECONDITION, rejected, handler did not run',
          'FAILED_PRECONDITION, unknown, handler ran',
          'INTERNAL, unknown, handler ran',
          'INVALID_ARGUMENT, not-sent, handler did not run',
          'INVALID_ARGUMENT, rejected, handler did not run',
          'RESOURCE_EXHAUSTED, not-sent, handler did not run',
          'RESOURCE_EXHAUSTED, rejected, handler did not run',
          'RESOURCE_EXHAUSTED, unknown, handler ran',
          'UNAVAILABLE, not-sent, handler did not run',
          'UNAVAILABLE, rejected, handler did not run',
          'UNAVAILABLE, unknown, handler ran',
          'UNIMPLEMENTED, rejected, handler did not run',
          'UNKNOWN "syntax", unknown, handler ran',
          'UNKNOWN, unknown, handler ran',
        ]),
      );
    },
    LONG,
  );

  test(
    'a seed always goes the same way',
    async () => {
      for (let seed = 1; seed <= 60; seed++) {
        const [first, second] = [await run(seed, true), await run(seed, true)];
        expect(second.trace).toEqual(first.trace);
        expect(second.broken).toEqual(first.broken);
      }
    },
    LONG,
  );

  test.each(Object.entries<Breakage>(ALL_MUTANTS))(
    'sees a world that %s',
    async (name, breakage) => {
      const expected = CAUGHT_BY[name as keyof typeof ALL_MUTANTS];
      expect(await brokenBy(breakage, expected)).toMatch(expected);
    },
    LONG,
  );
});

/** Bytes that go wrong may show anywhere. */
const BYTES =
  /^(protocolIsKept|errorIsRight|signalsMean|onlyEndlessCallsWait|runsOnce|resultIsRight|input\w+|items\w+|creditIsKept|slotsAreKept|framesFit|timeLeftIsTrue|nothingIsLost|drawIsBounded|eventsArrive|servingCounts)/;

/** The checks that see what each mutant breaks: whichever comes first. */
const CAUGHT_BY: { readonly [M in keyof typeof ALL_MUTANTS]: RegExp } = {
  losesBytes: BYTES,
  doublesBytes: BYTES,
  swapsBytes: BYTES,
  changesAByte: BYTES,
  stopsTheClock: /^(onlyEndlessCallsWait|idleLetsTheProcessGo|closedFulfils|settlesInTime|everyCallSettles)/,
  swapsResults: /^resultIsRight/,
  settlesTwice: /^settlesOnce/,
  neverSettles: /^(everyCallSettles|onlyEndlessCallsWait)/,
  runsTwice: /^(runsOnce|pingsAreCounted)/,
  runsOutOfOrder: /^startsInOrder/,
  liesAboutExecution: /^(executionIsTrue|errorIsRight|nestedNeverWaits)/,
  ignoresAborts: /^(abortSettles|errorIsRight|resultIsRight|onlyEndlessCallsWait|everyCallSettles)/,
  forgetsListeners: /^noListenersStay/,
  reordersItems: /^itemsAreRight/,
  losesAnItem: /^(itemsAreRight|nothingIsLost)/,
  doublesAnItem: /^itemsAreRight/,
  endsEarly: /^nothingIsLost/,
  tellsErrorsFirst: /^(itemsComeBeforeTheError|itemsAreRight|nothingIsLost)/,
  leavesInSilence: /^leavingIsHeard/,
  keepsProducers: /^(servingCounts|leavingIsHeard|handlersReturn|producersAreTold)/,
  returnsTwice: /^returnsOnce/,
  readsAhead: /^drawIsBounded/,
  grantsTwice: /^protocolIsKept/,
  grantsNothing: /^onlyEndlessCallsWait/,
  neverStops: /^(itEnds|leavingIsHeard)/,
  losesEvents: /^eventsArrive/,
  swapsEvents: /^eventsKeepTheirOrder/,
  keepsEventCredit: /^(idleLetsTheProcessGo|onlyEndlessCallsWait)/,
  keepsSlots: /^(servingCounts|onlyEndlessCallsWait|idleLetsTheProcessGo)/,
  forgetsParents: /^nestedNeverWaits/,
};

/** What breaks as expected within some hundred seeds, or else what broke first. */
async function brokenBy(breakage: Breakage, expected: RegExp): Promise<string> {
  let first: string | undefined;
  for (let seed = 1; seed <= 300; seed++) {
    const { broken } = await run(seed, false, breakage);
    first ??= broken;
    if (broken !== undefined && expected.test(broken)) return broken;
  }
  return first ?? 'nothing was seen';
}
