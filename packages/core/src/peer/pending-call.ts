import { OutgoingCall, type Route } from '../connection/call.ts';
import type { CallOptions } from '../contract/call-options.ts';
import { Invalid } from '../contract/schema.ts';
import type { NamedMethod } from '../contract/service.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';

/** What a pending call needs of its peer. */
export interface PendingCallOwner {
  /** The call has settled, in whatever way. */
  settled(call: PendingCall): void;
  /** The caller's signal has aborted. */
  aborted(call: PendingCall, reason: unknown): void;
}

const nothing = (): void => {};

/** A call that waits for its outcome: the promise's side of it. */
export class PendingCall extends OutgoingCall {
  readonly method: NamedMethod;
  readonly route: Route;
  /** Kept until the call is sent, unencoded. */
  input: unknown;
  /** When it fails with DEADLINE_EXCEEDED, by the peer's clock. */
  readonly expiresAt: number;
  readonly deadline: number;
  settled = false;
  resolve: (value: unknown) => void = nothing;
  readonly #owner: PendingCallOwner;
  #signal: AbortSignal | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;

  constructor(
    owner: PendingCallOwner,
    method: NamedMethod,
    route: Route,
    input: unknown,
    deadline: number,
    now: number,
  ) {
    super();
    this.#owner = owner;
    this.method = method;
    this.route = route;
    this.input = input;
    this.deadline = deadline;
    this.expiresAt = now + deadline;
  }

  /** Gives the call up when the caller's signal aborts. */
  listen({ signal }: CallOptions): void {
    if (signal === undefined) return;
    this.#signal = signal;
    this.#onAbort = () => this.#owner.aborted(this, signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  override answered(value: unknown): void {
    if (this.settled) return;
    let output: unknown;
    try {
      output = this.method.parseOutput(value);
    } catch (error) {
      const why = error instanceof Invalid ? error.message : String(error);
      const message = `The server's answer to ${this.method.fullName} does not match the contract: ${why}`;
      return this.failed({ code: 'INTERNAL', message, cause: error });
    }
    this.#settle();
    this.resolve(output);
  }

  override failed(failure: Failure): void {
    if (this.settled) return;
    this.#settle();
    const init = this.#describe(failure);
    // The promise follows one whose job makes the error only after the two are linked: so V8 finds the function that
    // awaits the call, and the error's stack shows its line. That costs a call that succeeds nothing, where a stack
    // taken at each call would cost it some 5 µs.
    this.resolve(
      Promise.resolve()
        .then(nothing)
        .then(() => {
          throw new RpcError(init.code, init.message, init);
        }),
    );
  }

  /** The failure as this call's: named after its method, and a declared error only where its data fits. */
  #describe(failure: Failure): Failure {
    const { code, message, execution, cause, name, data } = failure;
    const method = this.method.fullName;
    const init = { code, message, execution: execution ?? 'unknown', cause, method } as const;
    const declared = name === undefined ? undefined : this.method.errors.get(name);
    if (name === undefined || declared === undefined) return init;
    try {
      return { ...init, name, data: declared.parse(data) };
    } catch (error) {
      const why = error instanceof Invalid ? error.message : String(error);
      const wrong = `The data of the error "${name}" of ${method} does not match the contract: ${why}`;
      return { ...init, code: 'INTERNAL', message: wrong, cause: error };
    }
  }

  #settle(): void {
    this.settled = true;
    this.input = undefined;
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#owner.settled(this);
  }
}
