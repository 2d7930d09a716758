import { OutgoingCall, type Route } from '../connection/call.ts';
import { Invalid } from '../contract/schema.ts';
import type { NamedMethod } from '../contract/service.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';

/** Whom a pending call tells that it has settled, in whatever way. */
export interface PendingCallOwner {
  settled(call: PendingCall): void;
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
  /** What it can be given up by. */
  signal: AbortSignal | undefined = undefined;
  readonly #owner: PendingCallOwner;

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
    this.#owner.settled(this);
  }
}
