import type { Failure } from '../error/rpc-error.ts';
import type { Pending } from './pending.ts';

/** Those that wait to be sent, unencoded, in the order in which they were made. */
export class Line {
  readonly #open: () => boolean;
  #waiting: Pending[] = [];
  /** How many at the beginning have left. */
  #gone = 0;

  /** `open`: whether one can be sent now. */
  constructor(open: () => boolean) {
    this.#open = open;
  }

  get empty(): boolean {
    return this.#gone === this.#waiting.length;
  }

  all(): readonly Pending[] {
    return this.#waiting.slice(this.#gone);
  }

  add(call: Pending): void {
    this.#waiting.push(call);
  }

  /** The first one, if it can be sent now. */
  get next(): Pending | undefined {
    while (this.#waiting[this.#gone]?.settled === true) this.leave();
    const first = this.#waiting[this.#gone];
    return first !== undefined && this.#open() ? first : undefined;
  }

  /** The first one has left. */
  leave(): void {
    if (++this.#gone < this.#waiting.length && this.#gone < 1024) return;
    this.#waiting = this.all() as Pending[];
    this.#gone = 0;
  }

  /** Forgets those that have settled meanwhile. */
  prune(): void {
    this.#waiting = this.all().filter((call) => !call.settled);
    this.#gone = 0;
  }

  /** None of them will be sent that it is `meant` for. */
  fail({ message, cause }: Failure, meant: (call: Pending) => boolean = () => true): void {
    const waiting = this.all();
    this.#waiting = waiting.filter((call) => !meant(call));
    this.#gone = 0;
    for (const call of waiting) {
      if (meant(call)) call.failed({ code: 'UNAVAILABLE', message, execution: 'not-sent', cause });
    }
  }
}
