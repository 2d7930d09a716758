import type { Clock } from '@nearcall/core';

interface Timer {
  readonly at: number;
  readonly action: () => void;
}

/** Time that goes on only when a test says so. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();
  /** How often the process is being held. */
  holds = 0;

  now(): number {
    return this.#now;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  timer(action: () => void, milliseconds: number): () => void {
    const timer = { at: this.#now + milliseconds, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  repeat(action: () => void, milliseconds: number): () => void {
    let stop = (): void => {};
    const next = (): void => {
      stop = this.timer(() => {
        next();
        action();
      }, milliseconds);
    };
    next();
    return () => stop();
  }

  defer<T>(action: (of: T) => void, of: T): void {
    queueMicrotask(() => action(of));
  }

  turn(action: () => void): void {
    setImmediate(action);
  }

  hold(): () => void {
    this.holds++;
    return () => {
      this.holds--;
    };
  }

  /** Lets time go on, one timer after the other, with all that follows from each. */
  async pass(milliseconds: number): Promise<void> {
    await quiet();
    const until = this.#now + milliseconds;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) if (timer.at <= until && timer.at < (next?.at ?? Infinity)) next = timer;
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
      await quiet();
    }
    this.#now = until;
  }
}

/** Whatever is under way within the process has arrived. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
