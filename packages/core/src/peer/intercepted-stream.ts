import type { CallOptions } from '../contract/call-options.ts';
import type { ResponseStream } from '../contract/stream.ts';
import { type Metadata, NO_METADATA } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';

type Result = IteratorResult<unknown, undefined>;

const DONE: Result = Object.freeze({ done: true, value: undefined });

/** A stream with interceptors around its call. Items come straight from it; its end, or its error, goes through them. */
export class InterceptedStream implements ResponseStream<unknown> {
  readonly #run: (make: (options: CallOptions) => Promise<unknown>) => Promise<unknown>;
  readonly #make: (options?: CallOptions) => ResponseStream<unknown>;
  /** The stream itself, once the interceptors have let its call be made. */
  #inner: ResponseStream<unknown> | undefined = undefined;
  /** Fulfils when there is that stream, or it is certain that there will be none. */
  #reached: Promise<void> | undefined = undefined;
  /** What becomes of the call, as the outermost interceptor has it. */
  #outcome: Promise<unknown> | undefined = undefined;
  #ended: (() => void) | undefined = undefined;
  #failed: ((error: unknown) => void) | undefined = undefined;
  /** How many items have been asked for and have not come, and the last one of them. */
  #asked = 0;
  #last: Promise<Result> | undefined = undefined;
  #done = false;

  /** `run` makes a call within the interceptors, and `make` the call itself. */
  constructor(
    run: (make: (options: CallOptions) => Promise<unknown>) => Promise<unknown>,
    make: (options?: CallOptions) => ResponseStream<unknown>,
  ) {
    this.#run = run;
    this.#make = make;
  }

  get header(): Promise<Metadata> {
    return this.#along('header');
  }

  get trailer(): Promise<Metadata> {
    return this.#along('trailer');
  }

  next(): Promise<Result> {
    // One after the other: what comes behind the end must not be taken for it.
    const before = this.#asked++ === 0 ? undefined : this.#last;
    const step = (): Promise<Result> => this.#next();
    this.#last = before === undefined ? step() : before.then(step, step);
    return this.#last;
  }

  return(): Promise<Result> {
    if (!this.#done) {
      this.#done = true;
      // What was never made is made to be left: so it lets go of its input.
      const inner = this.#inner ?? (this.#reached === undefined ? this.#make() : undefined);
      void inner?.return();
      this.#ended?.();
    }
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #next(): Promise<Result> {
    try {
      if (this.#done) return DONE;
      if (this.#inner === undefined) await this.#begin();
      const inner = this.#inner as ResponseStream<unknown> | undefined;
      if (inner !== undefined) {
        try {
          const result = await inner.next();
          if (result.done !== true) return result;
          this.#ended?.();
        } catch (error) {
          this.#failed?.(error);
        }
      }
      if (this.#done) return DONE;
      this.#done = true;
      await this.#outcome;
      return DONE;
    } finally {
      this.#asked--;
    }
  }

  /** Enters the interceptors. */
  #begin(): Promise<void> {
    this.#reached ??= new Promise((reached) => {
      this.#outcome = this.#run((options) => {
        const inner = this.#make(options);
        if (this.#done) {
          void inner.return();
          return Promise.reject(new RpcError('CANCELLED', 'The reader left before the call was made.', NOT_SENT));
        }
        this.#inner = inner;
        reached();
        return new Promise<void>((resolve, reject) => {
          this.#ended = resolve;
          this.#failed = reject;
        });
      });
      this.#outcome.then(
        () => reached(),
        () => {
          reached();
          // An interceptor that did not wait for the end has ended it.
          void this.#inner?.return();
        },
      );
    });
    return this.#reached;
  }

  async #along(what: 'header' | 'trailer'): Promise<Metadata> {
    if (!this.#done || this.#reached !== undefined) await this.#begin();
    return this.#inner?.[what] ?? NO_METADATA;
  }
}

const NOT_SENT = { execution: 'not-sent' } as const;
