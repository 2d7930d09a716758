import { now } from './now.ts';
import type { TransportEvents } from './transport.ts';

/** Bytes that take this thread so long, in milliseconds, are enough for one turn of its event loop. */
const TURN = 5;

/** What is long takes its time apart: shorter reads end a socket's turn by themselves, and are not looked at. */
export const LONG_READ: number = 16_384;

/** So much is read at a time while what comes takes long. */
export const SLICE: number = 4096;

/**
 * Sees to it that whoever sends what takes long to read leaves the other connections of this thread their turns. Node
 * reads up to 2 MiB from one socket before it looks at the next, which may hold a hundred thousand requests.
 */
export class Turns {
  /**
   * When the reads since the last break began; negative where there were none. Nothing tells where a turn ended by
   * itself, so a break may come that is not due: it costs a few microseconds.
   */
  #since = -1;
  #slice = Number.POSITIVE_INFINITY;

  /**
   * Gives the bytes to `reader`, as many as there is time for in this turn. Returns those that are left for the next one,
   * which may be none; undefined where the turn may go on.
   */
  read(bytes: Buffer, reader: Pick<TransportEvents, 'data'>): Buffer | undefined {
    if (this.#since < 0) this.#since = now();
    const slice = this.#slice;
    for (let at = 0; at < bytes.length; at += slice) {
      reader.data(slice < bytes.length ? bytes.subarray(at, at + slice) : bytes);
      if (now() - this.#since <= TURN) continue;
      this.#since = -1;
      this.#slice = SLICE;
      return bytes.subarray(Math.min(bytes.length, at + slice));
    }
    this.#slice = Number.POSITIVE_INFINITY;
    return undefined;
  }
}
