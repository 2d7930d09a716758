/** What a whole peer stands on, moved by hand: a transport and a clock. */
import type { Random } from '../sim/random.ts';
import type { Clock } from '../src/peer/clock.ts';
import type { Transport, TransportEvents } from '../src/transport/transport.ts';
import { framesIn } from './frame-bytes.ts';
import type { Frame } from './half-model.ts';

/** A transport that keeps what is sent. */
export class Line implements Transport {
  readonly queued = 0;
  events!: TransportEvents;
  open = true;
  #sent: Buffer = Buffer.alloc(0);
  #greeted = false;
  #ended = false;
  /** Whether something was sent after the end. */
  afterTheEnd = false;

  start(events: TransportEvents): void {
    this.events = events;
  }

  send(bytes: Uint8Array): void {
    if (this.#ended) this.afterTheEnd = true;
    this.#sent = Buffer.concat([this.#sent, bytes]);
  }

  end(): void {
    this.#ended = true;
    this.open = false;
  }

  destroy(): void {
    this.open = false;
  }

  hold(): void {}

  frames(): Frame[] {
    const start = this.#greeted ? 0 : 16;
    if (this.#sent.length <= start) return [];
    this.#greeted = true;
    const frames = framesIn(this.#sent.subarray(start));
    this.#sent = Buffer.alloc(0);
    return frames;
  }
}

/** Time that goes on by hand. */
export class Hand implements Clock {
  readonly #timers = new Set<() => void>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  timer(action: () => void): () => void {
    this.#timers.add(action);
    return () => void this.#timers.delete(action);
  }

  repeat(): () => void {
    return () => {};
  }

  defer<T>(action: (of: T) => void, of: T): void {
    queueMicrotask(() => action(of));
  }

  turn(action: () => void): void {
    queueMicrotask(action);
  }

  hold(): () => void {
    return () => {};
  }

  /** One timer's time has come. */
  fire(random: Random): void {
    this.#now += 200;
    const action = random.pick([...this.#timers, () => {}]);
    this.#timers.delete(action);
    action();
  }
}
