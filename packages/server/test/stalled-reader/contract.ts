import { z } from 'zod';
import { method, service, stream } from '../nearcall.ts';

const row = z.object({ n: z.number(), text: z.string() });
const bytes = z.instanceof(Uint8Array);

export const endless = service('endless', {
  rows: method({ input: z.void(), output: stream(row) }),
  bytes: method({ input: z.void(), output: stream(bytes) }),
  takeRows: method({ input: stream(row), output: z.void() }),
  takeBytes: method({ input: stream(bytes), output: z.void() }),
  echo: method({ input: z.string(), output: z.string() }),
});

/** What goes along an endless stream, item by item, and how its reader knows each again. */
export interface Kind<T> {
  make(n: number): T;
  isRight(n: number, item: T): boolean;
}

export const rows: Kind<z.infer<typeof row>> = {
  make: (n) => ({ n, text: `row ${n}` }),
  isRight: (n, item) => item.n === n && item.text === `row ${n}`,
};

/** In one frame or in two, and now and then in none. */
const sizeOf = (n: number): number => (n * 7919) % 100_000;

export const blobs: Kind<Uint8Array<ArrayBuffer>> = {
  make: (n) => new Uint8Array(sizeOf(n)).fill(n),
  isRight: (n, item) => item.constructor === Uint8Array && Buffer.compare(item, Buffer.alloc(sizeOf(n), n & 255)) === 0,
};

/** The making end of a stream: how far it has come, and whether it was told to stop. */
export class Source<T> implements AsyncIterableIterator<T, undefined> {
  made = 0;
  returned = false;
  readonly #kind: Kind<T>;

  constructor(kind: Kind<T>) {
    this.#kind = kind;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    return { done: false, value: this.#kind.make(this.made++) };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.returned = true;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The reading end of a stream, which reads when it is told to. */
export class Sink<T> {
  readonly #kind: Kind<T>;
  readonly #items: AsyncIterator<T, undefined>;
  #read = 0;

  constructor(kind: Kind<T>, items: AsyncIterator<T, undefined>) {
    this.#kind = kind;
    this.#items = items;
  }

  /** Reads so many items more, and returns how many it has read in all: each one right, and in its place. */
  async read(count: number): Promise<number> {
    for (let i = 0; i < count; i++) {
      const { value } = await this.#items.next();
      if (value === undefined || !this.#kind.isRight(this.#read, value))
        throw new Error(`Item ${this.#read} is wrong.`);
      this.#read++;
    }
    return this.#read;
  }

  async leave(): Promise<void> {
    await this.#items.return?.();
  }
}
