import { FLAG, FRAME } from '../wire/frame.ts';
import { FrameWriter } from '../wire/frame-writer.ts';

/** The bytes of frames that wait at most, give or take one frame. What is whole but does not fit waits unwritten. */
export const QUEUE_BYTES: number = 8 * 1024 * 1024;

/** The rest of a message that is longer than a frame. It goes out in chunks, as its credit allows. */
interface LongMessage {
  readonly call: number;
  readonly body: Uint8Array;
  sent: number;
  credit: number;
  /** Called once, when the last chunk has been written. */
  readonly done: () => void;
}

/**
 * Everything that waits to leave, in the order in which it may: first what keeps the connection going (credit, pings),
 * then frames in the order in which they were written, then the chunks of long messages, one of each in turn.
 */
export class Outbox {
  readonly urgent: FrameWriter = new FrameWriter();
  readonly frames: FrameWriter = new FrameWriter();
  readonly #chunks: FrameWriter = new FrameWriter();
  /** Those with credit, the next in turn first. */
  readonly #ready: LongMessage[] = [];
  readonly #long = new Map<number, LongMessage>();
  readonly #later: (() => void)[] = [];
  #unbound = false;

  /** The bytes of frames that wait to be taken; long messages are not counted. */
  get queued(): number {
    return this.urgent.queued + this.frames.queued;
  }

  /** Whether so much waits that nothing more should be written but what keeps the connection going. */
  get full(): boolean {
    return this.queued >= QUEUE_BYTES;
  }

  /** Writes something once it is no longer full, in the order in which it was asked for. */
  later(write: () => void): void {
    this.#later.push(write);
  }

  /** Takes on the rest of a message whose first frame has been written. It waits for credit. */
  addLong(call: number, body: Uint8Array, sent: number, done: () => void): void {
    this.#long.set(call, { call, body, sent, credit: 0, done });
    if (this.#unbound) this.grant(call, Number.POSITIVE_INFINITY);
  }

  /** The other end has ended its side and can grant no more: what is still to go needs no credit. */
  unbind(): void {
    this.#unbound = true;
    for (const call of this.#long.keys()) this.grant(call, Number.POSITIVE_INFINITY);
  }

  /** Lets a long message go on. Credit for what is over already is ignored. */
  grant(call: number, credit: number): void {
    const message = this.#long.get(call);
    if (message === undefined) return;
    if (message.credit === 0 && credit > 0) this.#ready.push(message);
    message.credit += credit;
  }

  /** Drops the rest of a long message. */
  dropLong(call: number): void {
    const message = this.#long.get(call);
    if (message === undefined) return;
    this.#long.delete(call);
    const turn = this.#ready.indexOf(message);
    if (turn >= 0) this.#ready.splice(turn, 1);
  }

  /** The next bytes to hand to the transport, with chunks of at most `chunk` bytes; undefined where nothing can go. */
  take(chunk: number): Uint8Array | undefined {
    const bytes = this.urgent.take() ?? this.#takeFrames();
    if (bytes !== undefined) return bytes;
    const message = this.#ready.shift();
    if (message === undefined) return undefined;
    this.#writeChunk(message, chunk);
    return this.#chunks.take();
  }

  #takeFrames(): Uint8Array | undefined {
    while (this.#later.length > 0 && !this.full) this.#later.shift()?.();
    return this.frames.take();
  }

  /** Drops what is not written yet, the rest of every long message included. Frames that are written still go. */
  dropAll(): void {
    this.#later.length = 0;
    this.#ready.length = 0;
    this.#long.clear();
  }

  #writeChunk(message: LongMessage, chunk: number): void {
    const { body, sent } = message;
    const size = Math.min(chunk, message.credit, body.length - sent);
    const more = sent + size < body.length;
    const writer = this.#chunks;
    writer.begin(FRAME.CHUNK, more ? FLAG.MORE : 0, message.call, size);
    writer.bytes(body.subarray(sent, sent + size));
    writer.end();
    message.sent += size;
    message.credit -= size;
    if (!more) {
      this.#long.delete(message.call);
      message.done();
    } else if (message.credit > 0) this.#ready.push(message);
  }
}
