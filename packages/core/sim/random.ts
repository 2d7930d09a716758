/** The one source of chance of a run. The same seed gives the same numbers, on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds would begin alike: multiply them apart.
    this.#state = Math.imul(seed ^ 0x5bf0_3635, 0x9e37_79b1) | 0;
  }

  /** A number from 0 up to, not including, 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** One of the values, each as likely as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let sum = 0;
    for (const [weight] of choices) sum += weight;
    let left = this.next() * sum;
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return (choices[choices.length - 1] as readonly [number, T])[1];
  }

  /**
   * Milliseconds from 0 to `most`, in quarters: so times often coincide, and the order is for chance to decide; and
   * sums of them are exact.
   */
  time(most: number): number {
    return this.below(most * 4 + 1) / 4;
  }
}
