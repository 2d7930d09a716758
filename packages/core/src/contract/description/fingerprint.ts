/**
 * The fingerprint of a description: FNV-1a of 64 bits over its UTF-8, in big-endian order. It tells apart what honest ends
 * hold, and guards nothing, so it need not withstand anyone; and importing node:crypto alone takes a starting process
 * longer than all else that a first call does.
 */
export function fingerprintOf(description: string): Uint8Array {
  // The two halves of the number. The prime is 2^40 + 0x1b3, and every product stays below 2^53.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of Buffer.from(description, 'utf8')) {
    const bottom = ((low ^ byte) >>> 0) * 0x1b3;
    high = (high * 0x1b3 + ((low ^ byte) >>> 0) * 0x100 + Math.floor(bottom / 0x1_0000_0000)) % 0x1_0000_0000;
    low = bottom % 0x1_0000_0000;
  }
  const bytes = new Uint8Array(8);
  for (let i = 0; i < 4; i++) {
    bytes[i] = Math.floor(high / 2 ** (24 - 8 * i));
    bytes[4 + i] = Math.floor(low / 2 ** (24 - 8 * i));
  }
  return bytes;
}
