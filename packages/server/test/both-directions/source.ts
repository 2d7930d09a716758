/** An endless stream of numbers that notes when it is let go. */
export class Source implements AsyncIterableIterator<number, undefined> {
  made = 0;
  /** Fulfils when nobody wants more of it. */
  readonly returned: Promise<void>;
  #markReturned: () => void = () => {};

  constructor() {
    this.returned = new Promise((resolve) => {
      this.#markReturned = resolve;
    });
  }

  async next(): Promise<IteratorResult<number, undefined>> {
    return { done: false, value: this.made++ };
  }

  async return(): Promise<IteratorResult<number, undefined>> {
    this.#markReturned();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
