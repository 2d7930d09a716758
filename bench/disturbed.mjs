/**
 * More than this, in CPUs, and the two processes were pushed onto one CPU, or waited: what is measured on two CPUs then
 * says the same as on one.
 */
export const MOST_OTHERS = 0.15;

export function isDisturbed({ othersCpus }) {
  return othersCpus > MOST_OTHERS;
}

/** Measures again, so often at most, what other work disturbed. The least disturbed one counts. */
export async function undisturbed(again, measure) {
  let best = await measure(0);
  for (let i = 1; i <= again && isDisturbed(best); i++) {
    const next = await measure(i);
    if (next.othersCpus < best.othersCpus) best = next;
  }
  return best;
}
