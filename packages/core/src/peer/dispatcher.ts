import type { IncomingCall } from '../connection/call.ts';
import type { Implemented } from '../contract/implement.ts';
import { Invalid } from '../contract/schema.ts';
import type { Code } from '../error/code.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { CallContext, type ContextOwner } from './call-context.ts';

/** How a served call ends. */
export interface Outcome {
  /** May throw an RpcError, where the value cannot be encoded. */
  answer(call: IncomingCall<Implemented>, value: unknown): void;
  fail(call: IncomingCall<Implemented>, error: RpcError): void;
}

/** Hears of what went wrong on the serving side and is not told to the caller. */
export type ErrorListener = (error: unknown, method: string) => void;

/** Runs the handlers: parses inputs, checks outputs, and turns what handlers throw into what callers may see. */
export class Dispatcher {
  readonly #owner: ContextOwner;
  readonly #outcome: Outcome;
  readonly #onError: ErrorListener;

  constructor(owner: ContextOwner, outcome: Outcome, onError: ErrorListener) {
    this.#owner = owner;
    this.#outcome = outcome;
    this.#onError = onError;
  }

  /** Runs a call's handler. */
  dispatch(call: IncomingCall<Implemented>): void {
    const { method, handler } = call.target;
    let input: unknown;
    try {
      input = method.parseInput(call.input);
    } catch (error) {
      return this.#outcome.fail(call, this.#badInput(call, error));
    }
    call.input = undefined;
    const context = new CallContext(this.#owner, call);
    call.attachment = context;
    let result: unknown;
    try {
      result = handler(input, context);
    } catch (thrown) {
      return this.#failed(call, thrown);
    }
    if (!isThenable(result)) return this.#answer(call, result);
    result.then(
      (value) => this.#answer(call, value),
      (thrown) => this.#failed(call, thrown),
    );
  }

  #answer(call: IncomingCall<Implemented>, result: unknown): void {
    const { method } = call.target;
    let output: unknown;
    try {
      output = method.encodeOutput(result);
    } catch (error) {
      return this.#faulty(call, 'gave an answer that does not match its contract', error);
    }
    try {
      this.#outcome.answer(call, output);
    } catch (error) {
      const tooMuch = error instanceof RpcError && error.code === 'RESOURCE_EXHAUSTED';
      if (tooMuch) this.#faulty(call, 'gave an answer that is over a limit', error, error.code);
      else this.#faulty(call, 'gave an answer that cannot be encoded', error);
    }
  }

  #badInput(call: IncomingCall<Implemented>, error: unknown): RpcError {
    const { fullName } = call.target.method;
    if (error instanceof Invalid) {
      const message = `The input of ${fullName} is not valid: ${error.message}`;
      return new RpcError('INVALID_ARGUMENT', message, { execution: 'rejected' });
    }
    this.#report(error, fullName);
    return new RpcError('INTERNAL', `The input of ${fullName} could not be checked.`, { execution: 'rejected' });
  }

  /** The handler's fault: told in full at this end, and to the caller only what happened. */
  #faulty(call: IncomingCall<Implemented>, what: string, error: unknown, code: Code = 'INTERNAL'): void {
    const { fullName } = call.target.method;
    const why = error instanceof Error ? error.message : String(error);
    this.#report(new Error(`${fullName} ${what}: ${why}`, { cause: error }), fullName);
    const told = code === 'INTERNAL' ? `${fullName} ${what}.` : `${fullName} ${what}: ${why}`;
    this.#outcome.fail(call, new RpcError(code, told));
  }

  /** The listener is the user's: what it throws must not cost the call its answer. */
  #report(error: unknown, method: string): void {
    try {
      this.#onError(error, method);
    } catch (thrown) {
      console.error('nearcall: onError threw', thrown, 'when told of', error);
    }
  }

  #failed(call: IncomingCall<Implemented>, thrown: unknown): void {
    const { method } = call.target;
    if (!(thrown instanceof RpcError)) {
      // Whoever gave up will not read this, and a handler that stops on its signal has done nothing wrong.
      if (call.cancelled === undefined) this.#report(thrown, method.fullName);
      return this.#outcome.fail(
        call,
        new RpcError('INTERNAL', `${method.fullName} failed; the server's log says why.`),
      );
    }
    const declared = thrown.method === method.fullName ? method.errors.get(thrown.name) : undefined;
    // The handler ran, whatever became of a call that it made itself.
    const failure: Failure = { code: thrown.code, message: thrown.message, execution: 'unknown' };
    if (declared === undefined) return this.#outcome.fail(call, new RpcError(failure.code, failure.message, failure));
    try {
      const data = declared.encode(thrown.data);
      this.#outcome.fail(call, new RpcError(failure.code, failure.message, { ...failure, name: thrown.name, data }));
    } catch (error) {
      this.#faulty(call, `threw its error "${thrown.name}" with data that does not match its contract`, error);
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
