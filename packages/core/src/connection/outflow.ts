import type { Form } from '../wire/form.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import type { FrameWriter } from '../wire/frame-writer.ts';
import { Batch, encodeItem } from '../wire/items.ts';
import type { Limits } from '../wire/limits.ts';
import type { WriteShaped } from '../wire/shaped-writer.ts';
import type { Flow, Outbox } from './outbox.ts';
import { ITEM_COST, Parcel } from './parcel.ts';

const NO_PROLOGUE = new Uint8Array(0);

/**
 * The stream that this end sends along one half of a call. Items are encoded as they are added; those of a tick share a
 * frame. What it holds is bounded: one batch, and one item that does not fit it.
 */
export class Outflow implements Flow {
  readonly #outbox: Outbox;
  readonly #call: number;
  readonly #remote: Limits;
  readonly #batch = new Batch();
  #parcel: Parcel | undefined = undefined;
  #credit: number;
  #last: (() => void) | undefined = undefined;
  #over = false;
  #begun = false;

  /** How many items a frame gets at most. */
  quota: number = Number.POSITIVE_INFINITY;

  /** Called when there is room again after there was none. */
  onRoom: () => void = () => {};

  constructor(outbox: Outbox, call: number, remote: Limits) {
    this.#outbox = outbox;
    this.#call = call;
    this.#remote = remote;
    this.#credit = remote.window;
    outbox.addFlow(call, this);
  }

  /** Whether an item may be added. */
  get roomy(): boolean {
    if (this.#over || this.#parcel !== undefined) return false;
    return !this.#batch.full && this.#batch.count < this.quota && this.#left() > ITEM_COST;
  }

  /** What writes the items of a form, after so many have gone. `checking`: as its schema would, else as they are. */
  writerOf(form: Form, checking: boolean, before: number): WriteShaped | undefined {
    return form.itemWriter(checking, before, this.#remote);
  }

  /** Whether an item has been added. */
  get begun(): boolean {
    return this.#begun || this.#batch.count > 0 || this.#parcel !== undefined;
  }

  /** Whether nothing more can be added, ever. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Adds an item by what writes those of its form, where there is room. Returns false, having done nothing, where it has
   * another form, or does not fit: then it is to be checked, and {@link add added}.
   */
  addFormed(write: WriteShaped, item: unknown): boolean {
    const batch = this.#batch;
    if (!batch.addPlain(item, this.#room(), this.#remote, write)) return false;
    // The others are on their way already.
    if (batch.count === 1) this.#leaves();
    return true;
  }

  /**
   * Adds an item, where there is room. Its owner may change it afterwards, but bytes only once there is room again.
   *
   * @throws RpcError where it cannot be encoded or is over a limit. It is not sent then; the stream may go on.
   */
  add(item: unknown): void {
    const batch = this.#batch;
    const room = this.#room();
    if (batch.addPlain(item, room, this.#remote)) {
      // The others are on their way already.
      if (batch.count === 1) this.#leaves();
    } else this.#addOther(item, room);
  }

  #addOther(item: unknown, room: number): void {
    const body = encodeItem(item, this.#remote);
    const raw = item instanceof Uint8Array;
    if (this.#over) return;
    if (raw || !this.#batch.addBody(body, room)) {
      this.#parcel = new Parcel(FRAME.ITEM, raw ? FLAG.RAW : 0, this.#call, NO_PROLOGUE, body);
    }
    this.#leaves();
  }

  #leaves(): void {
    if (this.#over) return;
    this.#outbox.ready(this);
    this.#outbox.wake();
  }

  /** No more items: `last` writes what ends the half, once all that was added has left. */
  finish(last: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#last = last;
    this.#endIfDone();
  }

  /** The receiver reads no more: what has not begun to leave is dropped, and then `last` is written. */
  stop(last: () => void): void {
    this.#batch.clear();
    if (this.#parcel?.begun === false) this.#parcel = undefined;
    this.#over = true;
    this.#last = last;
    this.#endIfDone();
  }

  /** Drops everything, and writes nothing more. */
  drop(): void {
    this.#over = true;
    this.#last = undefined;
    this.#batch.clear();
    this.#parcel = undefined;
    this.#outbox.dropFlow(this.#call);
    this.onRoom();
  }

  grant(credit: number): void {
    this.#credit += credit;
    if (this.#batch.count > 0 || this.#parcel !== undefined) this.#outbox.ready(this);
    else this.onRoom();
  }

  write(frames: FrameWriter, chunk: number): boolean {
    const { window } = this.#remote;
    this.#begun = true;
    if (this.#batch.count > 0) this.#writeBatch(frames);
    else if (this.#parcel?.affordable(this.#credit, window, chunk) === true) {
      this.#credit -= this.#parcel.write(frames, chunk, this.#credit);
      if (this.#parcel.done) this.#parcel = undefined;
    } else return false;
    if (this.#parcel !== undefined) return this.#parcel.affordable(this.#credit, window, chunk);
    this.#endIfDone();
    if (this.roomy) this.onRoom();
    return false;
  }

  /** What the batch may have with one item more: all that is left behind the credit of those that wait, and of that one. */
  // A method, as the next: to read a private getter is a call into V8's runtime, and three an item took 6 % of a stream.
  #room(): number {
    return Math.min(this.#remote.chunk, this.#credit - ITEM_COST * (this.#batch.count + 1));
  }

  /** The credit behind all that is in the batch. */
  #left(): number {
    return this.#credit - this.#batch.size - ITEM_COST * this.#batch.count;
  }

  #writeBatch(frames: FrameWriter): void {
    const batch = this.#batch;
    this.#credit -= ITEM_COST * batch.count;
    frames.begin(FRAME.ITEMS, 0, this.#call, batch.size);
    const start = frames.at;
    batch.writeTo(frames);
    this.#credit -= frames.at - start;
    frames.end();
  }

  #endIfDone(): void {
    if (!this.#over || this.#batch.count > 0 || this.#parcel !== undefined) return;
    const last = this.#last;
    this.#last = undefined;
    this.#outbox.dropFlow(this.#call);
    last?.();
  }
}
