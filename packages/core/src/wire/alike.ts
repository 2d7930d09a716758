/**
 * Reads items that are alike, as those of a stream are: flat objects that have the keys of the first, in its order. An
 * item of two takes 115 ns, where `plain-reader.ts` takes 150. To that all others are left, and what is malformed or over
 * a limit; so it knows no more than the tokens of flat values, and keeps a place of its own as that does.
 */
import type { Limits } from './limits.ts';
import { NOT_PLAIN, notPlain } from './plain-reader.ts';
import { readText } from './text.ts';

type Within = Pick<Limits, 'message' | 'values'>;

/** A Buffer with a function that Node gives it and its types leave out: `toString` ends in it. */
interface Latin1 extends Buffer {
  latin1Slice(start: number, end: number): string;
}

/** A longer piece of a text may be no copy, and keep all of it. */
const COPIED = 12;

// Nothing that is called here can call back, so that these are never used twice at once. The bytes and the place in them
// go by arguments: the engine would load and store them anew for each value.
/** Where the value that was read last ends. */
let position = 0;
/** The bytes of the frame, each as a character: to cut a short text out of them takes a third of making one. */
let characters = '';

/** The items of the array that fills `[start, end)`, each within the limits, or NOT_PLAIN. They share no memory with it. */
export function readAlike(source: Buffer, start: number, end: number, within: Within): unknown[] | typeof NOT_PLAIN {
  // An array of 16 items or more, and a map of up to 15.
  if (source[start] !== 0xdc || end - start < 4 || ((source[start + 3] as number) & 0xf0) !== 0x80) return NOT_PLAIN;
  const bytes = source as Latin1;
  const count = bytes.readUInt16BE(start + 1);
  characters = bytes.latin1Slice(0, end);
  try {
    const keys = readKeys(bytes, start + 3, end);
    if (1 + 2 * keys.length > within.values) return NOT_PLAIN;
    const heads = headsOf(keys);
    const items: unknown[] = [];
    let at = start + 3;
    for (let i = 0; i < count; i++) {
      items.push(readItem(bytes, at, end, keys, heads));
      if (position - at > within.message) return NOT_PLAIN;
      at = position;
    }
    return at === end ? items : NOT_PLAIN;
  } catch (thrown) {
    return notPlain(thrown);
  } finally {
    characters = '';
  }
}

function readItem(
  bytes: Latin1,
  start: number,
  end: number,
  keys: readonly string[],
  heads: readonly Uint8Array[],
): Record<string, unknown> {
  // The first two keys have places of their own in the code, each with one name as a rule: 25 ns an item.
  let at = pass(bytes, start, end, heads[0] as Uint8Array);
  const item: Record<string, unknown> = { [keys[0] as string]: readValue(bytes, at, end) };
  if (keys.length === 1) return item;
  at = pass(bytes, position, end, heads[1] as Uint8Array);
  item[keys[1] as string] = readValue(bytes, at, end);
  for (let i = 2; i < keys.length; i++) {
    at = pass(bytes, position, end, heads[i] as Uint8Array);
    item[keys[i] as string] = readValue(bytes, at, end);
  }
  return item;
}

/** Passes over these bytes, which must stand there. */
function pass(bytes: Latin1, at: number, end: number, head: Uint8Array): number {
  const { length } = head;
  if (length > end - at) throw NOT_PLAIN;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== head[i]) throw NOT_PLAIN;
  return at + length;
}

/** The keys of the first item. They are names of properties already, and need not be looked up for each item. */
function readKeys(bytes: Latin1, start: number, end: number): string[] {
  const count = (bytes[start] as number) & 0x0f;
  const item: Record<string, unknown> = {};
  position = start + 1;
  for (let i = 0; i < count; i++) {
    const token = bytes[position] as number;
    if (position >= end || token < 0xa1 || token >= 0xc0) throw NOT_PLAIN;
    const key = readShort(bytes, position + 1, end, token & 0x1f);
    // What reads as a number would be an element, and the other decides what the object is.
    if ((key >= '0' && key < ':') || key === '__proto__') throw NOT_PLAIN;
    item[key] = readValue(bytes, position, end);
  }
  const keys = Object.keys(item);
  if (keys.length !== count || count === 0) throw NOT_PLAIN;
  return keys;
}

/** What stands in each item before its values: a key each, and before the first how many there are. */
function headsOf(keys: readonly string[]): Uint8Array[] {
  return keys.map((key, i) => {
    const head = [0xa0 | Buffer.byteLength(key), ...Buffer.from(key)];
    return Uint8Array.from(i === 0 ? [0x80 | keys.length, ...head] : head);
  });
}

function readValue(bytes: Latin1, at: number, end: number): unknown {
  if (at >= end) throw NOT_PLAIN;
  const token = bytes[at] as number;
  const behind = at + 1;
  position = behind;
  if (token < 0x80) return token;
  if (token >= 0xe0) return token - 0x100;
  if (token >= 0xa0 && token < 0xc0) return readShort(bytes, behind, end, token & 0x1f);
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcb:
      return bytes.readDoubleBE(skip(behind, end, 8));
    case 0xcc:
      return bytes[skip(behind, end, 1)];
    case 0xcd:
      return bytes.readUInt16BE(skip(behind, end, 2));
    case 0xce:
      return bytes.readUInt32BE(skip(behind, end, 4));
    case 0xd9:
      return readText(bytes, skip(skip(behind, end, 1) + 1, end, bytes[behind] as number), position);
    default:
      throw NOT_PLAIN;
  }
}

function readShort(bytes: Latin1, start: number, end: number, length: number): string {
  skip(start, end, length);
  const behind = start + length;
  if (length > COPIED) return readText(bytes, start, behind);
  for (let i = start; i < behind; i++) if ((bytes[i] as number) >= 0x80) return readText(bytes, start, behind);
  return characters.slice(start, behind);
}

/** Passes over so many bytes. Returns where they begin. */
function skip(at: number, end: number, length: number): number {
  if (length > end - at) throw NOT_PLAIN;
  position = at + length;
  return at;
}
