import type { Failure } from '../error/rpc-error.ts';
import type { PendingEvent } from './pending-event.ts';

/** The events that have been written in this tick, and not been handed to the transport yet. */
export class LeavingEvents {
  readonly #events: PendingEvent[] = [];

  add(event: PendingEvent): void {
    this.#events.push(event);
  }

  /** They have left. */
  left(): void {
    if (this.#events.length > 0) for (const event of this.#events.splice(0)) event.left();
  }

  /** They never will. */
  stay({ message, cause }: Failure): void {
    for (const event of this.#events.splice(0)) {
      event.lost({ code: 'UNAVAILABLE', message, execution: 'not-sent', cause });
    }
  }
}
