import { type Gates, Line } from './line.ts';
import type { Pending } from './pending.ts';

/** The calls and the events that wait to be sent. Neither holds the others up. */
export class Lines {
  readonly calls: Line;
  readonly events: Line;
  #order = 0;

  constructor(gates: Gates) {
    this.calls = new Line(gates);
    this.events = new Line(gates);
  }

  get empty(): boolean {
    return this.calls.empty && this.events.empty;
  }

  all(): Pending[] {
    return [...this.calls.all(), ...this.events.all()];
  }

  /** The line that it waits in, or would. */
  of({ isEvent }: Pending): Line {
    return isEvent ? this.events : this.calls;
  }

  add(call: Pending): void {
    call.order = this.#order++;
    this.of(call).add(call);
  }

  /** Takes the next that can be sent. Where both can, as when a connection opens, that is whichever was made first. */
  take(): Pending | undefined {
    const call = this.calls.next;
    const event = this.events.next;
    const callFirst = event === undefined || (call !== undefined && call.order < event.order);
    const first = callFirst ? call : event;
    if (first === undefined) return undefined;
    first.order = -1;
    (callFirst ? this.calls : this.events).leave();
    return first;
  }

  /** A call has settled, whether it waited or not. */
  settled(call: Pending): void {
    if (call.order < 0) return;
    call.order = -1;
    this.of(call).settled();
  }
}
