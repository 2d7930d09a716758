import type { Failure } from '../error/rpc-error.ts';
import type { Pending } from './pending.ts';

/** What decides whether the first of those that wait can be sent now. */
export interface Gates {
  can(call: Pending): boolean;
}

/** Those that wait to be sent, unencoded, in the order in which they were made. */
export class Line {
  readonly #gates: Gates;
  #waiting: Pending[] = [];
  /** How many at the beginning have left. */
  #gone = 0;
  /** How many of the others have settled, and wait for nothing. */
  #settled = 0;

  constructor(gates: Gates) {
    this.#gates = gates;
  }

  get empty(): boolean {
    return this.#gone + this.#settled === this.#waiting.length;
  }

  /** All of them, and some that have settled meanwhile. */
  all(): readonly Pending[] {
    return this.#waiting.slice(this.#gone);
  }

  add(call: Pending): void {
    this.#waiting.push(call);
  }

  /** The first one, if it can be sent now. */
  get next(): Pending | undefined {
    while (this.#waiting[this.#gone]?.settled === true) {
      this.#settled--;
      this.leave();
    }
    const first = this.#waiting[this.#gone];
    return first !== undefined && this.#gates.can(first) ? first : undefined;
  }

  /** The first one has left. */
  leave(): void {
    if (++this.#gone < this.#waiting.length && this.#gone < 1024) return;
    this.#waiting = this.all() as Pending[];
    this.#gone = 0;
  }

  /** One of them has settled while it waited. */
  settled(): void {
    // Not each at once: a thousand that are given up together would look at each other a million times.
    if (++this.#settled * 2 < this.#waiting.length - this.#gone) return;
    this.#waiting = this.all().filter((call) => !call.settled);
    this.#gone = 0;
    this.#settled = 0;
  }

  /** None of them will be sent that it is `meant` for. */
  fail({ code, message, cause }: Failure, meant: (call: Pending) => boolean = () => true): void {
    const failing: Pending[] = [];
    const staying: Pending[] = [];
    for (const call of this.all()) if (!call.settled) (meant(call) ? failing : staying).push(call);
    this.#waiting = staying;
    this.#gone = 0;
    this.#settled = 0;
    for (const call of failing) call.order = -1;
    for (const call of failing) call.failed({ code, message, execution: 'not-sent', cause });
  }
}
