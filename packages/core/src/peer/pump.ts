import type { Outflow } from '../connection/outflow.ts';
import type { Check } from '../contract/schema.ts';
import { type ItemIterator, iteratorOf } from './iterator-of.ts';
import { isThenable } from './thenable.ts';

/** An item that could not go: what is wrong with it, and which it was. */
export class FaultyItem extends Error {
  override readonly name = 'FaultyItem';

  constructor(index: number, cause: unknown) {
    super(`item ${index}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

type Step = IteratorResult<unknown>;

/** What a producer threw. It may be anything, also nothing. */
export interface Thrown {
  readonly error: unknown;
}

/** What a pump needs to know of the world. */
export interface PumpOwner {
  /** Something is to be sent at the end of this tick. */
  schedule(): void;
  /** The time, in milliseconds. */
  now(): number;
  /** Calls once the event loop has had its turn. */
  breathe(action: () => void): void;
}

/** A producer may work so many milliseconds before what it has made is sent, and others get their turn. */
const PATIENCE = 1;

/** After so many batches others get their turn in any case. */
const RESTS = 64;

/** No frame holds so many items. */
const MOST_ITEMS = 65_536;

/**
 * Draws items from where a user makes them and puts them into a stream, as fast as there is room: a producer whose
 * consumer does not read is not asked for more.
 */
export class Pump {
  readonly #outflow: Outflow;
  readonly #check: Check;
  readonly #owner: PumpOwner;
  readonly #over: (thrown: Thrown | undefined) => void;
  readonly #iterator: ItemIterator;
  #stopped = false;
  #asking = false;
  /** The producer runs just now: a generator cannot be returned from meanwhile. */
  #inside = false;
  #ended = false;
  #rests = 0;
  #room: (() => void) | undefined = undefined;

  /**
   * `over` is called once, when the producer has returned: with what it threw, if it did, or a {@link FaultyItem}.
   *
   * @throws TypeError where `items` is nothing that can be iterated.
   */
  constructor(
    items: unknown,
    outflow: Outflow,
    check: Check,
    owner: PumpOwner,
    over: (thrown: Thrown | undefined) => void,
  ) {
    this.#iterator = iteratorOf(items);
    this.#outflow = outflow;
    this.#check = check;
    this.#owner = owner;
    this.#over = over;
    outflow.onRoom = () => {
      const room = this.#room;
      this.#room = undefined;
      room?.();
    };
    void this.#run();
  }

  /** Nobody wants more: the producer is told by `return()`. */
  stop(): void {
    if (this.#stopped || this.#ended) return;
    this.#stopped = true;
    this.#outflow.onRoom();
    if (!this.#inside) this.#leave();
  }

  async #run(): Promise<void> {
    let index = 0;
    const outflow = this.#outflow;
    outflow.quota = 1;
    let since = this.#owner.now();
    let first = 0;
    try {
      for (;;) {
        if (!outflow.roomy) {
          await this.#rest(since, index - first);
          since = this.#owner.now();
          first = index;
        }
        if (this.#stopped) return;
        const step = this.#ask();
        const { done, value } = isThenable(step) ? await step : step;
        this.#asking = false;
        if (this.#stopped) return this.#returnedLate();
        if (done === true) return this.#end();
        this.#add(value, index++);
      }
    } catch (error) {
      // What a producer throws that nobody listens to any more has no bearing on the call.
      if (this.#stopped) this.#returnedLate();
      else if (error instanceof FaultyItem) {
        this.#stopped = true;
        this.#leave({ error });
      } else this.#end({ error });
    }
  }

  #ask(): Step | Promise<Step> {
    this.#asking = true;
    this.#inside = true;
    try {
      return this.#iterator.next() as Step | Promise<Step>;
    } finally {
      this.#inside = false;
      // It has itself led to being stopped.
      if (this.#stopped) this.#leave();
    }
  }

  /**
   * Waits for room. A producer that takes long gets less of it, so that what it makes leaves soon although it never lets
   * go of the event loop by itself; a fast one twice as much as before.
   */
  async #rest(since: number, made: number): Promise<void> {
    const outflow = this.#outflow;
    const took = this.#owner.now() - since;
    const slow = took > PATIENCE;
    // A receiver that has ended its side gives no credit, which would bring us back to the event loop.
    const turn = ++this.#rests % RESTS === 0;
    if (slow || turn) await new Promise<void>((resolve) => this.#owner.breathe(resolve));
    while (!outflow.roomy && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    }
    if (slow) outflow.quota = Math.max(1, Math.floor((made * PATIENCE) / took));
    else if (outflow.quota < MOST_ITEMS) outflow.quota *= 2;
  }

  #add(value: unknown, index: number): void {
    try {
      this.#outflow.add(this.#check(value));
    } catch (error) {
      throw new FaultyItem(index, error);
    }
    this.#owner.schedule();
  }

  /** Lets the producer clean up, and waits for it. */
  #leave(thrown?: Thrown): void {
    const iterator = this.#iterator;
    try {
      // Without a return() there is nothing to wait for but an item that it is asked for now.
      if (typeof iterator.return !== 'function') {
        if (!this.#asking) this.#end(thrown);
        return;
      }
      Promise.resolve(iterator.return()).then(
        () => this.#end(thrown),
        () => this.#end(thrown),
      );
    } catch {
      this.#end(thrown);
    }
  }

  /** The last item that was asked for has come, and nobody wants it. */
  #returnedLate(): void {
    if (typeof this.#iterator.return !== 'function') this.#end();
  }

  #end(thrown?: Thrown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#over(thrown);
  }
}
