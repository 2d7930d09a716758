import type { Random } from '../sim/random.ts';
import { makeMsgpack } from './make-msgpack.ts';
import { mutate, randomBytes } from './mutate.ts';
import { BODIES } from './vectors.ts';

/** Bytes where one msgpack value is looked for. */
export function makeBody(random: Random, vectors: readonly Buffer[] = BODIES): Buffer {
  switch (random.below(10)) {
    case 0:
      return randomBytes(random, random.below(40));
    case 1:
    case 2:
      return mutate(random, random.pick(vectors), vectors);
    case 3:
    case 4:
      return mutate(random, makeMsgpack(random), vectors);
    case 5:
      return random.chance(0.02) ? long(random) : makeMsgpack(random);
    default:
      return makeMsgpack(random);
  }
}

/** So many bytes, and so deep, that a careless reader shows it. */
function long(random: Random): Buffer {
  const length = random.pick([1000, 9000, 60_000]);
  switch (random.below(5)) {
    case 0:
      return Buffer.alloc(length, random.pick([0x81, 0x91, 0x90, 0xc0, 0xd4]));
    case 1: {
      const bytes = Buffer.alloc(3 + length, random.pick([0x80, 0x90, 0xa0, 0xc0, 0x05]));
      bytes[0] = 0xdc;
      bytes.writeUInt16BE(length, 1);
      return bytes;
    }
    case 2: {
      const bytes = Buffer.alloc(5 + length, random.pick([0x00, 0x78, 0xc3]));
      bytes[0] = random.pick([0xdb, 0xc6]);
      bytes.writeUInt32BE(length, 1);
      return bytes;
    }
    case 3:
      // Ours inside each other, each with bytes of its own behind it.
      return nest(random.between(60, 70));
    default:
      return randomBytes(random, length);
  }
}

/** Sets of one Set each, so many of them. */
function nest(levels: number): Buffer {
  let inside: Buffer = Buffer.of(0x05);
  for (let i = 0; i < levels; i++) {
    const header = Buffer.of(0xc8, (inside.length + 1) >> 8, inside.length + 1, 0x02, 0x91);
    inside = Buffer.concat([header, inside]);
  }
  return inside;
}

/** Bytes somewhere in memory that holds others, as they lie in what a socket has read. */
export interface Placed {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

export function place(random: Random, bytes: Buffer): Placed {
  const start = random.below(20);
  const end = start + bytes.length;
  const buffer = Buffer.alloc(end + random.below(20), random.pick([0x00, 0x61, 0x80, 0xc0, 0xff]));
  bytes.copy(buffer, start);
  return { buffer, start, end };
}
