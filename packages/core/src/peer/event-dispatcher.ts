import { IncomingCall } from '../connection/call.ts';
import type { Implemented } from '../contract/implement.ts';
import type { Metadata } from '../error/metadata.ts';
import { CallContext, type ContextOwner } from './call-context.ts';
import type { Reports } from './reports.ts';
import { isThenable } from './thenable.ts';

/** Runs the handlers of events. Nobody waits for them; what they throw is told at this end. */
export class EventDispatcher {
  readonly #owner: ContextOwner;
  readonly #reports: Reports;

  constructor(owner: ContextOwner, reports: Reports) {
    this.#owner = owner;
    this.#reports = reports;
  }

  /** Runs an event's handler, and calls `settled` once it has returned. */
  dispatch(target: Implemented, value: unknown, metadata: Metadata | undefined, settled: () => void): void {
    const { method, handler } = target;
    const failed = (thrown: unknown): void => {
      this.#reports.tell(thrown, method.fullName);
      settled();
    };
    try {
      const call = new IncomingCall(-1, target, Number.POSITIVE_INFINITY, 0, metadata);
      const result = handler(method.parseInput(value), new CallContext(this.#owner, call));
      if (isThenable(result)) result.then(settled, failed);
      else settled();
    } catch (thrown) {
      failed(thrown);
    }
  }
}
