/** Two ends of one connection, joined by hand and audited. No part of the package. */
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { limitsWith } from '../wire/limits.ts';
import { PREFACE } from '../wire/preface.ts';
import { Auditor } from './test-auditor.ts';
import { End, type Setting } from './test-by-hand.ts';
import { inShort, type Sent } from './test-stream-frames.ts';

/** What takes part in a run: returns whether it could do something. */
export type Part = () => boolean;

/** One direction: what has left an end and not reached the other. */
class Way {
  readonly #from: End;
  readonly #to: End;
  readonly #leaving: FrameDecoder;
  readonly #arriving: FrameDecoder;
  #bytes: Buffer = Buffer.alloc(0);
  /** What has left, in short. */
  readonly log: string[] = [];

  constructor(from: End, to: End, auditor: Auditor) {
    this.#from = from;
    this.#to = to;
    const parity = (end: End): 0 | 1 => (end.role === 'dialer' ? 0 : 1);
    this.#leaving = decoder((sent) => {
      this.log.push(inShort(sent));
      auditor.left(parity(from), sent);
    });
    this.#arriving = decoder((sent) => auditor.reached(parity(to), sent));
  }

  /** Takes what is to leave now, one piece. */
  take(): boolean {
    const piece = this.#from.connection.take();
    if (piece === undefined) return false;
    this.#leaving.push(Buffer.from(this.#behindPreface(piece)));
    this.#bytes = Buffer.concat([this.#bytes, piece]);
    return true;
  }

  /** Lets so many bytes arrive, at most. */
  deliver(most: number = Number.POSITIVE_INFINITY): boolean {
    const bytes = Buffer.from(this.#bytes.subarray(0, Math.min(most, this.#bytes.length)));
    if (bytes.length === 0) return false;
    this.#bytes = this.#bytes.subarray(bytes.length);
    this.#arriving.push(Buffer.from(this.#behindPreface(bytes)));
    this.#to.connection.receive(bytes);
    // What was received is the reader's no more: whoever kept a view of it would see this.
    bytes.fill(0xee);
    return true;
  }

  #behindPreface(bytes: Uint8Array): Uint8Array {
    const preface = PREFACE[this.#from.role];
    const starts = bytes.length >= preface.length && preface.equals(bytes.subarray(0, preface.length));
    return starts ? bytes.subarray(preface.length) : bytes;
  }
}

function decoder(sink: (sent: Sent) => void): FrameDecoder {
  return new FrameDecoder(2 ** 24, {
    frame: (type, flags, call, bytes, start, end) =>
      sink({ type, flags, call, payload: Buffer.from(bytes.subarray(start, end)) }),
  });
}

/** A dialer and an acceptor, open. */
export class TwoEnds {
  readonly near: End;
  readonly far: End;
  readonly auditor: Auditor;
  /** From near to far. */
  readonly there: Way;
  readonly back: Way;

  /** What they take is small unless they say otherwise, so that a few kilobytes are much. */
  constructor(near: Setting = {}, far: Setting = {}) {
    const small = { chunk: 1024, window: 1024, events: 1024 };
    const limits = [near, far].map(({ local }) => ({ ...small, ...local }));
    this.near = new End({ ...near, local: limits[0] as object, role: 'dialer' });
    this.far = new End({ ...far, local: limits[1] as object, role: 'acceptor' });
    this.auditor = new Auditor(limitsWith(limits[0]), limitsWith(limits[1]));
    this.there = new Way(this.near, this.far, this.auditor);
    this.back = new Way(this.far, this.near, this.auditor);
    this.run();
    this.forget();
  }

  /** Lets everything happen that can: bytes arrive, `most` at a time, and the parts do what they do. */
  run(parts: readonly Part[] = [], most?: number): void {
    const all = [
      ...parts,
      () => this.there.take(),
      () => this.there.deliver(most),
      () => this.back.take(),
      () => this.back.deliver(most),
    ];
    while (all.map((part) => part()).includes(true));
  }

  /** What has left both ends since this was asked last. */
  forget(): { near: string[]; far: string[] } {
    return { near: this.there.log.splice(0), far: this.back.log.splice(0) };
  }

  /** Near ends its side of the transport, with what it had sent before. */
  nearLeaves(): void {
    this.run();
    this.near.connection.leave();
    this.auditor.ended(1);
    this.far.connection.ended();
  }

  /** What is open, and what went wrong: nothing, once all is over. */
  get remains(): unknown[] {
    const { near, far } = this;
    return [...near.closed, ...far.closed, ...[...near.open, ...far.open].filter((open) => open > 0)];
  }
}
