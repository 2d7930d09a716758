import type { Failure } from '../error/rpc-error.ts';
import { PendingCall } from './pending-call.ts';
import { rejection } from './rejection.ts';

/** An event that waits to leave. */
export class PendingEvent extends PendingCall {
  /** What its sender may await, or not. */
  promise: Promise<unknown> | undefined = undefined;

  override get isEvent(): boolean {
    return true;
  }

  /** It stands among what is sent at the end of this tick: until then it has not left. */
  override answered(): void {
    this.exit?.written(this);
  }

  /** Whoever sends an event and does not look back is not to be ended by an unhandled rejection. */
  protected override reject(failure: Failure): void {
    // Not before there is an error: a second reaction would take the sender's line from its stack.
    this.resolve(rejection(failure, () => this.promise?.catch(() => {})));
  }

  left(): void {
    super.answered(undefined);
  }
}
