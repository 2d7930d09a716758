export const HEADER = 4;

/** Gathers reads until they hold whole frames. */
export class Frames {
  #rest;

  /** The whole frames up to the end of this read, as one run of bytes. */
  take(chunk) {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    let end = 0;
    while (end + HEADER <= bytes.length) {
      const next = end + HEADER + lengthAt(bytes, end);
      if (next > bytes.length) break;
      end = next;
    }
    // A copy, for the reader may reuse the buffer of this read.
    this.#rest = end === bytes.length ? undefined : Buffer.from(bytes.subarray(end));
    return end === bytes.length ? bytes : bytes.subarray(0, end);
  }
}

export function lengthAt(bytes, offset) {
  return ((bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) | bytes[offset + 3]) >>> 0;
}
