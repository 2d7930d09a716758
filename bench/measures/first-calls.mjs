import { Pair } from '../pair.mjs';

/** What new processes spend on the calls of the load, which says itself how many these are. */
export function open(one) {
  async function sample() {
    const pair = new Pair(one);
    try {
      await pair.open();
      return await pair.measure({ seconds: one.seconds });
    } finally {
      await pair.end();
    }
  }

  return { sample, end() {} };
}
