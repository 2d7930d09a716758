import type { Clock } from '../src/peer/clock.ts';
import type { Side } from './agenda.ts';
import type { Stage } from './stage.ts';

/** How a clock goes wrong, within what a Node process may see. */
export interface ClockStyle {
  /**
   * The milliseconds by which a timer may fire late. All timers of a side wait for the same moments, so many
   * milliseconds apart: what makes a process late makes it late for all of them.
   */
  readonly late: number;
  /** The milliseconds by which one may fire early: Node's do, against `performance.now`. Below 1. */
  readonly early: number;
  /** What the clock shows when the run begins: any number will do. */
  readonly start: number;
}

/** A timer that is no longer than this may be set when all is over: for it a transport stays held after a call. */
const LETTING_GO = 10;

/** How often comes what comes again and again: a run that is watched for ever would never come to rest. */
const AGAIN = 3;

/** The virtual time of one end. */
export class SimClock implements Clock {
  readonly #stage: Stage;
  readonly #side: Side;
  readonly #style: ClockStyle;
  /** By how much the moments at which timers fire are put off at this side. */
  readonly #phase: number;
  /** When all timers must be over. */
  #overAt = Number.POSITIVE_INFINITY;

  constructor(stage: Stage, side: Side, style: ClockStyle) {
    this.#stage = stage;
    this.#side = side;
    this.#style = style;
    this.#phase = stage.random.time(style.late);
  }

  now(): number {
    return this.#style.start + this.#stage.agenda.now;
  }

  timer(action: () => void, milliseconds: number): () => void {
    const { agenda, random } = this.#stage;
    const { early } = this.#style;
    const harmless = agenda.now >= this.#overAt && milliseconds <= LETTING_GO;
    const wait = milliseconds === 0 ? 0 : Math.max(0.25, milliseconds - random.time(early));
    return agenda.after(this.#moment(agenda.now + wait) - agenda.now, this.#side, () => {
      this.#stage.note(() => `${this.#side}: timer`);
      if (agenda.now > this.#overAt && !harmless) {
        this.#stage.broke(`timersEnd: a timer of side ${this.#side} outlived its connection`);
      }
      action();
    });
  }

  /** A simulated process lives as long as its run. */
  hold(): () => void {
    return () => {};
  }

  /** The first moment from `time` on at which timers fire. */
  #moment(time: number): number {
    const { late } = this.#style;
    if (late === 0 || time === Number.POSITIVE_INFINITY) return time;
    return Math.ceil((time - this.#phase) / late) * late + this.#phase;
  }

  repeat(action: () => void, milliseconds: number): () => void {
    let times = 0;
    let stop = (): void => {};
    const next = (): void => {
      stop = this.timer(() => {
        if (++times < AGAIN) next();
        action();
      }, milliseconds);
    };
    next();
    return () => stop();
  }

  defer<T>(action: (of: T) => void, of: T): void {
    this.#stage.agenda.soon(this.#side, () => action(of));
  }

  turn(action: () => void): void {
    this.#stage.agenda.after(0, this.#side, action);
  }

  /** The connection is over: what was set before may fire no more. */
  over(): void {
    this.#overAt = this.#stage.agenda.now;
  }
}
