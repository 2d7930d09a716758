import { MAX_DESCRIPTION } from '../contract/description/canonical.ts';
import { FrameWriter } from '../wire/frame-writer.ts';
import { DEFAULT_OWN_LIMITS } from '../wire/limits.ts';

/** The bytes of frames that wait at most, give or take one frame. What is whole but does not fit waits unwritten. */
export const QUEUE_BYTES: number = DEFAULT_OWN_LIMITS.queue;

/** The frames that leave in turns are handed over in pieces of about so many bytes, before anything else gets a chance. */
const TURN_BYTES = 65_536;

/** What leaves frame by frame, each for its credit, in turn with others: a long message, a stream, the events. */
export interface Flow {
  /** The other end takes so many bytes more. */
  grant(credit: number): void;
  /** Writes its next frame, with a payload of `chunk` bytes at most. Returns whether it could write another one now. */
  write(frames: FrameWriter, chunk: number): boolean;
}

/** Whom an outbox tells that there is something to send. */
interface Waker {
  wake(): void;
}

/**
 * Everything that waits to leave, in the order in which it may: first what keeps the connection going (credit, pings),
 * then frames in the order in which they were written, then one frame of each flow in turn.
 */
export class Outbox {
  readonly #waker: Waker;
  readonly frames: FrameWriter = new FrameWriter();
  /** Made anew where there is something urgent: kept, it would hold 100 bytes at an idle connection, as the next. */
  #urgent: FrameWriter | undefined = undefined;
  /** Made for the first flow. */
  #turns: FrameWriter | undefined = undefined;
  /** Those that could write a frame, the next in turn first. Made for the first one: an empty set holds 152 bytes. */
  #ready: Set<Flow> | undefined = undefined;
  /** By the id of the call whose half it is. */
  #flows: Map<number, Flow> | undefined = undefined;
  #later: (() => void)[] | undefined = undefined;
  readonly #most: number;
  #unbound = false;

  constructor(waker: Waker, most: number = QUEUE_BYTES) {
    this.#waker = waker;
    this.#most = most;
  }

  /** Something is to be sent that nobody may be about to send: credit, when a reader has read. */
  wake(): void {
    this.#waker.wake();
  }

  /** What keeps the connection going. */
  get urgent(): FrameWriter {
    this.#urgent ??= new FrameWriter();
    return this.#urgent;
  }

  /** The bytes of frames that wait to be taken; what flows is not counted. */
  get queued(): number {
    return (this.#urgent?.queued ?? 0) + this.frames.queued;
  }

  /** Whether so much waits that nothing more should be written but what keeps the connection going. */
  get full(): boolean {
    return this.queued >= this.#most;
  }

  /** Whether nothing waits that could leave now. */
  get empty(): boolean {
    const flowing = (this.#ready?.size ?? 0) > 0 || (this.#turns?.queued ?? 0) > 0;
    return this.queued === 0 && !flowing && this.#later === undefined;
  }

  /**
   * Whether more waits than an honest end lets come together. Whatever is long waits unwritten once it is full: beyond one
   * frame of `chunk` bytes, or one description, this much comes only of frames that are answered at once, such as pings.
   */
  flooded(chunk: number): boolean {
    return this.queued > 2 * this.#most + Math.max(chunk, MAX_DESCRIPTION);
  }

  /** Writes something once it is no longer full, in the order in which it was asked for. */
  later(write: () => void): void {
    this.#later ??= [];
    this.#later.push(write);
  }

  /** A half has begun to flow. Credit that comes for the call is its. */
  addFlow(call: number, flow: Flow): void {
    this.#flows ??= new Map();
    this.#flows.set(call, flow);
    if (this.#unbound) flow.grant(Number.POSITIVE_INFINITY);
  }

  /** The flow of a half is over: what it has not written is not sent. */
  dropFlow(call: number): void {
    const flow = this.#flows?.get(call);
    if (flow === undefined) return;
    this.#flows?.delete(call);
    this.#ready?.delete(flow);
  }

  /** The flow could write a frame: it gets its turn. */
  ready(flow: Flow): void {
    this.#ready ??= new Set();
    this.#ready.add(flow);
  }

  /** The other end has ended its side and can grant no more: what is still to go needs no credit. */
  unbind(): void {
    this.#unbound = true;
    for (const flow of this.#flows?.values() ?? []) flow.grant(Number.POSITIVE_INFINITY);
  }

  /** Credit for what is over already is ignored. */
  grant(call: number, credit: number): void {
    this.#flows?.get(call)?.grant(credit);
  }

  /** The next bytes to hand to the transport, with payloads of at most `chunk` bytes; undefined where nothing can go. */
  take(chunk: number): Uint8Array | undefined {
    // A frame that leaves in two pieces stays one.
    if (this.frames.split) return this.frames.take();
    // What has had its turn goes before the frames that were written since: one of them may end the same half.
    if (this.#turns !== undefined && this.#turns.queued > 0) return this.#turns.take();
    return this.#takeUrgent() ?? this.#takeFrames() ?? this.#takeTurns(chunk);
  }

  /** What was written so far and may leave before all is written; undefined where other things are to go before it. */
  takeEarly(): Uint8Array | undefined {
    const waits = this.#later !== undefined || (this.#turns !== undefined && this.#turns.queued > 0);
    return waits ? undefined : (this.#takeUrgent() ?? this.frames.take());
  }

  #takeUrgent(): Uint8Array | undefined {
    const bytes = this.#urgent?.take();
    if (bytes === undefined) this.#urgent = undefined;
    return bytes;
  }

  #takeFrames(): Uint8Array | undefined {
    while (this.#later !== undefined && !this.full) {
      const write = this.#later.shift();
      if (write === undefined) this.#later = undefined;
      else write();
    }
    return this.frames.take();
  }

  #takeTurns(chunk: number): Uint8Array | undefined {
    const ready = this.#ready;
    if (ready === undefined) return undefined;
    this.#turns ??= new FrameWriter();
    const turns = this.#turns;
    for (const flow of ready) {
      ready.delete(flow);
      if (flow.write(turns, chunk)) ready.add(flow);
      if (turns.queued >= TURN_BYTES) break;
    }
    return turns.take();
  }

  /** Drops what is not written yet, all that flows included. Frames that are written still go. */
  dropAll(): void {
    this.#later = undefined;
    this.#ready?.clear();
    this.#flows?.clear();
  }
}
