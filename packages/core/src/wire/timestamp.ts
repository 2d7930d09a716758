/** The most seconds that a Date reaches from 1970, either way. */
const MAX_SECONDS = 8.64e12;

/** Whether a timestamp is one that a Date can hold. The shorter forms reach only where each does. */
export function isTimestamp(bytes: Uint8Array, start: number, length: number): boolean {
  if (length === 4) return true;
  if (length !== 8 && length !== 12) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, length);
  const nanoseconds = length === 8 ? view.getUint32(0) >>> 2 : view.getUint32(0);
  if (nanoseconds >= 1e9) return false;
  if (length === 8) return true;
  const seconds = view.getInt32(4) * 0x1_0000_0000 + view.getUint32(8);
  return seconds >= -MAX_SECONDS && (seconds < MAX_SECONDS || (seconds === MAX_SECONDS && nanoseconds === 0));
}
