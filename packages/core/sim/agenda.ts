import type { Random } from './random.ts';

/** Which end of the connection: 0 dialled, 1 accepted. */
export type Side = 0 | 1;

interface Entry {
  readonly at: number;
  /** Whose event loop it belongs to; undefined for what happens outside of both. */
  readonly side: Side | undefined;
  readonly action: () => void;
}

/** Virtual time: everything that is going to happen, and the choice of what happens next. */
export class Agenda {
  /** Milliseconds since the run began. */
  now = 0;
  /** How many things have happened. */
  steps = 0;
  readonly #random: Random;
  readonly #strict: boolean;
  readonly #entries: Entry[] = [];
  readonly #soon: readonly [(() => void)[], (() => void)[]] = [[], []];
  readonly #due: number[] = [];

  /**
   * `strict`: what a side deferred comes before anything else of that side, as with `process.nextTick`. Otherwise only
   * before time goes on, which is all that a clock promises.
   */
  constructor(random: Random, strict: boolean) {
    this.#random = random;
    this.#strict = strict;
  }

  /** Does it later in this moment, after what the side deferred before. */
  soon(side: Side, action: () => void): void {
    this.#soon[side].push(action);
  }

  /** Does it after so many milliseconds; never after infinitely many. The result calls it off. */
  after(milliseconds: number, side: Side | undefined, action: () => void): () => void {
    if (milliseconds === Number.POSITIVE_INFINITY) return () => {};
    const entry: Entry = { at: this.now + Math.max(0, milliseconds), side, action };
    this.#entries.push(entry);
    return () => {
      const place = this.#entries.indexOf(entry);
      if (place >= 0) this.#entries.splice(place, 1);
    };
  }

  /** Lets the next thing happen. Returns false where nothing is left. */
  step(): boolean {
    const [near, far] = this.#soon;
    const deferring = (near.length > 0 ? 1 : 0) + (far.length > 0 ? 1 : 0);
    if (deferring === 0 && !this.#advance()) return false;
    const due = this.#findDue();
    const choice = this.#random.below(deferring + due.length);
    this.steps++;
    if (choice < deferring) {
      const side = near.length === 0 || choice === 1 ? far : near;
      (side.shift() as () => void)();
    } else {
      const place = due[choice - deferring] as number;
      const entry = this.#entries[place] as Entry;
      this.#entries.splice(place, 1);
      entry.action();
    }
    return true;
  }

  #advance(): boolean {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#entries) if (at < next) next = at;
    if (next === Number.POSITIVE_INFINITY) return false;
    this.now = Math.max(this.now, next);
    return true;
  }

  /** The places of what could happen now. */
  #findDue(): number[] {
    const due = this.#due;
    due.length = 0;
    for (let i = 0; i < this.#entries.length; i++) {
      const { at, side } = this.#entries[i] as Entry;
      if (at > this.now) continue;
      if (this.#strict && side !== undefined && this.#soon[side].length > 0) continue;
      due.push(i);
    }
    return due;
  }
}
