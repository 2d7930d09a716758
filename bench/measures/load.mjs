import { isNative } from '../native/peers.mjs';
import { Pair } from '../pair.mjs';

// What is compiled already was as fast after 0.3 s as after a second, within the spread.
const NATIVE_WARM_UP = 0.5;

// While others had their turns, what this one works on has left the caches.
const SETTLE = 0.05;

/** New processes for each case: a peak RSS, or code optimised for another case, would not go away again. */
export async function open({ seconds, warmUp, ...one }) {
  const pair = new Pair(one);
  const half = (isNative(one.peer) ? Math.min(warmUp, NATIVE_WARM_UP) : warmUp) / 2;
  try {
    await pair.open();
    await pair.run({ seconds: half });
  } catch (error) {
    await pair.end();
    throw error;
  }
  return {
    // Once the others have begun as well. What was compiled by then runs for the first time, and some of it is compiled anew.
    warm: () => pair.run({ seconds: half }),
    async sample() {
      await pair.run({ seconds: SETTLE });
      const { rate, cpuUs, p50, p99, bulkRate, peakRss, othersCpus } = await pair.measure({ seconds });
      return {
        rate,
        // Beside bulk nearly all of it is the bulk's.
        cpuUs: bulkRate === undefined ? cpuUs : undefined,
        p50: p50 ?? undefined,
        p99: p99 ?? undefined,
        bulkRate,
        peakRss,
        othersCpus,
      };
    },
    async end() {
      try {
        await pair.close();
      } finally {
        await pair.end();
      }
    },
  };
}
