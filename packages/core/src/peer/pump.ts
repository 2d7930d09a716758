import type { Outflow } from '../connection/outflow.ts';
import type { Check } from '../contract/schema.ts';
import type { Form } from '../wire/form.ts';
import type { WriteShaped } from '../wire/shaped-writer.ts';
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
  readonly #check: Check | undefined;
  readonly #form: Form | undefined;
  /** What writes the items of this batch, if they have the form. */
  #write: WriteShaped | undefined = undefined;
  readonly #owner: PumpOwner;
  readonly #over: (thrown: Thrown | undefined) => void;
  readonly #iterator: ItemIterator;
  #stopped = false;
  #asking = false;
  /** The producer runs just now: a generator cannot be returned from meanwhile. */
  #inside = false;
  #ended = false;
  #rests = 0;
  #made = 0;
  /** How many it had made when it last had room again, and when that was. */
  #before = 0;
  #since = 0;
  #room: (() => void) | undefined = undefined;

  /**
   * `over` is called once, when the producer has returned: with what it threw, if it did, or a {@link FaultyItem}. Without a
   * `check` items go as they are. `form`: what they are written by, checked by the way, where they have it.
   *
   * @throws TypeError where `items` is nothing that can be iterated.
   */
  constructor(
    items: unknown,
    outflow: Outflow,
    check: Check | undefined,
    owner: PumpOwner,
    over: (thrown: Thrown | undefined) => void,
    form?: Form,
  ) {
    this.#iterator = iteratorOf(items);
    this.#outflow = outflow;
    this.#check = check;
    this.#form = form;
    this.#owner = owner;
    this.#over = over;
    outflow.quota = 1;
    outflow.onRoom = () => {
      const room = this.#room;
      this.#room = undefined;
      room?.();
    };
    this.#since = owner.now();
    this.#go();
  }

  /** Nobody wants more: the producer is told by `return()`. */
  stop(): void {
    if (this.#stopped || this.#ended) return;
    this.#stopped = true;
    this.#outflow.onRoom();
    if (!this.#inside) this.#leave();
  }

  /** Asks for items until one of them or some room has to be waited for. Callbacks: an `await` an item costs 20 ns more. */
  readonly #go = (): void => {
    try {
      while (!this.#stopped) {
        if (!this.#outflow.roomy) return void this.#rest().then(this.#go);
        this.#asking = true;
        this.#inside = true;
        const step = this.#iterator.next() as Step | Promise<Step>;
        this.#outside();
        if (isThenable(step)) return void Promise.resolve(step).then(this.#came, this.#failed);
        if (!this.#take(step)) return;
      }
    } catch (error) {
      if (this.#inside) this.#outside();
      this.#failed(error);
    }
  };

  #outside(): void {
    this.#inside = false;
    // It has itself led to being stopped.
    if (this.#stopped) this.#leave();
  }

  readonly #came = (step: Step): void => {
    try {
      if (!this.#take(step)) return;
    } catch (error) {
      return this.#failed(error);
    }
    this.#go();
  };

  readonly #failed = (error: unknown): void => {
    // What a producer throws that nobody listens to any more has no bearing on the call.
    if (this.#stopped) this.#returnedLate();
    else this.#end({ error });
  };

  /** Takes what the producer gave. Returns whether it is to be asked for more. */
  #take({ done, value }: Step): boolean {
    this.#asking = false;
    if (this.#stopped) this.#returnedLate();
    else if (done === true) this.#end();
    else return this.#add(value);
    return false;
  }

  /**
   * Waits for room. A producer that takes long gets less of it, so that what it makes leaves soon although it never lets
   * go of the event loop by itself; a fast one twice as much as before.
   */
  async #rest(): Promise<void> {
    const outflow = this.#outflow;
    const took = this.#owner.now() - this.#since;
    const slow = took > PATIENCE;
    // A receiver that has ended its side gives no credit, which would bring us back to the event loop.
    const turn = ++this.#rests % RESTS === 0;
    if (slow || turn) await new Promise<void>((resolve) => this.#owner.breathe(resolve));
    while (!outflow.roomy && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    }
    if (slow) outflow.quota = Math.max(1, Math.floor(((this.#made - this.#before) * PATIENCE) / took));
    else if (outflow.quota < MOST_ITEMS) outflow.quota *= 2;
    this.#since = this.#owner.now();
    const form = this.#form;
    this.#write = form && outflow.writerOf(form, this.#check !== undefined, this.#made - this.#before);
    this.#before = this.#made;
  }

  #add(value: unknown): boolean {
    try {
      if (!this.#addFormed(value)) this.#outflow.add(this.#check === undefined ? value : this.#check(value));
      this.#made++;
      return true;
    } catch (error) {
      if (this.#stopped) {
        this.#returnedLate();
        return false;
      }
      this.#stopped = true;
      this.#leave({ error: new FaultyItem(this.#made, error) });
      return false;
    }
  }

  #addFormed(value: unknown): boolean {
    const write = this.#write;
    if (write === undefined) return false;
    if (this.#outflow.addFormed(write, value)) return true;
    // One that is not of the form has others behind it, as a rule.
    this.#write = undefined;
    return false;
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
