import type { Random } from '../sim/random.ts';

const LENGTHS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** Bytes that begin something in msgpack, or are at the end of a range. */
const TOKENS = [
  0x00, 0x7f, 0x80, 0x8f, 0x90, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc7, 0xc9, 0xcb, 0xd3, 0xd4, 0xd8, 0xdb, 0xdd, 0xdf,
  0xff,
];

/** Some changes of a few bytes: bits, lengths, what is cut off, put in, said twice, or taken from another one. */
export function mutate(random: Random, from: Buffer, others: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(from);
  for (let left = random.between(1, 4); left > 0; left--) bytes = mutateOnce(random, bytes, others);
  return bytes;
}

function mutateOnce(random: Random, bytes: Buffer, others: readonly Buffer[]): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + random.between(1, 8));
  switch (random.below(9)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = random.chance(0.5) ? random.pick(TOKENS) : random.below(256);
      return bytes;
    case 2:
      if (at + 2 <= bytes.length) bytes.writeUInt16BE(random.pick(LENGTHS) & 0xffff, at);
      return bytes;
    case 3:
      if (at + 4 <= bytes.length) bytes.writeUInt32BE(random.pick(LENGTHS), at);
      return bytes;
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
    case 6:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]);
    case 7:
      return Buffer.concat([bytes.subarray(0, at), randomBytes(random, random.between(1, 8)), bytes.subarray(at)]);
    default: {
      const other = random.pick(others);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    }
  }
}

export function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = random.below(256);
  return bytes;
}
