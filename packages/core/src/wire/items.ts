/** Items of a stream that share a frame: one msgpack array, written item by item and read at once. */
import { readAlike } from './alike.ts';
import { type BodyLimits, encodeBody } from './body.ts';
import type { FrameWriter } from './frame-writer.ts';
import { inspect, Malformed } from './inspect.ts';
import { unpack } from './msgpack.ts';
import { NOT_PLAIN, readPlainItems } from './plain-reader.ts';
import { writePlain } from './plain-writer.ts';
import type { WriteShaped } from './shaped-writer.ts';

/** The most bytes before the items: the array's length. */
const HEAD_BYTES = 5;

/** Up to so many bytes are gathered; then they are sent. More in a frame makes no measurable difference. */
const GATHERED_BYTES = 32_768;

/** What a plain item takes at most, as a rule. A longer one is encoded apart. */
const ROUGHLY = 4096;

/** What items are gathered in. */
interface Memory {
  readonly buffer: Buffer;
  readonly view: DataView;
}

// One serves all batches of the thread in turn: a stream that waits holds none.
let spare: Memory | undefined;

/** The items that gather for the next frame. Each is encoded as it comes, so that its owner may change it after. */
export class Batch {
  #memory: Memory = NOTHING;
  #at = 0;
  #count = 0;
  /** A getter may run, and nobody else may get the buffer. */
  #writing = false;

  get count(): number {
    return this.#count;
  }

  /** What the frame's payload is at most. */
  get size(): number {
    return this.#count === 0 ? 0 : HEAD_BYTES + this.#at;
  }

  /** Whether it should be sent before more is added. */
  get full(): boolean {
    return this.#at >= GATHERED_BYTES;
  }

  /**
   * Adds an item, if the payload stays within `room` bytes. Returns false, having done nothing, where it does not, or the
   * item is not plain, or not what `formed` writes: then it is to be encoded and {@link addBody added} as it is.
   */
  addPlain(item: unknown, room: number, limits: BodyLimits, formed?: WriteShaped): boolean {
    this.#reserve(this.#at + ROUGHLY);
    const memory = this.#memory;
    const { buffer, view } = memory;
    const most = formed === undefined ? limits.message : Math.min(limits.message, limits.values);
    const end = Math.min(buffer.length, room - HEAD_BYTES, this.#at + most);
    this.#writing = true;
    let at: number;
    try {
      at =
        formed === undefined
          ? writePlain(buffer, this.#at, end, item, limits)
          : formed(buffer, view, this.#at, end, item);
    } finally {
      this.#writing = false;
    }
    // A getter of the item's has given the stream up.
    if (memory !== this.#memory) return true;
    if (at < 0) {
      // A stream of bytes, say, never needs it.
      if (this.#count === 0) this.clear();
      return false;
    }
    this.#at = at;
    this.#count++;
    return true;
  }

  /** Adds an encoded item, if the payload stays within `room` bytes. */
  addBody(body: Uint8Array, room: number): boolean {
    if (HEAD_BYTES + this.#at + body.length > room) return false;
    this.#reserve(this.#at + body.length);
    this.#memory.buffer.set(body, this.#at);
    this.#at += body.length;
    this.#count++;
    return true;
  }

  /** Writes the array into a frame that has begun, with at least {@link size} bytes of room, and is empty again. */
  writeTo(frames: FrameWriter): void {
    const count = this.#count;
    if (count < 16) frames.buffer[frames.at++] = 0x90 | count;
    else {
      frames.buffer[frames.at++] = 0xdc;
      frames.u16(count);
    }
    frames.bytes(this.#memory.buffer.subarray(0, this.#at));
    this.clear();
  }

  clear(): void {
    if (this.#memory !== NOTHING && !this.#writing) spare = this.#memory;
    this.#memory = NOTHING;
    this.#at = 0;
    this.#count = 0;
  }

  #reserve(need: number): void {
    const { buffer } = this.#memory;
    if (need <= buffer.length) return;
    let grown = spare;
    if (grown !== undefined && grown.buffer.length >= need) spare = undefined;
    else grown = memoryOf(Math.max(2 * GATHERED_BYTES, need));
    grown.buffer.set(buffer.subarray(0, this.#at));
    this.#memory = grown;
  }
}

function memoryOf(bytes: number): Memory {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return { buffer, view: new DataView(buffer.buffer) };
}

const NOTHING = memoryOf(0);

/**
 * An item as it stands among others. Unlike a message, an item that is undefined has bytes.
 *
 * @throws RpcError not sent, as {@link encodeBody}.
 */
export function encodeItem(item: unknown, limits: BodyLimits): Uint8Array {
  return item === undefined ? UNDEFINED : encodeBody(item, limits);
}

const UNDEFINED = Uint8Array.of(0xd4, 0, 0);

/** How many items an array claims to have, from its first bytes; 1 where it is none. */
export function countItems(bytes: Uint8Array, start: number, end: number): number {
  const token = start < end ? (bytes[start] as number) : 0;
  if ((token & 0xf0) === 0x90) return token & 0x0f;
  const size = token === 0xdc ? 2 : token === 0xdd ? 4 : 0;
  if (size === 0 || start + 1 + size > end) return 1;
  let count = 0;
  for (let i = 1; i <= size; i++) count = count * 256 + (bytes[start + i] as number);
  return count;
}

/**
 * The items of a frame.
 *
 * @throws Malformed where the bytes are not an array of at least one item, each within the limits.
 */
export function decodeItems(bytes: Buffer, start: number, end: number, limits: BodyLimits): unknown[] {
  const alike = readAlike(bytes, start, end, limits);
  if (alike !== NOT_PLAIN) return alike;
  if (start === end || countItems(bytes, start, end) === 0) throw new Malformed('no item');
  const items = readPlainItems(bytes, start, end, limits, limits.message);
  if (items !== NOT_PLAIN) return items;
  inspect(bytes, start, end, limits, limits.message);
  try {
    return unpack(bytes, start, end) as unknown[];
  } catch (error) {
    if (error instanceof Malformed) throw error;
    throw new Malformed(`what msgpack cannot read (${String(error)})`);
  }
}
