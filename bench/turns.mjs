import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { undisturbed } from './disturbed.mjs';

/**
 * Measures one case of several peers, and returns the samples of each in their order. All are opened and warmed up
 * first; then they take turns, so that the seconds in which the machine is slow fall on all of them: it may be half as
 * fast for some seconds, and a round of turns is over in as many. Every other round goes backwards, so that none always
 * follows the same neighbour.
 */
export async function inTurns(entries, { again, tell }) {
  const folder = mkdtempSync(join(tmpdir(), 'nearcall-bench-'));
  const taking = entries.map((entry) => ({ ...entry, folder, samples: [], measurement: undefined, failed: false }));

  /** One that fails is left out from there on: the rest of what may be an hour's run is worth having all the same. */
  async function attempt(one, step) {
    if (one.failed) return;
    try {
      await step(one);
    } catch (error) {
      one.failed = true;
      tell.failure(one, error);
    }
  }

  try {
    const { open } = await import(`./measures/${entries[0].measure}.mjs`);
    for (const one of taking) {
      tell.step(one, 'opens');
      await attempt(one, async () => {
        one.measurement = await open(one);
      });
    }
    for (const one of taking) await attempt(one, ({ measurement }) => measurement.warm?.());
    const most = Math.max(...entries.map(({ rounds }) => rounds));
    for (let round = 0; round < most; round++) {
      const taken = taking.filter(({ rounds }) => round < rounds);
      for (const one of round % 2 ? taken.toReversed() : taken) {
        tell.step(one, `round ${round + 1} of ${one.rounds}`);
        await attempt(one, async () => {
          one.samples.push({ round, ...(await undisturbed(again, () => one.measurement.sample())) });
        });
      }
    }
  } finally {
    for (const one of taking) {
      one.failed = false;
      await attempt(one, ({ measurement }) => measurement?.end());
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return taking.map(({ samples }) => samples);
}
