import type { Clock } from './clock.ts';

/** How long the process goes on at least, in milliseconds: to hold it and to let it go at each call costs more. */
const LETTING_GO = 10;

/**
 * Keeps the process running while anything goes on over any connection of a clock. To hold each socket by itself, and to
 * let it go, took 1.5 µs of CPU a call where each of a thousand connections has one now and then.
 */
export class Liveness {
  readonly #clock: Clock;
  /** Over how many connections something goes on. */
  #busy = 0;
  #release: (() => void) | undefined = undefined;
  /** While it is about to let go. */
  #stop: (() => void) | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** That of a clock. */
  static of(clock: Clock): Liveness {
    let found = ALL.get(clock);
    if (found === undefined) {
      found = new Liveness(clock);
      ALL.set(clock, found);
    }
    return found;
  }

  /** Something goes on over a connection. */
  began(): void {
    this.#busy++;
    this.#release ??= this.#clock.hold();
  }

  /** Nothing does any more. */
  finished(): void {
    this.#busy--;
    if (this.#busy === 0) this.#stop ??= this.#clock.timer(() => this.#letGo(), LETTING_GO);
  }

  /** A connection is over, and nothing goes on over it: where it was the last one, nobody is to wait. */
  over(): void {
    if (this.#busy === 0) this.#letGo();
  }

  #letGo(): void {
    this.#stop?.();
    this.#stop = undefined;
    if (this.#busy > 0) return;
    this.#release?.();
    this.#release = undefined;
  }
}

const ALL = new WeakMap<Clock, Liveness>();
