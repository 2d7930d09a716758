import type { Clock } from './clock.ts';

/** Whom an alarm rings. */
interface Ringing {
  /** Returns the time of the next ring, or infinity for none. */
  ring(now: number): number;
}

/**
 * One timer for everything of a connection that can expire. It rings at the earliest time that was asked for; whoever
 * is rung looks for what is due, and says when the next will be. So a call costs a comparison, and no timer.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ringing: Ringing;
  #at = Number.POSITIVE_INFINITY;
  #stop: (() => void) | undefined = undefined;

  constructor(clock: Clock, ringing: Ringing) {
    this.#clock = clock;
    this.#ringing = ringing;
  }

  /** Sees to it that it rings at this time, or earlier. */
  by(time: number): void {
    if (time >= this.#at) return;
    this.#stop?.();
    this.#at = time;
    this.#stop = this.#clock.timer(() => this.#rung(), Math.max(0, time - this.#clock.now()));
  }

  /** Rings no more. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#at = Number.NEGATIVE_INFINITY;
  }

  #rung(): void {
    this.#at = Number.POSITIVE_INFINITY;
    this.#stop = undefined;
    this.by(this.#ringing.ring(this.#clock.now()));
  }
}
