import { FLAG, FRAME } from '../wire/frame.ts';
import type { FrameWriter } from '../wire/frame-writer.ts';
import { TOTAL_BYTES } from './message.ts';

/** What an item or an event costs besides the bytes of its body. */
export const ITEM_COST = 64;

/** An item or an event on its way in frames of its own: in one where it fits, else in several, as its credit allows. */
export class Parcel {
  readonly #type: number;
  readonly #call: number;
  /** Stands before the body in its first frame. */
  readonly #prologue: Uint8Array;
  readonly #body: Uint8Array;
  readonly #flags: number;
  #sent = -1;

  constructor(type: number, flags: number, call: number, prologue: Uint8Array, body: Uint8Array) {
    this.#type = type;
    this.#flags = flags;
    this.#call = call;
    this.#prologue = prologue;
    this.#body = body;
  }

  /** Whether its first frame has been written. */
  get begun(): boolean {
    return this.#sent >= 0;
  }

  get done(): boolean {
    return this.#sent === this.#body.length;
  }

  /** Whether it goes in one frame, for this credit. */
  fits(credit: number, chunk: number): boolean {
    return this.#prologue.length + this.#body.length <= chunk && ITEM_COST + this.#body.length <= credit;
  }

  /**
   * Whether its next frame can be written. What costs no more than half of the window waits until it fits, because it
   * will: a receiver grants at least that much to whoever has sent nothing that is unread. Anything longer goes in parts.
   */
  affordable(credit: number, window: number, chunk: number): boolean {
    if (this.begun) return credit > 0;
    if (this.fits(credit, chunk)) return true;
    const waits = ITEM_COST + this.#body.length <= window / 2 && this.fits(window, chunk);
    return !waits && credit > ITEM_COST;
  }

  /** Writes its next frame, which is affordable. Returns what it costs. */
  write(frames: FrameWriter, chunk: number, credit: number): number {
    const body = this.#body;
    const from = this.#sent;
    if (from >= 0) {
      this.#sent = from + Math.min(chunk, credit, body.length - from);
      // A copy: whoever made the item may use its memory again as soon as it has been taken.
      frames.begin(FRAME.CHUNK, this.done ? 0 : FLAG.MORE, this.#call, this.#sent - from);
      frames.bytes(body.subarray(from, this.#sent));
      frames.end();
      return this.#sent - from;
    }
    const whole = this.fits(credit, chunk);
    const before = this.#prologue.length + (whole ? 0 : TOTAL_BYTES);
    this.#sent = whole ? body.length : Math.min(chunk - before, credit - ITEM_COST);
    frames.begin(this.#type, whole ? this.#flags : this.#flags | FLAG.MORE, this.#call, before + this.#sent);
    frames.bytes(this.#prologue);
    if (!whole) frames.u64(body.length);
    frames.bytes(body.subarray(0, this.#sent));
    frames.end();
    return ITEM_COST + this.#sent;
  }
}
