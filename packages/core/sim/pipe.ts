interface Piece {
  readonly bytes: Uint8Array;
  /** What the bytes were when they were sent. */
  readonly copy: Buffer;
  taken: number;
}

/** The bytes on their way in one direction, from a sender's queue to the reader. */
export class Pipe {
  readonly #pieces: Piece[] = [];
  #length = 0;
  /** What follows the bytes: nothing yet, the end, or an error for the reader. */
  tail: 'open' | 'end' | 'reset' = 'open';

  /** How many bytes are on their way. */
  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push({ bytes, copy: Buffer.from(bytes), taken: 0 });
    this.#length += bytes.length;
  }

  /** Takes so many bytes out. Throws where the sender has changed any of them meanwhile. */
  take(count: number): Buffer {
    const out = Buffer.allocUnsafeSlow(count);
    let at = 0;
    while (at < count) {
      const piece = this.#pieces[0] as Piece;
      const { bytes, copy, taken } = piece;
      const size = Math.min(count - at, copy.length - taken);
      copy.copy(out, at, taken, taken + size);
      if (out.compare(bytes, taken, taken + size, at, at + size) !== 0) {
        throw new Error('sentBytesStay: bytes were changed after they were sent');
      }
      at += size;
      piece.taken += size;
      if (piece.taken === copy.length) this.#pieces.shift();
    }
    this.#length -= count;
    return out;
  }

  /** Loses all but the first bytes. */
  cut(keep: number): void {
    if (this.#length <= keep) return;
    const kept = this.take(keep);
    this.#pieces.length = 0;
    this.#length = 0;
    this.push(kept);
  }
}
