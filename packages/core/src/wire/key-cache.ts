interface Entry {
  readonly bytes: Uint8Array;
  readonly key: string;
}

/** The longest key that is kept. */
const MOST_BYTES = 24;

/** As a power of two, so that a mask finds the place. */
const PLACES = 512;

/**
 * The keys that were read lately. The same ones come again and again, and to find one by its bytes is three times as
 * fast as to make its text, which then must be found among all texts before it can name a property.
 */
export class KeyCache {
  readonly #entries: (Entry | undefined)[] = new Array(PLACES).fill(undefined);

  find(bytes: Uint8Array, start: number, length: number): string | undefined {
    const entry = this.#entries[placeOf(bytes, start, length)];
    if (entry === undefined || entry.bytes.length !== length) return undefined;
    const kept = entry.bytes;
    for (let i = 0; i < length; i++) if (kept[i] !== bytes[start + i]) return undefined;
    return entry.key;
  }

  /** Keeps a key, in place of whichever was there. Returns it. */
  add(bytes: Uint8Array, start: number, length: number, key: string): string {
    if (length <= MOST_BYTES) {
      this.#entries[placeOf(bytes, start, length)] = {
        bytes: Uint8Array.from(bytes.subarray(start, start + length)),
        key,
      };
    }
    return key;
  }
}

function placeOf(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start] as number;
  const middle = bytes[start + (length >> 1)] as number;
  const last = bytes[start + length - 1] as number;
  return (first * 5 + middle * 17 + last * 59 + length * 101) & (PLACES - 1);
}
