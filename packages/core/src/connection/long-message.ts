import { FLAG, FRAME } from '../wire/frame.ts';
import { FrameWriter } from '../wire/frame-writer.ts';
import type { Flow, Outbox } from './outbox.ts';

const NOTHING = new Uint8Array(0);

/** The most that the first frame of several holds: it is kept while the message waits to be let on. */
export const FIRST_BYTES = 65_536;

/**
 * The most that a later one holds: small calls wait behind those that are on their way. With 64 KiB, 1 MiB took 1.05 to 1.1
 * times the CPU.
 */
const PART_BYTES = 131_072;

/** The rest of a message that is longer than a frame. It goes out in chunks, as its credit allows. */
export class LongMessage implements Flow {
  readonly #outbox: Outbox;
  readonly #call: number;
  #body: Uint8Array;
  #done: () => void;
  #sent: number;
  #credit = 0;

  /** `sent`: what its first frame held. `done` is called once, when the last chunk has been written. */
  constructor(outbox: Outbox, call: number, body: Uint8Array, sent: number, done: () => void) {
    this.#outbox = outbox;
    this.#call = call;
    this.#body = body;
    this.#sent = sent;
    this.#done = done;
  }

  grant(credit: number): void {
    this.#credit += credit;
    if (this.#credit > 0) this.#outbox.ready(this);
  }

  write(frames: FrameWriter, chunk: number): boolean {
    const size = Math.min(chunk, PART_BYTES, this.#credit, this.#body.length - this.#sent);
    const to = this.#sent + size;
    const more = to < this.#body.length;
    frames.begin(FRAME.CHUNK, more ? FLAG.MORE : 0, this.#call, FrameWriter.roomFor(size));
    frames.endWith(this.#body.subarray(this.#sent, to));
    this.#sent = to;
    this.#credit -= size;
    if (more) return this.#credit > 0;
    this.#outbox.dropFlow(this.#call);
    const done = this.#done;
    // As an assembly does that has left: of 4 that are sent at a time, all stayed until the whole heap was collected.
    this.#body = NOTHING;
    this.#done = () => {};
    done();
    return false;
  }
}
