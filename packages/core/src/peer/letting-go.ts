import type { Clock } from './clock.ts';

/** Something that holds its process, and may have no reason to any more. */
interface Holder {
  /** Lets go, unless it has a reason again. */
  letGo(): void;
}

/** How long a holder goes on at least, in milliseconds, and at most twice: holding and letting go at each call costs more. */
const LETTING_GO = 10;

/**
 * Who is to let go soon. One timer serves all connections of a clock: of a thousand that have a call now and then, each
 * would set one a call.
 */
export class LettingGo {
  readonly #clock: Clock;
  #older = new Set<Holder>();
  #newer = new Set<Holder>();
  #stop: (() => void) | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** That of a clock. */
  static of(clock: Clock): LettingGo {
    let found = ALL.get(clock);
    if (found === undefined) {
      found = new LettingGo(clock);
      ALL.set(clock, found);
    }
    return found;
  }

  /** Has the holder let go, once, in a while. */
  add(holder: Holder): void {
    this.#newer.add(holder);
    this.#stop ??= this.#clock.timer(() => this.#ring(), LETTING_GO);
  }

  /** The holder is over. */
  delete(holder: Holder): void {
    this.#newer.delete(holder);
    this.#older.delete(holder);
    if (this.#newer.size > 0 || this.#older.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #ring(): void {
    const due = this.#older;
    this.#older = this.#newer;
    this.#newer = due;
    this.#stop = undefined;
    if (this.#older.size > 0) this.#stop = this.#clock.timer(() => this.#ring(), LETTING_GO);
    for (const holder of due) {
      due.delete(holder);
      holder.letGo();
    }
  }
}

const ALL = new WeakMap<Clock, LettingGo>();
