import { HEADER_BYTES } from '../src/wire/frame.ts';
import { PREFACE } from '../src/wire/preface.ts';

/** One frame as an onlooker sees it. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  /** Valid only while it is being told. */
  readonly payload: Buffer;
}

/** Cuts the bytes of one direction into frames, with no help of what is under test. */
export class FrameCutter {
  readonly #frame: (frame: Frame) => void;
  #kept: Buffer = NOTHING;
  #skip = PREFACE.dialer.length;

  constructor(frame: (frame: Frame) => void) {
    this.#frame = frame;
  }

  /** The bytes that have come of a frame that is not whole. */
  get kept(): number {
    return this.#kept.length;
  }

  see(bytes: Uint8Array): void {
    const come = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let rest = this.#kept.length === 0 ? come : Buffer.concat([this.#kept, come]);
    const skipped = Math.min(this.#skip, rest.length);
    this.#skip -= skipped;
    rest = rest.subarray(skipped);
    while (rest.length >= HEADER_BYTES) {
      const end = 4 + rest.readUInt32BE(0);
      if (end < HEADER_BYTES || rest.length < end) break;
      const [type, flags] = [rest[4] as number, rest[5] as number];
      this.#frame({ type, flags, call: rest.readUInt32BE(6), payload: rest.subarray(HEADER_BYTES, end) });
      rest = rest.subarray(end);
    }
    // What has come is its reader's, who may use the memory again.
    this.#kept = rest.length === 0 ? NOTHING : Buffer.from(rest);
  }
}

const NOTHING = Buffer.alloc(0);
