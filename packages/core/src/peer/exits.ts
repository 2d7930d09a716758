import type { Failure, RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import type { Exit } from './exit.ts';
import type { Pending } from './pending.ts';

/** Where the calls of an {@link Invoker} leave: over one connection, or over whichever there is. */
export interface Exits {
  /** Whether a call, or an event, can leave now. */
  can(call: Pending): boolean;
  /** Over which it leaves; undefined where it must wait. */
  pick(call: Pending): Exit | undefined;
  /** Whether it is nested in a call whose end a connection waits for that takes no others any more. */
  completes?(call: Pending): boolean;
  /** Every connection that calls may be open on. */
  all(): Iterable<Exit>;
  /** What the other end takes; the defaults where nobody is there to ask. */
  readonly remote: Limits;
  /** Why there is no connection, where there is none. */
  readonly reason: RpcError | undefined;
  /** Whether calls must wait because as many are open as the other end takes. */
  readonly crowded: boolean;
  /** Why a call, or an event, is neither made nor let wait, if so. */
  refusal(call: Pending): Failure | undefined;
  /** Whether a call is made again that was lost with its connection, or turned away. */
  repeats(call: Pending, failure: Failure): boolean;
  /** A call waits to be sent, and its process must live for it. */
  began(): void;
  /** It waits no more. */
  finished(): void;
  /** Something may be sent soon. */
  schedule(): void;
  /** No new calls are made, and none waits any more. */
  emptied(): void;
}
