import type { Inflow } from '../connection/inflow.ts';
import type { Check } from '../contract/schema.ts';
import type { RequestStream } from '../contract/stream.ts';
import type { Failure } from '../error/rpc-error.ts';
import type { Form } from '../wire/form.ts';
import { rejection } from './rejection.ts';

/** Where a reader's items come from. */
export interface ItemSource {
  /** Somebody asks for an item, and none is here. */
  wanted(): void;
  /** Nobody reads any more. */
  left(): void;
  /** An item could not be read, and nobody reads any more: how its reader is to be told. */
  faulty(error: unknown): Failure;
  /** Its reader's signal has aborted, when there was nothing left to give up but to read. */
  aborted(reason: unknown): Failure;
}

type Result = IteratorResult<unknown, undefined>;

const DONE: Result = Object.freeze({ done: true, value: undefined });

/** The reading end of a stream, for one consumer. Items are parsed one by one, as they are read. */
export class ItemReader implements RequestStream<unknown> {
  readonly #source: ItemSource;
  readonly #parse: Check;
  #form: Form | undefined = undefined;
  #inflow: Inflow | undefined = undefined;
  #items: readonly unknown[] = [];
  #at = 0;
  /** Whether they are as the schema has them. */
  #checked = false;
  /** Those who asked for an item before there was one. */
  readonly #waiting: ((result: Result | Promise<Result>) => void)[] = [];
  /** Nothing more will come. */
  #ended = false;
  /** Why, where that was a failure: told once, behind the last item. */
  #failure: Failure | undefined = undefined;
  #done = false;
  /** What its consumer can give it up by, also when all of it is here. */
  signal: AbortSignal | undefined = undefined;

  constructor(source: ItemSource, parse: Check) {
    this.#source = source;
    this.#parse = parse;
  }

  next(): Promise<Result> {
    const here = this.#waiting.length === 0 ? this.#take() : undefined;
    if (here !== undefined) return here;
    const next = new Promise<Result>((resolve) => this.#waiting.push(resolve));
    this.#source.wanted();
    return next;
  }

  return(): Promise<Result> {
    if (!this.#done) {
      this.#finish();
      this.#source.left();
      for (const resolve of this.#waiting.splice(0)) resolve(DONE);
    }
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Items come from here. `form`: what they are read by, where they have it; then they need no parsing. */
  attach(inflow: Inflow, form?: Form): void {
    this.#inflow = inflow;
    this.#form = form;
    inflow.onItems = () => this.#serve();
    this.#serve();
  }

  /** Nothing more comes; with the reason where that is a failure. What has come is read before. */
  end(failure?: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#serve();
  }

  /** Nothing more is to be read, nor what has come already. */
  cancel(failure: Failure): void {
    if (this.#done) return;
    this.#drop();
    this.#ended = true;
    this.#failure = failure;
    this.#serve();
  }

  #drop(): void {
    this.#items = [];
    this.#at = 0;
    this.#inflow = undefined;
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const result = this.#take();
      if (result === undefined) return;
      this.#waiting.shift()?.(result);
    }
  }

  /** The next item, or the end; undefined where neither is here. */
  #take(): Promise<Result> | undefined {
    if (this.#done) return Promise.resolve(DONE);
    // Until its end has come a stream is given up like any call.
    if (this.#ended && this.signal?.aborted === true && this.#failure === undefined) return this.#aborted(this.signal);
    try {
      while (this.#at === this.#items.length) {
        const inflow = this.#inflow;
        const items = inflow?.next(this.#form);
        if (items === undefined) return this.#ended ? this.#last() : undefined;
        this.#items = items;
        this.#at = 0;
        this.#checked = inflow?.checked === true;
      }
      const item = this.#items[this.#at++];
      return Promise.resolve({ done: false, value: this.#checked ? item : this.#parse(item) });
    } catch (error) {
      this.#finish();
      return rejection(this.#source.faulty(error));
    }
  }

  #aborted({ reason }: AbortSignal): Promise<Result> {
    this.#finish();
    return rejection(this.#source.aborted(reason));
  }

  #last(): Promise<Result> {
    const failure = this.#failure;
    this.#finish();
    return failure === undefined ? Promise.resolve(DONE) : rejection(failure);
  }

  #finish(): void {
    this.#done = true;
    this.#ended = true;
    this.#failure = undefined;
    this.#drop();
  }
}
