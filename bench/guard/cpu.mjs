import { Pair } from '../pair.mjs';
import { median } from '../statistics.mjs';

const ROUNDS = 3;
// Many short ones: 10 of 0.1 s say twice as exactly how the two compare as 5 of 0.2 s.
const SLICES = 12;
const SLICE_SECONDS = 0.1;
// The compiler is not done with hand before.
const WARM_UP_SECONDS = 0.9;

/**
 * What nearcall spends of CPU time where hand spends 1. The two take turns of a moment each, all four processes alive
 * and on one CPU, so that a machine that is slow, or busy, is so for both; and each round has new processes, for not
 * all come out of the compiler equally fast. Asked again it goes by all that it has seen so far.
 */
export function cpuShare({ load, affinity, folder }) {
  const shares = [];
  const rates = [];

  async function round() {
    const open = async (peer) => {
      const pair = new Pair({ peer, load, affinity, folder });
      await pair.open();
      await pair.run({ seconds: WARM_UP_SECONDS });
      return pair;
    };
    const hand = await open('hand');
    const nearcall = await open('nearcall');
    try {
      for (let slice = 0; slice < SLICES; slice++) {
        const theirs = await hand.measure({ seconds: SLICE_SECONDS });
        const ours = await nearcall.measure({ seconds: SLICE_SECONDS });
        shares.push(ours.cpuUs / theirs.cpuUs);
        rates.push(ours.rate);
      }
    } finally {
      await Promise.all([hand.end(), nearcall.end()]);
    }
  }

  return async () => {
    for (let i = 0; i < ROUNDS; i++) await round();
    return { 'share of CPU': median(shares), rate: median(rates) };
  };
}
