import { IncomingCall } from '../connection/call.ts';
import type { Implemented } from '../contract/implement.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { CallContext, type ContextOwner } from './call-context.ts';
import { LayerFault } from './layers.ts';
import { runMiddleware } from './middleware-run.ts';
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
    const { method, handler, middleware } = target;
    const failed = (thrown: unknown): void => {
      if (!(thrown instanceof LayerFault)) this.#reports.tell(thrown, method.fullName);
      settled();
    };
    let input: unknown;
    try {
      input = method.parseInput(value);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const invalid = `The event ${method.fullName} is not valid: ${why}`;
      this.#reports.caused(new RpcError('INVALID_ARGUMENT', invalid, { cause: error }), method.fullName);
      return settled();
    }
    try {
      const call = new IncomingCall(-1, target, Number.POSITIVE_INFINITY, 0, metadata);
      const context = new CallContext(this.#owner, call);
      const result =
        middleware === undefined
          ? handler(input, context)
          : runMiddleware(target, context, input, this.#reports, async (grown) => void (await handler(input, grown)));
      if (isThenable(result)) result.then(() => settled(), failed);
      else settled();
    } catch (thrown) {
      failed(thrown);
    }
  }
}
