import { type Implementation, implement } from '@nearcall/core';
import { Random } from '../packages/core/sim/random.ts';
import { back, work } from './contract.ts';
import type { Doer } from './deeds.ts';

/** What the workers of one process share, and what it serves. */
export class ProcessDoer implements Doer {
  readonly random: Random;
  readonly implementation: Implementation;
  /** How many notes were sent over links where all come. */
  notes = 0;
  readonly #maker: number;
  readonly #counters = new Map<number, number>();
  #token = 0;
  #counter = 0;
  #doubts: { readonly token: number; readonly since: number }[] = [];

  /** `maker`: a number that no other process has. */
  constructor(seed: number, maker: number) {
    this.random = new Random(seed);
    this.#maker = maker;
    this.implementation = implement(back, {
      double: (value) => value * 2,
      nest: async ({ depth, value }, { peer }) =>
        depth === 0 ? value : peer.client(work).nest({ depth: depth - 1, value: value + 1 }),
      numbers: async function* (count) {
        for (let n = 0; n < count; n++) yield n;
      },
      remind: ({ from }) => {
        const count = this.#counters.get(from);
        if (count !== undefined) this.#counters.set(from, count + 1);
      },
    });
  }

  token(): number {
    return this.#maker * 2 ** 32 + ++this.#token;
  }

  doubt(token: number): void {
    this.#doubts.push({ token, since: performance.now() });
  }

  /** The tokens that are doubted for so many milliseconds at least; each is given once. */
  doubts(age: number): number[] {
    const until = performance.now() - age;
    const old = this.#doubts.filter(({ since }) => since <= until);
    this.#doubts = this.#doubts.filter(({ since }) => since > until);
    return old.map(({ token }) => token);
  }

  counter(): { readonly from: number; readonly count: () => number; readonly done: () => void } {
    const from = ++this.#counter;
    this.#counters.set(from, 0);
    return { from, count: () => this.#counters.get(from) ?? 0, done: () => this.#counters.delete(from) };
  }

  noted(): { readonly from: number } {
    this.notes++;
    return { from: this.#maker };
  }
}
