// Fixed buckets, for a list that grows with the rate would charge its memory
// and its collection to the faster peer.
const BUCKETS_PER_MS = 10_000;
const BUCKETS = 100 * BUCKETS_PER_MS;

export class Latency {
  #counts = new Uint32Array(BUCKETS);
  #total = 0;

  add(ms) {
    const bucket = (ms * BUCKETS_PER_MS) | 0;
    this.#counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    this.#total++;
  }

  /** In µs. What took longer than the last bucket counts as the last bucket. */
  percentile(share) {
    let left = Math.ceil(this.#total * share);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket];
      if (left <= 0) return ((bucket + 0.5) / BUCKETS_PER_MS) * 1000;
    }
    return Number.NaN;
  }
}
