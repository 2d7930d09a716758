/** How much comes between two looks, and between two collections. Where V8 marks after 8 MiB, 4 were as good as 5 and 6. */
export const STEP: number = 4 * 1024 * 1024;
/** In how many steps the whole heap must have been collected twice before anything is done about it. */
const OFTEN = 16;
/** It is of use where that does not happen in so many steps, and was of use where it lasted twice as long. */
const WORTH = 8;
/** After so many it is tried again whether it does without: there it cost a quarter of 1 MiB's CPU. */
const TRUST = 64;
/** How many steps nothing is tried after it was of no use. */
const REST = 32;
/** What those two grow to. */
const MOST = 1024;

/**
 * Long messages in memory that V8 looks after, and when to have the young of them collected.
 *
 * V8 marks the whole heap once 8 MiB of them have come that nobody has freed, although most are garbage soon, which a
 * scavenge finds at a tenth of the price. It has none for them: messages leave few objects, and those are what it counts.
 * Where the whole heap is collected often while long messages come, the young part is therefore collected in between.
 * 1 MiB there and back, one at a time in a heap of 9 MiB, took 5,000 µs of CPU without that and takes 1,900 with it on Node
 * 20, and 0.4 to 0.6 of what it took on 22, 24 and 26.
 *
 * That helps where few messages are alive at once. Where the whole heap is collected all the same, it is left to V8, for
 * longer each time: what then survives, because much is alive, is old too soon.
 */
export class Pace {
  readonly #collect: () => void;
  readonly #mark: () => () => boolean;
  #since = 0;
  /** Whether the whole heap was collected since the last step. */
  #marked: (() => boolean) | undefined = undefined;
  #pacing = false;
  /** Steps since this began; before 0 it rests. */
  #steps = 0;
  /** How often the whole heap was seen to be collected in them, or in the last few. */
  #seen = 0;
  #trust = TRUST;
  #rest = REST;
  #crowded = false;

  /**
   * `collect` collects what is young. `mark` begins to watch for a collection of the whole heap, and returns what tells
   * whether there was one.
   */
  constructor(collect: () => void, mark: () => () => boolean) {
    this.#collect = collect;
    this.#mark = mark;
  }

  /** So many bytes are about to be taken for a message. */
  take(bytes: number): void {
    this.#since += bytes;
    if (this.#since < STEP) return;
    this.#since = 0;
    if (this.#marked?.() !== false) {
      if (this.#marked !== undefined) this.#seen++;
      this.#marked = this.#mark();
    }
    this.#steps++;
    if (this.#crowded) this.#begin(false, Math.min(this.#steps, 0));
    else if (this.#pacing) this.#paced();
    else this.#watched();
    if (this.#pacing) this.#collect();
  }

  /** So many messages come at once that most are still alive when the young part is collected. */
  crowd(): void {
    this.#crowded = true;
  }

  #watched(): void {
    if (this.#steps <= 0) this.#seen = 0;
    else if (this.#seen >= 2) this.#begin(true, 0);
    else if (this.#steps >= OFTEN) {
      this.#begin(false, 0);
      this.#trust = TRUST;
    }
  }

  #paced(): void {
    if (this.#seen >= 2) {
      if (this.#steps > 2 * WORTH) return this.#begin(false, 0);
      this.#begin(false, -this.#rest);
      this.#rest = Math.min(2 * this.#rest, MOST);
    } else if (this.#steps >= this.#trust) {
      this.#begin(false, 0);
      this.#trust = Math.min(2 * this.#trust, MOST);
    } else if (this.#steps % WORTH === 0) {
      this.#seen = 0;
      if (this.#steps > WORTH) this.#rest = REST;
    }
  }

  #begin(pacing: boolean, steps: number): void {
    this.#pacing = pacing;
    this.#steps = steps;
    this.#seen = 0;
    this.#crowded = false;
  }
}
