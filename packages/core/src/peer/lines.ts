import type { Failure } from '../error/rpc-error.ts';
import { type Gates, Line } from './line.ts';
import type { Pending } from './pending.ts';

/** The calls and the events that wait to be sent. Neither holds the others up. */
export class Lines {
  readonly #gates: Gates;
  // Each is there only while somebody waits in it: both hold 180 bytes, and to look for that was to look into four objects.
  #calls: Line | undefined = undefined;
  #events: Line | undefined = undefined;
  #order = 0;

  constructor(gates: Gates) {
    this.#gates = gates;
  }

  get empty(): boolean {
    return this.#calls === undefined && this.#events === undefined;
  }

  all(): Pending[] {
    return [...(this.#calls?.all() ?? []), ...(this.#events?.all() ?? [])];
  }

  /** Whether nobody waits in the line that it would wait in. */
  lets({ isEvent }: Pending): boolean {
    return (isEvent ? this.#events : this.#calls) === undefined;
  }

  add(call: Pending): void {
    call.order = this.#order++;
    if (call.isEvent) this.#events ??= new Line(this.#gates);
    else this.#calls ??= new Line(this.#gates);
    this.#of(call)?.add(call);
  }

  /** Takes the next that can be sent. Where both can, as when a connection opens, that is whichever was made first. */
  take(): Pending | undefined {
    const call = this.#calls?.next;
    const event = this.#events?.next;
    const callFirst = event === undefined || (call !== undefined && call.order < event.order);
    const first = callFirst ? call : event;
    if (first !== undefined) {
      first.order = -1;
      this.#of(first)?.leave();
    }
    this.#tidy();
    return first;
  }

  /** A call has settled, whether it waited or not. */
  settled(call: Pending): void {
    if (call.order < 0) return;
    call.order = -1;
    this.#of(call)?.settled();
    this.#tidy();
  }

  /** None of those that wait will be sent, but for those that it is not `meant` for. */
  fail(which: 'calls' | 'events', failure: Failure, meant?: (call: Pending) => boolean): void {
    (which === 'calls' ? this.#calls : this.#events)?.fail(failure, meant);
    this.#tidy();
  }

  #of({ isEvent }: Pending): Line | undefined {
    return isEvent ? this.#events : this.#calls;
  }

  #tidy(): void {
    if (this.#calls?.empty === true) this.#calls = undefined;
    if (this.#events?.empty === true) this.#events = undefined;
  }
}
