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

/**
 * Everything that waits to leave, in the order in which it may: first what keeps the connection going (credit, pings),
 * then frames in the order in which they were written, then one frame of each flow in turn.
 */
export class Outbox {
  /** Something is to be sent that nobody may be about to send: credit, when a reader has read. */
  readonly wake: () => void;
  readonly urgent: FrameWriter = new FrameWriter();
  readonly frames: FrameWriter = new FrameWriter();
  /** Made for the first flow. */
  #turns: FrameWriter | undefined = undefined;
  /** Those that could write a frame, the next in turn first. Made for the first one: an empty set holds 152 bytes. */
  #ready: Set<Flow> | undefined = undefined;
  /** By the id of the call whose half it is. */
  #flows: Map<number, Flow> | undefined = undefined;
  readonly #later: (() => void)[] = [];
  readonly #most: number;
  #unbound = false;

  constructor(wake: () => void, most: number = QUEUE_BYTES) {
    this.wake = wake;
    this.#most = most;
  }

  /** The bytes of frames that wait to be taken; what flows is not counted. */
  get queued(): number {
    return this.urgent.queued + this.frames.queued;
  }

  /** Whether so much waits that nothing more should be written but what keeps the connection going. */
  get full(): boolean {
    return this.queued >= this.#most;
  }

  /** Whether nothing waits that could leave now. */
  get empty(): boolean {
    const flowing = (this.#ready?.size ?? 0) > 0 || (this.#turns?.queued ?? 0) > 0;
    return this.queued === 0 && !flowing && this.#later.length === 0;
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
    return this.urgent.take() ?? this.#takeFrames() ?? this.#takeTurns(chunk);
  }

  #takeFrames(): Uint8Array | undefined {
    while (this.#later.length > 0 && !this.full) this.#later.shift()?.();
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
    this.#later.length = 0;
    this.#ready?.clear();
    this.#flows?.clear();
  }
}
