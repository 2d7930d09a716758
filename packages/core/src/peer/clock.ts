import { now } from '../transport/now.ts';

/** Where a peer gets its time from, so that a test can decide when what happens. */
export interface Clock {
  /** Milliseconds from any fixed point; never goes back. */
  now(): number;
  /** Calls once, after so many milliseconds. The result calls it off. It does not keep the process running. */
  timer(action: () => void, milliseconds: number): () => void;
  /** Calls again and again, so many milliseconds apart. The result calls it off. It does not keep the process running. */
  repeat(action: () => void, milliseconds: number): () => void;
  /** Calls once with this, soon, after what is going on now. A closure for each connection would hold 130 bytes. */
  defer<T>(action: (of: T) => void, of: T): void;
  /** Calls once, after everything else that is due has had its turn. */
  turn(action: () => void): void;
  /** Keeps the process running until the result is called. */
  hold(): () => void;
}

/** The longest time that a Node timer takes; a longer one would fire at once. */
export const LONGEST: number = 2 ** 31 - 1;

/** The time of the process. */
export const systemClock: Clock = {
  now,
  timer(action, milliseconds) {
    const timer = setTimeout(action, Math.min(milliseconds, LONGEST)).unref();
    return () => clearTimeout(timer);
  },
  repeat(action, milliseconds) {
    const timer = setInterval(action, milliseconds).unref();
    return () => clearInterval(timer);
  },
  // After the promise jobs that are due, so that all their calls leave in one write.
  defer: (action, of) => process.nextTick(action, of),
  turn: (action) => void setImmediate(action),
  hold() {
    const timer = setInterval(() => {}, LONGEST);
    return () => clearInterval(timer);
  },
};
