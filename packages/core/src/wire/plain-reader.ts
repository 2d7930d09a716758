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

// Nothing that is called here can call back, so that these are never used twice at once. The bytes and the place in them
// go by arguments: as variables out here they are loaded and stored anew for each value, which took a sixth more for the
// items of a stream. For the same reason a container counts its values at once.
/** Where the value that was read last ends. */
let position = 0;
/** How many values may still come. */
let values = 0;
const keys = new KeyCache();
const indexKeys = new IndexKeys();

/** The value that fills `[from, to)`, or NOT_PLAIN. It shares no memory with the bytes. */
export function readPlain(source: Buffer, from: number, to: number, within: Within): unknown {
  indexKeys.begin(within.depth);
  try {
    values = within.values - 1;
    const value = readValue(source, from, to, within.depth);
    return position === to ? value : NOT_PLAIN;
  } catch (thrown) {
    return notPlain(thrown);
  }
}

/** The items of the array that fills `[from, to)`, each within the limits and at most `most` bytes, or NOT_PLAIN. */
export function readPlainItems(
  source: Buffer,
  from: number,
  to: number,
  within: Within,
  most: number,
): unknown[] | typeof NOT_PLAIN {
  indexKeys.begin(within.depth);
  const items: unknown[] = [];
  try {
    const count = readCount(source, from, to);
    let at = position;
    for (let i = 0; i < count; i++) {
      values = within.values - 1;
      items.push(readValue(source, at, to, within.depth));
      if (position - at > most) return NOT_PLAIN;
      at = position;
    }
    return at === to ? items : NOT_PLAIN;
  } catch (thrown) {
    return notPlain(thrown);
  }
}

/** What a reader returns for what it has caught. */
export function notPlain(thrown: unknown): typeof NOT_PLAIN {
  if (thrown === NOT_PLAIN || thrown instanceof Malformed) return NOT_PLAIN;
  throw thrown;
}

function readCount(bytes: Buffer, at: number, end: number): number {
  const token = at < end ? (bytes[at] as number) : 0;
  position = at + 1;
  if ((token & 0xf0) === 0x90) return token & 0x0f;
  if (token === 0xdc) return readUnsigned(bytes, at + 1, end, 2);
  throw NOT_PLAIN;
}

function readValue(bytes: Buffer, at: number, end: number, depth: number): unknown {
  if (at >= end) throw NOT_PLAIN;
  const token = bytes[at] as number;
  const behind = at + 1;
  position = behind;
  if (token < 0x80) return token;
  if (token >= 0xe0) return token - 0x100;
  if (token >= 0xa0 && token < 0xc0) return readString(bytes, behind, end, token & 0x1f);
  if (token < 0x90) return readMap(bytes, behind, end, token & 0x0f, depth);
  if (token < 0xa0) return readList(bytes, behind, end, token & 0x0f, depth);
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcb:
      return bytes.readDoubleBE(pass(behind, end, 8));
    case 0xcc:
      return readUnsigned(bytes, behind, end, 1);
    case 0xcd:
      return readUnsigned(bytes, behind, end, 2);
    case 0xce:
      return readUnsigned(bytes, behind, end, 4);
    case 0xd0:
      return (readUnsigned(bytes, behind, end, 1) << 24) >> 24;
    case 0xd1:
      return (readUnsigned(bytes, behind, end, 2) << 16) >> 16;
    case 0xd2:
      return readUnsigned(bytes, behind, end, 4) | 0;
    case 0xd4:
      if (readUnsigned(bytes, behind, end, 2) !== 0) throw NOT_PLAIN;
      return undefined;
    case 0xd9: {
      const length = readUnsigned(bytes, behind, end, 1);
      return readString(bytes, position, end, length);
    }
    case 0xda: {
      const length = readUnsigned(bytes, behind, end, 2);
      return readString(bytes, position, end, length);
    }
    case 0xdb: {
      const length = readUnsigned(bytes, behind, end, 4);
      return readString(bytes, position, end, length);
    }
    case 0xdc: {
      const length = readUnsigned(bytes, behind, end, 2);
      return readList(bytes, position, end, length, depth);
    }
    case 0xde: {
      const length = readUnsigned(bytes, behind, end, 2);
      return readMap(bytes, position, end, length, depth);
    }
    default:
      throw NOT_PLAIN;
  }
}

/** Passes over so many bytes. Returns where they begin. */
function pass(at: number, end: number, length: number): number {
  if (length > end - at) throw NOT_PLAIN;
  position = at + length;
  return at;
}

function readUnsigned(bytes: Buffer, at: number, end: number, size: 1 | 2 | 4): number {
  pass(at, end, size);
  const first = bytes[at] as number;
  if (size === 1) return first;
  const half = (first << 8) | (bytes[at + 1] as number);
  return size === 2 ? half : half * 0x1_0000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
}

function readString(bytes: Buffer, at: number, end: number, length: number): string {
  pass(at, end, length);
  return length === 0 ? '' : readText(bytes, at, at + length);
}

function readList(bytes: Buffer, start: number, end: number, length: number, depth: number): unknown[] {
  // Each element is a byte at least: a false length is refused before anything is made for it.
  if (depth === 0 || length > end - start) throw NOT_PLAIN;
  values -= length;
  if (values < 0) throw NOT_PLAIN;
  const list: unknown[] = [];
  let at = start;
  for (let i = 0; i < length; i++) {
    list.push(readValue(bytes, at, end, depth - 1));
    at = position;
  }
  position = at;
  return list;
}

function readMap(bytes: Buffer, start: number, end: number, length: number, depth: number): Record<string, unknown> {
  if (depth === 0 || 2 * length > end - start) throw NOT_PLAIN;
  values -= 2 * length;
  if (values < 0) throw NOT_PLAIN;
  indexKeys.open(depth);
  const map: Record<string, unknown> = {};
  let at = start;
  for (let i = 0; i < length; i++) {
    const key = readKey(bytes, at, end, depth);
    map[key] = readValue(bytes, position, end, depth - 1);
    at = position;
  }
  position = at;
  return map;
}

function readKey(bytes: Buffer, at: number, end: number, depth: number): string {
  const token = at < end ? (bytes[at] as number) : 0;
  let start = at + 1;
  let length = token & 0x1f;
  if (token < 0xa0 || token >= 0xc0) {
    if (token !== 0xd9) throw NOT_PLAIN;
    length = readUnsigned(bytes, start, end, 1);
    start++;
  }
  pass(start, end, length);
  if (!indexKeys.allows(depth, bytes, start, start + length)) throw NOT_PLAIN;
  const key = length === 0 ? '' : (keys.find(bytes, start, length) ?? addKey(bytes, start, length));
  if (key === '__proto__') throw NOT_PLAIN;
  return key;
}

function addKey(bytes: Buffer, start: number, length: number): string {
  return keys.add(bytes, start, length, readText(bytes, start, start + length));
}
