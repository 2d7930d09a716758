/** Bytes that make any piece that is lost, moved or repeated show: they count up, and 251 divides no power of two. */
export function counting(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < Math.min(size, PERIOD); i++) bytes[i] = i % 251;
  for (let have = PERIOD; have < size; have *= 2) bytes.copyWithin(have, 0, Math.min(have, size - have));
  return bytes;
}

/** So much is written by hand, and doubled. */
const PERIOD = 251 * 16;

/** Whether they are what {@link counting} makes. It makes nothing as long itself. */
export function isCounting(bytes: Uint8Array): boolean {
  const pattern = counting(PERIOD * 16);
  for (let at = 0; at < bytes.length; at += pattern.length) {
    const piece = bytes.subarray(at, at + pattern.length);
    if (Buffer.compare(piece, pattern.subarray(0, piece.length)) !== 0) return false;
  }
  return true;
}
