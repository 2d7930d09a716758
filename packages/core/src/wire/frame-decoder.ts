import { COUNTED_HEADER_BYTES, FLAG, FRAME, frameName, HEADER_BYTES } from './frame.ts';
import { ProtocolError } from './protocol-error.ts';

/** Who takes the frames. */
export interface FrameSink {
  /**
   * Takes one frame. The payload is `bytes[start, end)`, valid only during the call.
   * It gets numbers rather than a frame object, because an object a frame is what it would cost most.
   */
  frame(type: number, flags: number, call: number, bytes: Buffer, start: number, end: number): void;
}

/**
 * Cuts a byte stream into frames, however its chunks are cut or merged. Whole frames are read where they lie; one that
 * spans chunks is copied, into memory that grows with what has come rather than with what was announced. Only a CHUNK
 * that is not whole is given in parts, each as a CHUNK that another one follows: it means the same, and bulk bytes are
 * copied once instead of twice (1.4 times the rate).
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  #maxPayload: number;
  #partial: Buffer = NOTHING;
  #have = 0;
  /** What is still to come of a CHUNK whose beginning was given, and how it was headed. */
  #rest = 0;
  #flags = 0;
  #call = 0;

  /** How many frames had begun and not ended when a read was over. One at a time: that they differ tells them apart. */
  cuts = 0;

  /** `maxPayload`: the longest payload that is taken, in bytes. */
  constructor(maxPayload: number, sink: FrameSink) {
    this.#maxPayload = maxPayload;
    this.#sink = sink;
  }

  /** From the next frame on, payloads may be so long. */
  set maxPayload(bytes: number) {
    this.#maxPayload = bytes;
  }

  /** Whether a frame has begun and not ended. */
  get unfinished(): boolean {
    return this.#have > 0 || this.#rest > 0;
  }

  /**
   * Takes the next bytes, and gives every frame that they complete to the sink, in order.
   *
   * @throws ProtocolError at a length that is too long or too short, after the good frames before it were given. The
   * decoder is of no use then.
   */
  push(chunk: Buffer): void {
    let from = 0;
    if (this.#rest > 0) from = this.#giveRest(chunk);
    else if (this.#have > 0) {
      from = this.#complete(chunk);
      if (from < 0) return;
    }
    const length = chunk.length;
    while (length - from >= 4) {
      const payloadEnd = from + 4 + this.#frameLength(chunk, from, length);
      if (payloadEnd > length) {
        if (length - from <= HEADER_BYTES || chunk[from + 4] !== FRAME.CHUNK) break;
        return this.#giveBeginning(chunk, from, payloadEnd);
      }
      this.#give(chunk, from, payloadEnd);
      from = payloadEnd;
    }
    if (from === length) return;
    this.cuts++;
    this.#keep(chunk, from, length);
  }

  /** Gives what is here of a CHUNK that goes on beyond these bytes. */
  #giveBeginning(bytes: Buffer, at: number, payloadEnd: number): void {
    this.cuts++;
    this.#rest = payloadEnd - bytes.length;
    this.#flags = bytes[at + 5] as number;
    this.#call = callOf(bytes, at);
    this.#sink.frame(FRAME.CHUNK, this.#flags | FLAG.MORE, this.#call, bytes, at + HEADER_BYTES, bytes.length);
  }

  /** Gives what has come of such a CHUNK since. Returns where the bytes go on. */
  #giveRest(bytes: Buffer): number {
    const size = Math.min(this.#rest, bytes.length);
    this.#rest -= size;
    if (size > 0) {
      const flags = this.#rest > 0 ? this.#flags | FLAG.MORE : this.#flags;
      this.#sink.frame(FRAME.CHUNK, flags, this.#call, bytes, 0, size);
    }
    return size;
  }

  #give(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 4] as number;
    this.#sink.frame(type, bytes[at + 5] as number, callOf(bytes, at), bytes, at + HEADER_BYTES, end);
  }

  /** The frame's length field, refused before anything is stored for it. */
  #frameLength(bytes: Buffer, at: number, end: number): number {
    const length =
      (bytes[at] as number) * 0x100_0000 +
      (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
    if (length < COUNTED_HEADER_BYTES) {
      throw new ProtocolError(`a frame said it is ${length} bytes long, less than its own header`);
    }
    if (length - COUNTED_HEADER_BYTES > this.#maxPayload) {
      const type = at + 4 < end ? ` (${frameName(bytes[at + 4] as number)})` : '';
      throw this.#tooLong(length - COUNTED_HEADER_BYTES, type);
    }
    return length;
  }

  #tooLong(payload: number, type: string): ProtocolError {
    return new ProtocolError(
      `a frame${type} with a payload of ${payload} bytes, where ${this.#maxPayload} are taken (limit "chunk")`,
    );
  }

  /** Fills the kept frame from the chunk. Returns where the chunk goes on, or -1 where it was all needed. */
  #complete(chunk: Buffer): number {
    let from = 0;
    if (this.#have < 4) {
      const missing = Math.min(4 - this.#have, chunk.length);
      this.#keep(chunk, 0, missing);
      from = missing;
      if (this.#have < 4) return -1;
    }
    const whole = 4 + this.#frameLength(this.#partial, 0, this.#have);
    const upTo = Math.min(from + whole - this.#have, chunk.length);
    this.#keep(chunk, from, upTo);
    if (this.#have < whole) return -1;
    const frame = this.#partial;
    this.#partial = NOTHING;
    this.#have = 0;
    this.#give(frame, 0, whole);
    return upTo;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const need = this.#have + to - from;
    if (need > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(64, 2 * this.#partial.length, need));
      grown.set(this.#partial.subarray(0, this.#have));
      this.#partial = grown;
    }
    this.#partial.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#have);
    this.#have = need;
  }
}

function callOf(bytes: Buffer, at: number): number {
  return (
    (bytes[at + 6] as number) * 0x100_0000 +
    (((bytes[at + 7] as number) << 16) | ((bytes[at + 8] as number) << 8) | (bytes[at + 9] as number))
  );
}

const NOTHING = Buffer.alloc(0);
