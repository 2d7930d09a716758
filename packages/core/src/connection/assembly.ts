/** A message that comes in chunks. Its memory grows with what has come, not with what was announced. */
export class Assembly {
  /** The length of the whole message, in bytes. */
  readonly total: number;
  readonly raw: boolean;
  /** What the sender may still send. */
  credit = 0;
  #buffer: Buffer;
  #have: number;

  /** `first` is what the opening frame held. */
  constructor(total: number, raw: boolean, first: Uint8Array) {
    this.total = total;
    this.raw = raw;
    this.#buffer = Buffer.allocUnsafeSlow(first.length);
    this.#buffer.set(first);
    this.#have = first.length;
  }

  /** The bytes still to come. */
  get missing(): number {
    return this.total - this.#have;
  }

  append(bytes: Uint8Array): void {
    const need = this.#have + bytes.length;
    if (need > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.total, Math.max(2 * this.#buffer.length, need)));
      grown.set(this.#buffer.subarray(0, this.#have));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#have);
    this.#have = need;
  }

  /** The whole message, once nothing is missing. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#have);
  }
}
