import { readFileSync } from 'node:fs';
import { Pair } from '../pair.mjs';
import { median } from '../statistics.mjs';

// So large that nothing has to be collected while it is counted.
const FLAGS = ['--min-semi-space-size=512', '--max-semi-space-size=512'];
const CLEAN = 5;
const MOST_TRIES = 25;
const WARM_UP_SECONDS = 0.9;

/**
 * What each end allocates for one of what the load counts, and how often it reads and writes for all that are in flight
 * together. It is what a run of twice the length has over one: what a run needs by itself, and the asking, falls out.
 */
export function counts({ load, affinity, folder, times }) {
  return async () => {
    const pair = new Pair({ peer: 'nearcall', load, affinity, folder, flags: FLAGS });
    try {
      await pair.open();
      await pair.run({ seconds: WARM_UP_SECONDS });
      const clean = [];
      for (let i = 0; clean.length < CLEAN; i++) {
        if (i === MOST_TRIES) throw new Error(`garbage was collected in nearly each of ${i} runs: nothing is counted`);
        const once = await counted(pair, times);
        const twice = await counted(pair, 2 * times);
        if (once.collections + twice.collections === 0) clean.push(apart(once, twice, load.inFlight ?? 1));
      }
      return Object.fromEntries(Object.keys(clean[0]).map((key) => [key, median(clean.map((one) => one[key]))]));
    } finally {
      await pair.end();
    }
  };
}

async function counted(pair, times) {
  const before = await reading(pair);
  const { done } = await pair.run({ times, seconds: 60 });
  const after = await reading(pair);
  const more = Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));
  return { done, ...more };
}

async function reading(pair) {
  const found = { collections: 0 };
  for (const side of ['server', 'client']) {
    const { heap, buffers, collections } = await pair[side].ask('tally');
    found.collections += collections;
    found[`${side} bytes`] = heap + buffers;
    const io = readFileSync(`/proc/${pair[side].pid}/io`, 'latin1');
    found[`${side} reads`] = Number(/^syscr: (\d+)$/m.exec(io)[1]);
    found[`${side} writes`] = Number(/^syscw: (\d+)$/m.exec(io)[1]);
  }
  return found;
}

function apart(once, twice, inFlight) {
  const { done, collections, ...figures } = twice;
  const per = Object.entries(figures).map(([key, value]) => {
    const one = (value - once[key]) / (done - once.done);
    return [key, key.endsWith('bytes') ? one : one * inFlight];
  });
  return Object.fromEntries(per);
}
