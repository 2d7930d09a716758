/**
 * The pass over msgpack bytes before they are unpacked. A peer's bytes are hostile until this has seen them: it
 * refuses what nearcall does not send (foreign extensions, which make msgpackr compile code or build cycles), false
 * lengths, bytes left over, text that is not UTF-8, and more depth or values than the limits allow.
 */
import { isUtf8 } from 'node:buffer';
import { EXTENSION } from './extension.ts';
import { IndexKeys } from './index-keys.ts';
import type { Limits } from './limits.ts';
import { isProtoKey } from './proto-key.ts';
import { isTimestamp } from './timestamp.ts';

/** Why bytes were not read as a value. Its message completes "The bytes hold …". */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

type Within = Pick<Limits, 'depth' | 'values'>;

// Each container puts how many values it still lacks here; maps count keys and values, and lie below zero.
let lacking = new Int32Array(64);
const indexKeys = new IndexKeys();
let bytes: Uint8Array;
let position = 0;
let end = 0;
let values = 0;

/**
 * Passes over the one msgpack value that fills `[from, to)`; where `most` is given, over an array of items, each of so
 * many bytes at most and within the limits for itself.
 *
 * @throws Malformed naming what is wrong and at which byte of the value.
 */
export function inspect(source: Uint8Array, from: number, to: number, within: Within, most?: number): void {
  bytes = source;
  position = from;
  end = to;
  if (lacking.length < within.depth + 1) lacking = new Int32Array(within.depth + 1);
  indexKeys.begin(within.depth);
  try {
    for (let left = most === undefined ? 1 : readCount(from); left > 0; left--) {
      values = 0;
      const start = position;
      inspectValue(from, 0, within);
      if (most !== undefined && position - start > most) throw malformed(from, `more than ${most} (limit "message")`);
    }
    if (position !== end) throw malformed(from, `${end - position} bytes more than its value`);
  } finally {
    bytes = EMPTY;
  }
}

/** The length of an array that begins here. */
function readCount(from: number): number {
  const token = bytes[position++] as number;
  if ((token & 0xf0) === 0x90) return token & 0x0f;
  if (token === 0xdc || token === 0xdd) return readLength(token === 0xdc ? 2 : 4, from);
  throw malformed(from, 'no array');
}

const EMPTY = new Uint8Array(0);

function malformed(from: number, what: string): Malformed {
  return new Malformed(`${what} at byte ${position - from}`);
}

/** Passes one value, with all that it contains, from `position` on. `base` is the depth that it starts at. */
function inspectValue(from: number, base: number, within: Within): void {
  let depth = base;
  lacking[depth] = 1;
  for (;;) {
    const left = lacking[depth] as number;
    if (left === 0) {
      if (depth === base) return;
      depth--;
      continue;
    }
    // A map lies below zero, and its next value is a key while an even number is lacking.
    const isKey = left < 0 && (left & 1) === 0;
    lacking[depth] = left < 0 ? left + 1 : left - 1;
    if (++values > within.values) throw malformed(from, `more than ${within.values} values (limit "values")`);
    if (position >= end) throw malformed(from, 'a value that is cut off');
    const token = bytes[position++] as number;
    if (isKey) {
      inspectKey(token, depth, from);
      continue;
    }
    if (token < 0x80 || token >= 0xe0) continue;
    let count: number;
    if (token >= 0xa0 && token < 0xc0) {
      inspectText(token & 0x1f, from);
      continue;
    } else if (token < 0x90) count = -2 * (token & 0x0f);
    else if (token < 0xa0) count = token & 0x0f;
    else if (token === 0xdc) count = readLength(2, from);
    else if (token === 0xdd) count = readLength(4, from);
    else if (token === 0xde) count = -2 * readLength(2, from);
    else if (token === 0xdf) count = -2 * readLength(4, from);
    else {
      inspectScalar(token, depth, from, within);
      continue;
    }
    if (Math.abs(count) > end - position) throw malformed(from, 'a container longer than the message');
    if (++depth > within.depth) throw malformed(from, `values nested deeper than ${within.depth} (limit "depth")`);
    lacking[depth] = count;
    indexKeys.open(depth);
  }
}

function readLength(size: 1 | 2 | 4, from: number): number {
  if (position + size > end) throw malformed(from, 'a length that is cut off');
  let length = bytes[position++] as number;
  for (let i = 1; i < size; i++) length = length * 256 + (bytes[position++] as number);
  return length;
}

function skip(length: number, from: number): void {
  if (length > end - position) throw malformed(from, 'a length that runs past the end');
  position += length;
}

function inspectKey(token: number, depth: number, from: number): void {
  let length: number;
  if (token >= 0xa0 && token < 0xc0) length = token & 0x1f;
  else if (token === 0xd9) length = readLength(1, from);
  else if (token === 0xda) length = readLength(2, from);
  else if (token === 0xdb) length = readLength(4, from);
  else throw malformed(from, 'a key that is not a string');
  const start = position;
  inspectText(length, from);
  // Assigning this key would set a prototype; msgpackr renames it, which would lose it silently.
  if (isProtoKey(bytes, start, length)) throw malformed(from, 'a key named "__proto__"');
  if (!indexKeys.allows(depth, bytes, start, position)) throw malformed(from, TOO_MANY_INDEX_KEYS);
}

const TOO_MANY_INDEX_KEYS = 'too many objects with keys like "320", which take an engine over 128 MiB,';

function inspectText(length: number, from: number): void {
  const start = position;
  skip(length, from);
  // Up to here a loop is cheaper than the call into native code.
  if (length < 64) {
    let i = start;
    while (i < position && (bytes[i] as number) < 0x80) i++;
    if (i === position) return;
  }
  if (!isUtf8(bytes.subarray(start, position))) throw malformed(from, 'text that is not UTF-8');
}

/** Passes a value whose token holds neither text of under 32 bytes nor a container. */
function inspectScalar(token: number, depth: number, from: number, within: Within): void {
  switch (token) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return;
    case 0xc4:
      return skip(readLength(1, from), from);
    case 0xc5:
      return skip(readLength(2, from), from);
    case 0xc6:
      return skip(readLength(4, from), from);
    case 0xc7:
      return inspectExtension(readLength(1, from), depth, from, within);
    case 0xc8:
      return inspectExtension(readLength(2, from), depth, from, within);
    case 0xc9:
      return inspectExtension(readLength(4, from), depth, from, within);
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return skip(4, from);
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return skip(8, from);
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return skip(1, from);
    case 0xcd: // uint 16
    case 0xd1: // int 16
      return skip(2, from);
    case 0xd4:
      return inspectExtension(1, depth, from, within);
    case 0xd5:
      return inspectExtension(2, depth, from, within);
    case 0xd6:
      return inspectExtension(4, depth, from, within);
    case 0xd7:
      return inspectExtension(8, depth, from, within);
    case 0xd8:
      return inspectExtension(16, depth, from, within);
    case 0xd9:
      return inspectText(readLength(1, from), from);
    case 0xda:
      return inspectText(readLength(2, from), from);
    case 0xdb:
      return inspectText(readLength(4, from), from);
    default:
      throw malformed(from, `the byte 0x${token.toString(16)}, which msgpack does not use,`);
  }
}

const MAX_BIGINT_BYTES = 1024;

function inspectExtension(length: number, depth: number, from: number, within: Within): void {
  const type = readLength(1, from);
  const start = position;
  skip(length, from);
  switch (type) {
    case EXTENSION.undefined:
      if (length === 1 && bytes[start] === 0) return;
      break;
    case EXTENSION.bigint:
      if (length >= 1 && length <= MAX_BIGINT_BYTES) return;
      break;
    case EXTENSION.timestamp:
      if (isTimestamp(bytes, start, length)) return;
      break;
    case EXTENSION.map:
    case EXTENSION.set:
      return inspectContainer(type, start, depth, from, within);
    default:
      throw malformed(from, `an extension of type ${type}, which nearcall does not use,`);
  }
  throw malformed(from, `an extension of type ${type} that is ${length} bytes long`);
}

/** Passes the array inside a Map or a Set. */
function inspectContainer(type: number, start: number, depth: number, from: number, within: Within): void {
  const after = position;
  const outerEnd = end;
  const token = bytes[start] as number;
  const isArray = start < after && ((token & 0xf0) === 0x90 || token === 0xdc || token === 0xdd);
  if (!isArray) throw malformed(from, 'a Map or Set that holds no array');
  end = after;
  position = start + 1;
  const members = token < 0xa0 ? token & 0x0f : readLength(token === 0xdc ? 2 : 4, from);
  position = start;
  if (type === EXTENSION.map && members % 2 === 1) throw malformed(from, 'a Map with a key and no value');
  // The array inside is no level and no value of its own: the sender counts the Map or Set once.
  const left = lacking[depth] as number;
  values--;
  inspectValue(from, depth, within);
  lacking[depth] = left;
  if (position !== after) throw malformed(from, 'a Map or Set with bytes left over');
  end = outerEnd;
}
