import type { Metadata } from '../error/metadata.ts';
import type { RpcError } from '../error/rpc-error.ts';
import type { Formed } from '../wire/form.ts';
import type { Hello } from '../wire/hello.ts';
import type { IncomingCall, MethodDeclaration } from './call.ts';

/** How a connection stands: what may come next from the other end. */
export type Phase = 'preface' | 'hello' | 'open' | 'closed';

/** What an end says of its contract of a method. Neither is read before it is needed. */
export interface Statement extends Formed {
  /** Eight bytes that are equal where the contracts are, or none where nothing is said. */
  readonly fingerprint: Uint8Array;
  /** The contract itself: JSON, as PROTOCOL.md has it. */
  readonly description: string | undefined;
}

/** What a connection tells the one who drives it. All but `wake` is called during `receive`, `ended` or `abort`. */
export interface Host<T = unknown> {
  /** There is something to send, outside of all that was asked of the connection. */
  wake(): void;
  /** The other end's hello has come: calls may be made. */
  opened(hello: Hello): void;
  /** The other end is going to call this method. What is returned comes back as the target of each such call. */
  resolve(method: MethodDeclaration): T | undefined;
  /** What this end's contract says of a method that it serves. */
  contract(target: T): Statement;
  /** Milliseconds since some moment: for how long a call was held. */
  now(): number;
  /** `Exchange.expire` is to be called at this time. */
  waits(until: number): void;
  /**
   * A call has come, with its whole input, or with the beginning of a stream. `Connection.answer` or `Connection.fail`
   * must follow, once.
   */
  request(call: IncomingCall<T>): void;
  /** The caller has given up a call that `request` brought. It still gets its `answer` or `fail`. */
  cancelled(call: IncomingCall<T>): void;
  /** An event has come. `settled` must be called, once, when it has been handled. */
  event(target: T, value: unknown, metadata: Metadata | undefined, settled: () => void): void;
  /** An event has come that could not be read, or that nobody handles here; the latter is told once a method. */
  eventLost(method: string, error: RpcError): void;
  /** The input stream of a call has come to its end; with the reason where that was not its sender's wish. */
  inputEnded(call: IncomingCall<T>, error?: RpcError): void;
  /** The other end wants to end, or this end is done with what it had begun: make no new calls. */
  draining(): void;
  /** The connection is over. Calls that were open have failed, and those that had come are nobody's any more. */
  finished(reason: RpcError): void;
}
