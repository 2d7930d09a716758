import { COUNTED_HEADER_BYTES, HEADER_BYTES } from './frame.ts';

/** Memory that frames are written into, one stretch after the other. What was handed out is never written again. */
interface Slab {
  readonly buffer: Buffer;
  used: number;
}

const SLAB_BYTES = 65_536;

/** From here on bytes leave from where they are; below, a copy is cheaper than a piece of its own. */
export const WORTH_LENDING = 16_384;

/** What leaves in one piece, and the lent bytes that must follow it at once. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly lent: Uint8Array | undefined;
}

/** With less than this left a slab is left to the garbage collector. */
const WORTH_KEEPING = 2048;

/** What a writer takes of the slab at first. The last to have taken some takes more where that is used up. */
const STRETCH_BYTES = 1024;

// One slab serves every connection of the thread: an idle connection holds none, and those that write in the same tick
// each have a stretch of it. (A slab for each came to 256 MB a tick at 4,000 connections, and to 4 times the CPU a call.)
let shared: Slab | undefined;

function roomOf(slab: Slab | undefined): number {
  return slab === undefined ? 0 : slab.buffer.length - slab.used;
}

function takeSlab(room: number): Slab {
  if (shared !== undefined && roomOf(shared) >= Math.max(room, WORTH_KEEPING)) return shared;
  const slab = { buffer: Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, room)), used: 0 };
  if (slab.buffer.length - room > roomOf(shared)) shared = slab;
  return slab;
}

/**
 * Writes frames one behind the other, so that all frames of a tick leave in one piece. Fields are written straight into
 * the outgoing memory: `begin`, then the fields, then `end`.
 */
export class FrameWriter {
  /** Made for the first: nearly always all leaves in one. */
  #pieces: Piece[] | undefined = undefined;
  /** The rest of the frame whose beginning was taken. */
  #lent: Uint8Array | undefined = undefined;
  #slab: Slab | undefined;
  /** The end of what is ours of the slab. */
  #end = 0;
  #batch = 0;
  #frame = 0;
  #queued = 0;

  /** Where fields go. Valid between `begin` and `end`. */
  buffer: Buffer = NOTHING;
  /** Where the next field goes. */
  at = 0;

  /** The bytes that wait to be taken. */
  get queued(): number {
    return this.#queued + (this.#slab === undefined ? 0 : this.at - this.#batch);
  }

  /** Begins a frame whose payload is at most `room` bytes long. */
  begin(type: number, flags: number, call: number, room: number): void {
    const needed = HEADER_BYTES + room;
    if (this.#end - this.at < needed) this.#open(needed);
    const buffer = this.buffer;
    const at = this.at;
    this.#frame = at;
    buffer[at + 4] = type;
    buffer[at + 5] = flags;
    writeU32(buffer, at + 6, call);
    this.at = at + HEADER_BYTES;
  }

  /** Ends the frame: its length is known now. */
  end(): void {
    writeU32(this.buffer, this.#frame, this.at - this.#frame - HEADER_BYTES + COUNTED_HEADER_BYTES);
  }

  /** Ends the frame with these bytes, which nobody changes until they have left: long ones are not copied. */
  endWith(bytes: Uint8Array): void {
    if (bytes.length < WORTH_LENDING) {
      this.bytes(bytes);
      return this.end();
    }
    const length = this.at - this.#frame - HEADER_BYTES + COUNTED_HEADER_BYTES + bytes.length;
    writeU32(this.buffer, this.#frame, length);
    this.#finish(bytes);
  }

  /** What {@link endWith} needs of the room that `begin` asks for. */
  static roomFor(bytes: number): number {
    return bytes < WORTH_LENDING ? bytes : 0;
  }

  /** Whether the bytes that were taken last end within a frame: nothing but this writer's next bytes may follow them. */
  get split(): boolean {
    return this.#lent !== undefined;
  }

  /** Takes the begun frame back. */
  abandon(): void {
    this.at = this.#frame;
  }

  u16(value: number): void {
    this.buffer[this.at] = value >>> 8;
    this.buffer[this.at + 1] = value;
    this.at += 2;
  }

  u32(value: number): void {
    writeU32(this.buffer, this.at, value);
    this.at += 4;
  }

  /** A whole number up to 2^53 in eight bytes. */
  u64(value: number): void {
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value >>> 0);
  }

  bytes(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Bytes outside any frame: the preface, or a refusal. */
  plain(bytes: Uint8Array): void {
    if (this.#end - this.at < bytes.length) this.#open(bytes.length);
    this.bytes(bytes);
  }

  /** The next bytes to send, or undefined where nothing waits. */
  take(): Uint8Array | undefined {
    const lent = this.#lent;
    if (lent !== undefined) {
      this.#lent = undefined;
      this.#queued -= lent.length;
      return lent;
    }
    const piece = this.#pieces?.shift();
    if (piece === undefined) {
      // An idle connection does not keep room for 17 of them.
      this.#pieces = undefined;
      return this.#cut();
    }
    this.#lent = piece.lent;
    this.#queued -= piece.bytes.length;
    return piece.bytes;
  }

  #open(room: number): void {
    const ours = this.#slab;
    if (ours !== undefined && ours.used === this.#end && ours.buffer.length - this.at >= room) {
      return this.#reach(ours, room);
    }
    this.#finish();
    const slab = takeSlab(room);
    this.#slab = slab;
    this.buffer = slab.buffer;
    this.at = slab.used;
    this.#batch = slab.used;
    this.#reach(slab, room);
  }

  /** Takes a stretch from where we are. */
  #reach(slab: Slab, room: number): void {
    this.#end = Math.min(slab.buffer.length, this.at + Math.max(room, STRETCH_BYTES));
    slab.used = this.#end;
  }

  /** Makes what was written a piece of its own. */
  #finish(lent?: Uint8Array): void {
    const bytes = this.#cut();
    if (bytes === undefined) return;
    this.#pieces ??= [];
    this.#pieces.push({ bytes, lent });
    this.#queued += bytes.length + (lent === undefined ? 0 : lent.length);
  }

  /** Lets go of the slab, with the rest of our stretch unless others' follow. Returns what was written, if anything was. */
  #cut(): Uint8Array | undefined {
    const slab = this.#slab;
    if (slab === undefined) return undefined;
    const bytes = this.at > this.#batch ? this.buffer.subarray(this.#batch, this.at) : undefined;
    if (slab.used === this.#end) slab.used = this.at;
    this.#slab = undefined;
    this.#end = 0;
    this.at = 0;
    this.buffer = NOTHING;
    return bytes;
  }
}

const NOTHING = Buffer.alloc(0);

function writeU32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}
