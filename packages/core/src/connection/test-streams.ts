/** What fills streams and what reads them, for the tests of this room. No part of the package. */
import type { Inflow } from './inflow.ts';
import type { Outflow } from './outflow.ts';

/** Puts items into a stream as far as there is room, and then says that there are no more. */
export class Feeder {
  readonly #outflow: Outflow;
  readonly #items: readonly unknown[];
  readonly #end: () => void;
  /** How many it has put in. */
  fed = 0;
  #ended = false;

  constructor(outflow: Outflow | undefined, items: readonly unknown[], end: () => void = () => {}) {
    this.#outflow = outflow as Outflow;
    this.#items = items;
    this.#end = end;
  }

  /** Puts in so many at most. Returns whether there was something that it could do. */
  feed(most: number = Number.POSITIVE_INFINITY): boolean {
    const before = this.fed;
    while (this.fed < this.#items.length && this.fed - before < most && this.#outflow.roomy) {
      this.#outflow.add(this.#items[this.fed++]);
    }
    if (this.fed === this.#items.length && !this.#ended) {
      this.#ended = true;
      this.#end();
      return true;
    }
    return this.fed > before;
  }
}

/** Reads a stream, as much as it is told to. */
export class Reader {
  readonly inflow: Inflow;
  readonly items: unknown[] = [];
  /** How often it was told that items have come. */
  told = 0;

  constructor(inflow: Inflow | undefined) {
    this.inflow = inflow as Inflow;
    this.inflow.onItems = () => {
      this.told++;
    };
  }

  /** Reads what came in one frame. Returns whether there was something. */
  read(): boolean {
    const items = this.inflow.next();
    if (items === undefined) return false;
    if (items.length === 0) throw new Error('There is something, and no item in it.');
    this.items.push(...items);
    return true;
  }

  /** Reads all that is here, and asks for more. */
  readAll(): unknown[] {
    while (this.read());
    return this.items;
  }
}
