/**
 * Texts that are so long that native code may look at them more than once. 1 MiB of ASCII there and back takes 8 ms of CPU
 * with the handler's `toUpperCase`, where msgpackr and the checks around it took 12; 64 Ki of Chinese 1.6, where they took 6.
 */
import { isAscii, isUtf8, transcode } from 'node:buffer';
import { Malformed } from './inspect.ts';

/** A Buffer with functions that Node gives it and its types leave out: `toString` and `write` end in these. */
interface Bytes extends Buffer {
  ucs2Slice(): string;
  utf8Slice(): string;
  ucs2Write(text: string, at: number): number;
  utf8Write(text: string, at: number, most: number): number;
}

/** From so many bytes on. */
export const LONG_TEXT = 4096;

/** In so many bytes, or units, a text shows what letters it has. */
const FIRST = 1024;

/** From 24 on Node takes the way by UTF-16 itself. */
const BY_UNITS = typeof transcode === 'function' && Number.parseInt(process.versions.node, 10) < 24;

/**
 * Reads text.
 *
 * @throws Malformed where it is not UTF-8, or longer than a string can be.
 */
export function readLongText(buffer: Buffer, start: number, end: number): string {
  const bytes = buffer.subarray(start, end) as Bytes;
  try {
    // From 1 MiB on `latin1Slice` takes a tenth of the time, but puts the text outside V8's heap, which then marks all of it
    // again and again: 1 MiB there and back took 9 to 13 ms of CPU so, and takes 8.
    if (isAscii(bytes)) return bytes.utf8Slice();
    if (isUtf8(bytes)) return BY_UNITS && isWide(bytes) ? readWide(bytes) : bytes.utf8Slice();
  } catch (error) {
    throw new Malformed(`text that cannot be read (${String(error)})`);
  }
  throw new Malformed('text that is not UTF-8 at byte 0');
}

/** Whether a character soon comes that lies beyond U+00FF. A text without takes a byte for each in memory, and stays so. */
function isWide(bytes: Buffer): boolean {
  const end = Math.min(bytes.length, FIRST);
  for (let i = 0; i < end; i++) if ((bytes[i] as number) >= 0xc4) return true;
  return false;
}

/** Chinese takes a tenth of `utf8Slice`'s time so, and Cyrillic too. */
function readWide(bytes: Buffer): string {
  return (transcode(bytes, 'utf8', 'utf16le') as Bytes).ucs2Slice();
}

/** The most bytes before a text. */
const HEAD = 5;

/** From so many units on {@link encodeLongText} knows how a text begins. */
export const SHORTEST = 256;

/** The body of a text of so many units or more; undefined where UTF-8 cannot hold it. */
export function encodeLongText(text: string): Uint8Array | undefined {
  return encodeAscii(text) ?? encodeUnits(text);
}

/** Writes the same into `[at, end)`. Returns the position behind it, or -1 where that cannot be done. */
export function putLongText(into: Buffer, at: number, end: number, text: string): number {
  const body = at + text.length > end ? undefined : encodeLongText(text);
  if (body === undefined || at + body.length > end) return -1;
  into.set(body, at);
  return at + body.length;
}

/** 1 MiB takes 0.1 ms. */
function encodeAscii(text: string): Uint8Array | undefined {
  const { length } = text;
  for (let i = Math.min(length, FIRST) - 1; i >= 0; i--) if (text.charCodeAt(i) >= 0x80) return undefined;
  const bytes = Buffer.allocUnsafeSlow(HEAD + length) as Bytes;
  // That so many bytes are all ASCII shows that each unit took one.
  const whole = bytes.utf8Write(text, HEAD, length) === length && isAscii(bytes.subarray(HEAD));
  return whole ? withHead(bytes) : undefined;
}

/** By UTF-16: half to a fifth of what `isWellFormed`, `byteLength` and `utf8Write` take, each of which walks over it. */
function encodeUnits(text: string): Uint8Array | undefined {
  const utf16 = Buffer.allocUnsafeSlow(2 * (HEAD + text.length)) as Bytes;
  // They become a byte each, where the head is put.
  utf16.fill(0, 0, 2 * HEAD);
  utf16.ucs2Write(text, 2 * HEAD);
  try {
    return withHead(transcode(utf16, 'utf16le', 'utf8'));
  } catch {
    // Half of a surrogate pair; or a Node that was built without this.
    return undefined;
  }
}

/** Puts the head before a text, which begins at {@link HEAD}. */
function withHead(bytes: Buffer): Uint8Array {
  const length = bytes.length - HEAD;
  if (length > 0xffff) {
    bytes[0] = 0xdb;
    bytes.writeUInt32BE(length, 1);
    return bytes;
  }
  bytes[2] = 0xda;
  bytes.writeUInt16BE(length, 3);
  return bytes.subarray(2);
}
