// Fixed buckets, for a list that grows with the rate would charge its memory
// and its collection to the faster peer.
const FINE_PER_MS = 10_000;
const FINE_MS = 100;
const COARSE_PER_MS = 10;
const COARSE_MS = 60_000;

export class Latency {
  #fine = new Uint32Array(FINE_MS * FINE_PER_MS);
  #coarse = new Uint32Array(COARSE_MS * COARSE_PER_MS);
  #total = 0;

  add(ms) {
    if (ms < FINE_MS) this.#fine[(ms * FINE_PER_MS) | 0]++;
    else this.#coarse[ms < COARSE_MS ? (ms * COARSE_PER_MS) | 0 : this.#coarse.length - 1]++;
    this.#total++;
  }

  /** In µs. */
  percentile(share) {
    let left = Math.ceil(this.#total * share);
    for (const [buckets, perMs] of [
      [this.#fine, FINE_PER_MS],
      [this.#coarse, COARSE_PER_MS],
    ]) {
      for (let bucket = 0; bucket < buckets.length; bucket++) {
        left -= buckets[bucket];
        if (left <= 0) return ((bucket + 0.5) / perMs) * 1000;
      }
    }
    return Number.NaN;
  }
}
