import { alone } from './alone.ts';

/** The loop that a lookout keeps turning, so that a test can decide when what happens. */
export interface Loop {
  /** Whether nothing can run beside this thread. */
  alone(): boolean;
  /** Milliseconds from any fixed point; never goes back. */
  now(): number;
  /** Calls once, after the loop has looked at its sockets. */
  turn(action: () => void): void;
}

/**
 * Reads that come so far apart, in milliseconds, while it does not look are of ends that wait for each other: two wake-ups,
 * and their work. Where they come sooner nobody is woken: both are busy, or have one CPU between them.
 */
const SOON = 0.2;
const AT_ONCE = 0.03;

/** So long it looks for what comes, in milliseconds: until the other end, which may sleep, has been woken and has answered. */
const BOUND = 0.1;

/** What it costs to sleep and to be woken: what comes earlier has saved something, what comes later has not. */
const WORTH = 0.05;

/**
 * It may begin at each eighth read of a connection; where that did not pay, at each sixteenth, and so on. Where wake-ups take
 * long, to look pays only while both ends do. They count the same messages, and so they begin together: when each counted
 * what had come soon since it stopped, two that had failed might miss each other for a second.
 */
const LEAST = 8;
const MOST = 2048;

/** Of the last eight nearly all must have come soon: one that did not, or not in turn with what was sent, takes back so many. */
const LATE = 4;

/**
 * To look has paid while it has saved so many times what was waited in vain. At 4 four processes that called a fifth on two
 * CPUs lost 7 % of their calls; now it is 3 %, and a pair beside one that computes loses up to a tenth.
 */
const PAID = 8;

/** It stops where it has lost so much, in milliseconds, although something came each time. */
const SPENT = 0.5;

/** What has been saved counts up to this, in milliseconds: a good hour makes nobody patient for long. */
const SAVED = 10;

/**
 * Keeps this thread awake for what is expected at once. Two ends that wait for each other would be woken for each message,
 * which takes longer than a small call, and most of its CPU time: on two CPUs one call in flight comes to 1.5 to 2.3 times
 * the calls a second, at 0.7 to 0.85 of the CPU. So where what is read and what is sent of one connection take turns, soon
 * one after the other, the event loop turns on for a moment after something was sent, and does not sleep. Where more is on
 * its way at a time, as with 64 calls in flight or beside long messages, to look cost a fifth to a third.
 *
 * There is one for all streams of a thread, and it looks for one of them: a server of several callers that looked for all
 * took a fifth of their calls, for it kept them from its CPU. Where it waits in vain, or another process needs the CPU, it
 * stops, and takes longer to begin again each time. What comes now and then never makes it begin.
 */
export class Lookout {
  readonly #loop: Loop;
  /** Whom it looks for: who was read last. */
  #who: unknown = undefined;
  #off = false;
  /** It looks while this is 0, and may begin from -1 on; so many reads have to come soon before. */
  #trust = -LEAST;
  #price = LEAST;
  /** How many reads of whom it looks for there were. */
  #reads = 0;
  /** When something came last. */
  #last = 0;
  /** What it has saved since it began, less what it lost, in milliseconds. */
  #saved = 0;
  /** Whether something was sent since then. */
  #answered = false;
  #looking = false;
  #turning = false;
  /** How long it looks this time; 0 before its first turn. */
  #until = 0;

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /** Something of this one was read. */
  came(who: unknown): void {
    if (this.#off) return;
    // Where many take turns the clock is not read: that takes 50 ns, and nothing would come of it.
    if (who !== this.#who) return this.#turnTo(who);
    const now = this.#loop.now();
    const took = now - this.#last;
    this.#reads++;
    if (!this.#answered) this.#doubt();
    else if (this.#looking) this.#found(now, took);
    else if (took > SOON || took < AT_ONCE) this.#doubt();
    else if (this.#trust < 0) this.#earn();
    this.#last = now;
    this.#answered = false;
  }

  /** Something was sent to this one. */
  sent(who: unknown): void {
    if (who !== this.#who || this.#off) return;
    if (this.#answered) this.#doubt();
    this.#answered = true;
    if (this.#trust < 0 || this.#looking) return;
    this.#looking = true;
    this.#until = 0;
    if (this.#turning) return;
    this.#turning = true;
    this.#loop.turn(this.#turn);
  }

  /** This one is over. */
  gone(who: unknown): void {
    if (who === this.#who) this.#turnTo(undefined);
  }

  #turnTo(who: unknown): void {
    this.#who = who;
    // Not known, and taken for soon: no comparison holds of it.
    this.#last = Number.NaN;
    this.#answered = false;
    this.#looking = false;
    this.#trust = -LEAST;
    this.#reads = 0;
  }

  #doubt(): void {
    this.#looking = false;
    this.#trust = Math.max(this.#trust - LATE, -LEAST);
  }

  #earn(): void {
    if (this.#trust < -1) this.#trust++;
    if (this.#trust < -1 || this.#reads % this.#price > 0) return;
    this.#trust = 0;
    this.#saved = 0;
    this.#off = this.#loop.alone();
    if (this.#off) this.#turnTo(undefined);
  }

  #found(now: number, took: number): void {
    this.#looking = false;
    const waited = this.#until === 0 ? 0 : now - this.#until + BOUND;
    this.#saved = Math.min(this.#saved + WORTH - waited, SAVED);
    // Where it took so long this process had to wait for its CPU, or the other end for its own.
    if (took > SOON) this.#judge(took);
    else if (this.#saved < -SPENT) this.#judge(0);
  }

  readonly #turn = (): void => {
    if (this.#looking) {
      const now = this.#loop.now();
      // What else this tick had to do does not count.
      if (this.#until === 0) this.#until = now + BOUND;
      if (now < this.#until) return this.#loop.turn(this.#turn);
      this.#looking = false;
      this.#judge(now - this.#last);
    }
    this.#turning = false;
  };

  #judge(lost: number): void {
    this.#saved -= PAID * lost;
    const paid = this.#saved > 0;
    this.#price = paid ? LEAST : Math.min(2 * this.#price, MOST);
    this.#trust = paid ? 0 : -LEAST;
  }
}

// As they are now: a test may put others in their place, whose time stands still.
const { hrtime } = process;
const soon = setImmediate;

/** The event loop of this thread. */
export const threadLoop: Loop = {
  alone,
  now() {
    const time = hrtime();
    return time[0] * 1e3 + time[1] / 1e6;
  },
  turn: (action) => void soon(action),
};

/** The lookout of this thread. */
export const lookout: Lookout = new Lookout(threadLoop);
