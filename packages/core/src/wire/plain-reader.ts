/**
 * Reads what most messages are made of, checking it in the same pass: half the time of an inspection and msgpackr. What
 * it does not know (extensions, byte strings, 64-bit integers), what is over a limit and what is malformed it leaves to
 * them, so that they alone say what is wrong.
 */
import { IndexKeys } from './index-keys.ts';
import { Malformed } from './inspect.ts';
import { KeyCache } from './key-cache.ts';
import type { Limits } from './limits.ts';
import { readText } from './text.ts';

type Within = Pick<Limits, 'depth' | 'values'>;

/** What {@link readPlain} gives for what is not plain. */
export const NOT_PLAIN: unique symbol = Symbol('not plain');

// Nothing that is called here can call back, so that these are never used twice at once.
let bytes: Buffer;
let position = 0;
let end = 0;
let values = 0;
const keys = new KeyCache();
const indexKeys = new IndexKeys();

/** The value that fills `[from, to)`, or NOT_PLAIN. It shares no memory with the bytes. */
export function readPlain(source: Buffer, from: number, to: number, within: Within): unknown {
  return read(source, from, to, within, () => {
    values = within.values;
    return readValue(within.depth);
  });
}

/** The items of the array that fills `[from, to)`, each within the limits and at most `most` bytes, or NOT_PLAIN. */
export function readPlainItems(
  source: Buffer,
  from: number,
  to: number,
  within: Within,
  most: number,
): unknown[] | typeof NOT_PLAIN {
  return read(source, from, to, within, () => {
    const count = readCount();
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) {
      values = within.values;
      const start = position;
      items.push(readValue(within.depth));
      if (position - start > most) throw NOT_PLAIN;
    }
    return items;
  });
}

function read<T>(source: Buffer, from: number, to: number, within: Within, how: () => T): T | typeof NOT_PLAIN {
  bytes = source;
  position = from;
  end = to;
  indexKeys.begin(within.depth);
  try {
    const value = how();
    return position === end ? value : NOT_PLAIN;
  } catch (thrown) {
    if (thrown === NOT_PLAIN || thrown instanceof Malformed) return NOT_PLAIN;
    throw thrown;
  } finally {
    bytes = NOTHING;
  }
}

const NOTHING = Buffer.alloc(0);

function readCount(): number {
  const token = next();
  if ((token & 0xf0) === 0x90) return token & 0x0f;
  if (token === 0xdc) return readUnsigned(2);
  throw NOT_PLAIN;
}

function next(): number {
  if (position >= end) throw NOT_PLAIN;
  return bytes[position++] as number;
}

function readValue(depth: number): unknown {
  if (--values < 0) throw NOT_PLAIN;
  const token = next();
  if (token < 0x80) return token;
  if (token >= 0xe0) return token - 0x100;
  if (token >= 0xa0 && token < 0xc0) return readString(token & 0x1f);
  if (token < 0x90) return readMap(token & 0x0f, depth);
  if (token < 0xa0) return readList(token & 0x0f, depth);
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcb:
      return bytes.readDoubleBE(skip(8));
    case 0xcc:
      return readUnsigned(1);
    case 0xcd:
      return readUnsigned(2);
    case 0xce:
      return readUnsigned(4);
    case 0xd0:
      return (readUnsigned(1) << 24) >> 24;
    case 0xd1:
      return (readUnsigned(2) << 16) >> 16;
    case 0xd2:
      return readUnsigned(4) | 0;
    case 0xd4:
      if (readUnsigned(2) !== 0) throw NOT_PLAIN;
      return undefined;
    case 0xd9:
      return readString(readUnsigned(1));
    case 0xda:
      return readString(readUnsigned(2));
    case 0xdc:
      return readList(readUnsigned(2), depth);
    case 0xde:
      return readMap(readUnsigned(2), depth);
    default:
      throw NOT_PLAIN;
  }
}

/** Passes over so many bytes. Returns where they begin. */
function skip(length: number): number {
  const start = position;
  if (length > end - start) throw NOT_PLAIN;
  position = start + length;
  return start;
}

function readUnsigned(size: 1 | 2 | 4): number {
  let at = skip(size);
  let value = bytes[at] as number;
  while (++at < position) value = value * 256 + (bytes[at] as number);
  return value;
}

function readString(length: number): string {
  const start = skip(length);
  return length === 0 ? '' : readText(bytes, start, position);
}

function readList(length: number, depth: number): unknown[] {
  // Each element is a byte at least: a false length is refused before anything is made for it.
  if (depth === 0 || length > end - position) throw NOT_PLAIN;
  const list: unknown[] = [];
  for (let i = 0; i < length; i++) list.push(readValue(depth - 1));
  return list;
}

function readMap(length: number, depth: number): Record<string, unknown> {
  if (depth === 0 || 2 * length > end - position) throw NOT_PLAIN;
  indexKeys.open(depth);
  const map: Record<string, unknown> = {};
  for (let i = 0; i < length; i++) {
    const key = readKey(depth);
    map[key] = readValue(depth - 1);
  }
  return map;
}

function readKey(depth: number): string {
  if (--values < 0) throw NOT_PLAIN;
  const token = next();
  let length: number;
  if (token >= 0xa0 && token < 0xc0) length = token & 0x1f;
  else if (token === 0xd9) length = readUnsigned(1);
  else throw NOT_PLAIN;
  const start = skip(length);
  if (!indexKeys.allows(depth, bytes, start, position)) throw NOT_PLAIN;
  const key =
    length === 0
      ? ''
      : (keys.find(bytes, start, length) ?? keys.add(bytes, start, length, readText(bytes, start, position)));
  if (key === '__proto__') throw NOT_PLAIN;
  return key;
}
