/**
 * How much comes between two looks, and between two collections: a collection takes some 0.5 ms, whatever it frees. With 4
 * MiB, of four messages at a time some are there for two collections, and old from then on.
 */
export const STEP: number = 7 * 1024 * 1024;
/** Steps that are judged together. */
const WINDOW = 16;
/** How often the whole heap was collected in a window where something is done about it. */
const OFTEN = 2;
/**
 * How often it still is where that is of no use. When messages begin to come it may be, some times after each other: what
 * is there meanwhile is old from then on.
 */
const FUTILE = 8;
/** After so many windows it is tried again whether it does without. */
const TRUST = 32;
/** How many windows nothing is tried after it was of no use. */
const REST = 2;
/** What those two grow to. */
const MOST = 128;

/**
 * Long messages in memory that V8 looks after, and when to have the young of them collected.
 *
 * V8 marks the whole heap once 8 MiB of them have come that nobody has freed, although most are garbage soon, which a
 * scavenge finds at a twentieth of the price. It has none for them: messages leave few objects, and those are what it counts.
 * Where the whole heap is collected often while long messages come, the young part is therefore collected in between.
 * 1 MiB there and back, one at a time in a heap of 9 MiB, took 5,000 µs of CPU without that and takes 1,900 with it on Node
 * 20, and 0.4 to 0.6 of what it took on 22, 24 and 26. Answers of 1 MiB, four at a time: 1,420 µs and 860.
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
  /** Steps of this window. */
  #steps = 0;
  /** How often the whole heap was seen to be collected in it. */
  #seen = 0;
  /** For how many windows it stays as it is, whatever is seen. */
  #left = 0;
  #trust = TRUST;
  #rest = REST;

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
    if (this.#pacing) this.#collect();
    else if (this.#left === 0 && this.#seen >= OFTEN) this.#begin(true, this.#trust);
    if (this.#steps < WINDOW) return;
    if (this.#pacing) this.#paced();
    else if (this.#left > 0) this.#left--;
    else this.#trust = TRUST;
    this.#steps = 0;
    this.#seen = 0;
  }

  /** At the end of a window in which what is young was collected. */
  #paced(): void {
    if (this.#seen >= FUTILE) {
      this.#begin(false, this.#rest);
      this.#rest = Math.min(2 * this.#rest, MOST);
    } else if (--this.#left === 0) {
      this.#begin(false, 0);
      this.#trust = Math.min(2 * this.#trust, MOST);
    } else this.#rest = REST;
  }

  #begin(pacing: boolean, windows: number): void {
    this.#pacing = pacing;
    this.#left = windows;
    this.#steps = 0;
    this.#seen = 0;
  }
}
