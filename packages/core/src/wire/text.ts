/**
 * A body that is one string, as most are in a service of texts: written straight into outgoing memory and read where it
 * lies, without msgpackr.
 */
import { isUtf8 } from 'node:buffer';
import { Malformed } from './inspect.ts';
import { LONG_TEXT, readLongText } from './long-text.ts';

/** A Buffer with functions that Node gives it and its types leave out: `toString` and `write` end in these. */
interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, at: number, most: number): number;
}

/** Where the text begins in a body that is one string and nothing else, else 0. */
export function textStart(bytes: Buffer, start: number, end: number): number {
  const token = bytes[start] as number;
  const left = end - start;
  if (token >= 0xa0 && token < 0xc0) return left === 1 + (token & 0x1f) ? start + 1 : 0;
  if (token === 0xd9) return left >= 2 && left === 2 + (bytes[start + 1] as number) ? start + 2 : 0;
  // The longest form is so seldom short that it goes the long way.
  if (token === 0xdb && left > 0x1_0000) return left === 5 + bytes.readUInt32BE(start + 1) ? start + 5 : 0;
  if (token !== 0xda || left < 3) return 0;
  return left === 3 + (((bytes[start + 1] as number) << 8) | (bytes[start + 2] as number)) ? start + 3 : 0;
}

const REPLACEMENT = '\ufffd';

/**
 * Reads text: 38 ns for `hello world`, where the inspection and msgpackr take 121.
 *
 * @throws Malformed where it is not UTF-8.
 */
export function readText(buffer: Buffer, start: number, end: number): string {
  const bytes = buffer as Bytes;
  if (end - start <= 16) {
    let i = start;
    while (i < end && (bytes[i] as number) < 0x80) i++;
    if (i === end) return shortAscii(bytes, start, end);
  }
  if (end - start >= LONG_TEXT) return readLongText(bytes, start, end);
  const text = bytes.utf8Slice(start, end);
  // Node puts this character where bytes are not UTF-8. To look for it is free in a text of Latin characters.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end))) {
    throw new Malformed('text that is not UTF-8 at byte 0');
  }
  return text;
}

const char = String.fromCharCode;

/**
 * Up to 16 ASCII characters. Reading all 16 bytes and cutting what is too much takes two thirds of `latin1Slice`'s time;
 * near the end of the buffer, where that would read past it, the slower way does.
 */
function shortAscii(b: Bytes, s: number, end: number): string {
  if (s + 16 > b.length) return b.latin1Slice(s, end);
  // biome-ignore format: one line a half is what makes it readable
  const head = char(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!);
  const length = end - s;
  if (length <= 8) return head.slice(0, length);
  // biome-ignore format: as above
  const tail = char(b[s + 8]!, b[s + 9]!, b[s + 10]!, b[s + 11]!, b[s + 12]!, b[s + 13]!, b[s + 14]!, b[s + 15]!);
  return head + tail.slice(0, length - 8);
}

/** A string of up to so many units can be tried by {@link writeText}: in UTF-8 its length fits two bytes. */
export const MAX_TEXT = 21_000;

/** From here on a call into native code is cheaper than a loop. */
export const LOOP = 64;

/** The most bytes that {@link writeText} writes for a string of so many units. */
export function textRoom(units: number): number {
  return 3 + 3 * units;
}

/**
 * Writes a string's body (25 ns for `hello world`, where msgpackr and a copy take 138) at `position`, where {@link textRoom} bytes are free, without a buffer in between. Returns the
 * position behind it, or -1 for a string that UTF-8 cannot hold.
 */
export function writeText(into: Buffer, position: number, text: string): number {
  const length = text.length;
  if (length >= LOOP) return writeLongText(into, position, text);
  let at = position;
  if (length < 32) into[at++] = 0xa0 | length;
  else {
    into[at++] = 0xd9;
    into[at++] = length;
  }
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return writeLongText(into, position, text);
    into[at++] = unit;
  }
  return at;
}

function writeLongText(into: Buffer, position: number, text: string): number {
  if (!text.isWellFormed()) return -1;
  const head = headSize(text);
  const length = (into as Bytes).utf8Write(text, position + head, 3 * text.length);
  if (head === 1) into[position] = 0xa0 | length;
  else if (head === 2) into[position] = 0xd9;
  else {
    into[position] = 0xda;
    into[position + 1] = length >>> 8;
  }
  if (head > 1) into[position + head - 1] = length;
  return position + head + length;
}

/** How many bytes stand before a text: as few as can be. */
function headSize(text: string): 1 | 2 | 3 {
  if (text.length >= 256) return 3;
  const bytes = Buffer.byteLength(text, 'utf8');
  return bytes < 32 ? 1 : bytes < 256 ? 2 : 3;
}
