// Fixed buckets, for a list that grows with the rate would charge its memory
// and its collection to the faster peer.
const FINE_PER_MS = 10_000;
const FINE_MS = 100;
const COARSE_PER_MS = 10;
const COARSE_MS = 60_000;

// Those that have told: memory anew for each turn would be 6 MiB of buffers that make V8 collect, where its heap is large.
const idle = [];

export class Latency {
  #fine = new Uint32Array(FINE_MS * FINE_PER_MS);
  #coarse = new Uint32Array(COARSE_MS * COARSE_PER_MS);
  #total = 0;

  static begin() {
    return idle.pop() ?? new Latency();
  }

  add(ms) {
    if (ms < FINE_MS) this.#fine[(ms * FINE_PER_MS) | 0]++;
    else this.#coarse[ms < COARSE_MS ? (ms * COARSE_PER_MS) | 0 : this.#coarse.length - 1]++;
    this.#total++;
  }

  /** The percentiles, in µs. With that it is over, and forgets: it is the next one that begins. */
  end() {
    const found = { p50: this.#percentile(0.5), p99: this.#percentile(0.99) };
    // No further than something was counted: to clear a page takes it.
    const [buckets, last] = this.#find(1);
    this.#fine.fill(0, 0, buckets === this.#fine ? last + 1 : undefined);
    if (buckets === this.#coarse) this.#coarse.fill(0, 0, last + 1);
    this.#total = 0;
    idle.push(this);
    return found;
  }

  #percentile(share) {
    const [buckets, bucket] = this.#find(share);
    return ((bucket + 0.5) / (buckets === this.#fine ? FINE_PER_MS : COARSE_PER_MS)) * 1000;
  }

  /** Where so large a share of all has been counted: the buckets, and which of them. */
  #find(share) {
    let left = Math.ceil(this.#total * share);
    if (left === 0) return [this.#fine, Number.NaN];
    for (const buckets of [this.#fine, this.#coarse]) {
      for (let bucket = 0; bucket < buckets.length; bucket++) {
        left -= buckets[bucket];
        if (left <= 0) return [buckets, bucket];
      }
    }
    throw new Error('more was counted than there is');
  }
}
