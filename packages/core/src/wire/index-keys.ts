/**
 * Objects whose keys are numbers, as a stranger may have them built. For a key like "1023" the engine gives the object
 * an array that reaches so far and half as far again: seven bytes of a message, and 12 KB of memory, so that one message
 * took all that a process has. (JSON.parse makes none.) So it is counted how long these arrays are, as V8 makes them in
 * Node 20 to 26, and what is far more than honest data has is refused.
 */

/** The places in all arrays of one body: 128 MiB. 10,810 objects have them by the key "1023", 33,757 by "320". */
const MOST_PLACES = 16_777_216;

/** What a smaller key costs is no more than what other values cost. */
const FEW = 20;

/** A key so far behind what its object has room for makes the engine change to a hash table. */
const GAP = 1024;

/** What is longer than this the engine makes only where it is well filled. */
const LONGEST = 5000;

/** No key of more bytes has it make an array. */
const MOST_DIGITS = 4;

/** Counts the places of the arrays of one body's objects. */
export class IndexKeys {
  /** By depth, what the object there has room for. */
  #places = new Int32Array(64);
  #left = 0;

  /** Another body begins, of containers nested at most so deep. */
  begin(depth: number): void {
    if (this.#places.length <= depth) this.#places = new Int32Array(depth + 1);
    this.#left = MOST_PLACES;
  }

  /** An object begins at this depth. */
  open(depth: number): void {
    this.#places[depth] = 0;
  }

  /** Whether the object that was opened at this depth may have the key in `[start, end)`. */
  allows(depth: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length > MOST_DIGITS || (bytes[start] as number) > 0x39 || length === 0) return true;
    const index = indexOf(bytes, start, end);
    const has = this.#places[depth] as number;
    if (index < FEW || index < has || index >= has + GAP) return true;
    const places = index + 1 + ((index + 1) >> 1) + 16;
    if (places > LONGEST) return true;
    this.#places[depth] = places;
    this.#left -= places - has;
    return this.#left >= 0;
  }
}

/** The number that this key is, or -1 where it is none. */
function indexOf(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === 0x30 && end - start > 1) return -1;
  let index = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index;
}
