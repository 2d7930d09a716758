export const BLOB_BYTES = 2 ** 20;
// More than are ever in flight, so that an answer to another call does not pass for the right one.
export const BLOBS = 8;

const made = [];

/** Made at the first call, so that the memory of whoever sends none does not show them. All have one length. */
export function blob(number, length = BLOB_BYTES) {
  made[number] ??= make(number, length);
  return made[number];
}

function make(number, length) {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = byteAt(number, at);
  return bytes;
}

/** Looks at a byte in each 16 KiB and at the last, so that a piece lost or out of its place is seen. */
export function checkBlob(bytes, number, length = BLOB_BYTES) {
  if (!(bytes instanceof Uint8Array)) throw new Error(`no bytes: ${typeof bytes}`);
  if (bytes.length !== length) throw new Error(`wrong length: ${bytes.length}`);
  for (let at = 0; at < length; at += 16_383) checkByte(bytes, number, at);
  checkByte(bytes, number, length - 1);
}

function checkByte(bytes, number, at) {
  if (bytes[at] !== byteAt(number, at)) throw new Error(`wrong byte at ${at} of blob ${number}`);
}

function byteAt(number, at) {
  return (number * 31 + at + (at >> 8) + (at >> 16)) & 255;
}
