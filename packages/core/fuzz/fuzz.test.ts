import { afterEach, describe, expect, test } from 'vitest';
import { Campaign } from './campaign.ts';
import { MUTANTS } from './mutants.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets.ts';

/** A machine that is busy with all the other tests may need so many milliseconds. */
const LONG = 60_000;

let campaign: Campaign | undefined;

function campaignOf(target: Target): Campaign {
  campaign = new Campaign(target, 1);
  return campaign;
}

afterEach(() => {
  campaign?.stop();
  campaign = undefined;
  delete (Object.prototype as { reached?: boolean }).reached;
});

describe('the fuzzing', () => {
  test.each(TARGETS)(
    'finds nothing in some cases of $name',
    async (target) => {
      const { finds } = await runs(campaignOf(target), 50);
      expect(finds).toEqual([]);
    },
    LONG,
  );

  test.each(TARGETS)('repeats a case of $name alone', async (target) => {
    const traces: string[][] = [[], []];
    for (const trace of traces) {
      await campaignOf(target).run(3, (what) => trace.push(what()));
      campaign?.stop();
    }
    expect(traces[0]).not.toEqual([]);
    expect(traces[1]).toEqual(traces[0]);
  });

  test.each(Object.entries<Target>(MUTANTS))(
    'sees what %s',
    async (name, target) => {
      const { finds } = await runs(campaignOf(target), 20_000);
      expect(finds[0]?.what).toMatch(CAUGHT_BY[name as keyof typeof MUTANTS]);
    },
    LONG,
  );
});

/** Runs so many cases, or up to the first find. */
async function runs(campaign: Campaign, cases: number): Promise<Campaign> {
  for (let number = 0; number < cases && campaign.finds.length === 0; number++) await campaign.run(number);
  return campaign;
}

/** The promises that see what each mutant breaks. */
const CAUGHT_BY: { readonly [M in keyof typeof MUTANTS]: RegExp } = {
  forgetsTheDepth: /^refusesWhatIsNot/,
  forgetsTheValues: /^refusesWhatIsNot/,
  letsForeignExtensionsThrough: /^compilesNothing/,
  reachesThePrototype: /^leavesPrototypesAlone/,
  trustsALength: /^memoryIsBounded/,
  takesItsTime: /^timeIsBounded/,
  sharesItsMemory: /^readsWhatIsThere/,
  takesTextThatIsNone: /^refusesWhatIsNot/,
  leavesBytesBehind: /^refusesWhatIsNot/,
  losesMinusZero: /^readsWhatIsThere/,
  throwsSomethingElse: /^throwsOnlyRefusals/,
  takesNoItems: /^refusesWhatIsNot/,
  givesMetadataAPrototype: /^hasNoPrototype/,
  makesTextOfAStrangers: /^throwsOnlyRefusals/,
  takesMoreThanItsWindow: /^(endsOnWhatIsWrong|holdsAWindow)/,
  grantsMoreThanIsMissing: /^grantsTheRest/,
  takesMoreEvents: /^(endsOnWhatIsWrong|holdsAWindow)/,
  takesMoreCalls: /^endsOnWhatIsWrong/,
  takesLongMetadata: /^endsOnWhatIsWrong/,
  throwsAtAPing: /^receiveNeverThrows/,
  endsAtAPing: /^takesWhatIsRight/,
  breaksOffWithoutAWord: /^saysWhy/,
  sendsTwice: /^sendsWhatIsRight/,
  neverSettles: /^(settlesOnce|forgetsItsCalls)/,
  keepsBudgets: /^givesBudgetsBack/,
  tellsAfterTheEnd: /^endsInSilence/,
  losesTheFirstOfFewBytes: /^anyCutIsTheSame/,
  answersAtLength: /^(answersShortly|anyCutIsTheSame)/,
};
