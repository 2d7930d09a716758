import type { IncomingCall } from '../connection/call.ts';
import type { Inflow } from '../connection/inflow.ts';
import type { Outflow } from '../connection/outflow.ts';
import type { Responder } from '../connection/responder.ts';
import type { Implemented } from '../contract/implement.ts';
import { Invalid } from '../contract/schema.ts';
import type { Code } from '../error/code.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { CallContext, type ContextOwner } from './call-context.ts';
import { inputStream } from './input-stream.ts';
import type { ItemReader } from './item-reader.ts';
import { FaultyItem, Pump, type PumpOwner, type Thrown } from './pump.ts';
import type { Reports } from './reports.ts';
import { isThenable } from './thenable.ts';

/** What a dispatcher needs of its peer. */
export interface DispatcherOwner extends ContextOwner, PumpOwner {
  /** A call's handler is about to run: the process must live for it. */
  serves(): void;
  /** The call's handler has returned, and its answer follows at once. */
  served(context: CallContext): void;
}

type Call = IncomingCall<Implemented>;

/** Runs the handlers: parses inputs, checks outputs, and turns what handlers throw into what callers may see. */
export class Dispatcher {
  readonly #owner: DispatcherOwner;
  readonly #responder: Responder;
  readonly #reports: Reports;

  constructor(owner: DispatcherOwner, responder: Responder, reports: Reports) {
    this.#owner = owner;
    this.#responder = responder;
    this.#reports = reports;
  }

  /** Runs a call's handler. */
  dispatch(call: Call): void {
    const { method, handler, running } = call.target;
    if (running.count >= running.most) return this.#responder.fail(call, tooMany(method.fullName, running.most));
    const context = new CallContext(this.#owner, call);
    let input: unknown;
    if (call.inflow !== undefined) input = this.#inputStream(call, call.inflow, context);
    else {
      try {
        input = method.parseInput(call.input);
      } catch (error) {
        return this.#responder.fail(call, this.#badInput(method.fullName, error));
      }
    }
    call.input = undefined;
    call.attachment = context;
    running.count++;
    this.#owner.serves();
    let result: unknown;
    try {
      result = handler(input, context);
    } catch (thrown) {
      return this.#failed(call, thrown);
    }
    if (!isThenable(result)) return this.#took(call, result);
    result.then(
      (value) => this.#took(call, value),
      (thrown) => this.#failed(call, thrown),
    );
  }

  /** Nobody waits for the call any more. */
  cancel({ attachment }: Call): void {
    if (attachment instanceof CallContext) attachment.cancel();
  }

  /** The input stream of a call has ended. */
  inputEnded({ attachment }: Call, error: RpcError | undefined): void {
    if (attachment instanceof CallContext) attachment.reader?.end(error);
  }

  #inputStream(call: Call, inflow: Inflow, context: CallContext): ItemReader {
    context.reader = inputStream(call.target.method, inflow, () => {
      this.#responder.stop(call);
      this.#owner.schedule();
    });
    return context.reader;
  }

  /** Takes what a handler gave. */
  #took(call: Call, result: unknown): void {
    if (call.outflow === undefined) this.#answer(call, result);
    else this.#stream(call, call.outflow, result);
  }

  #answer(call: Call, result: unknown): void {
    const { method } = call.target;
    let output: unknown;
    try {
      output = method.encodeOutput(result);
    } catch (error) {
      return this.#faulty(call, 'gave an answer that does not match its contract', error);
    }
    try {
      this.#over(call);
      this.#responder.answer(call, output);
    } catch (error) {
      const tooMuch = error instanceof RpcError && error.code === 'RESOURCE_EXHAUSTED';
      if (tooMuch) this.#faulty(call, 'gave an answer that is over a limit', error, error.code);
      else this.#faulty(call, 'gave an answer that cannot be encoded', error);
    }
  }

  /** Sends the items of what a handler gave, and lets it clean up where nobody wants them any more. */
  #stream(call: Call, outflow: Outflow, result: unknown): void {
    const context = call.attachment as CallContext;
    const over = (thrown: Thrown | undefined): void => {
      if (thrown === undefined) this.#finished(call);
      else if (thrown.error instanceof FaultyItem) this.#faultyItem(call, thrown.error);
      else this.#failed(call, thrown.error);
    };
    try {
      context.pump = new Pump(result, outflow, call.target.method.encodeOutput, this.#owner, over);
    } catch (error) {
      return this.#faulty(call, 'gave no stream', error);
    }
    if (call.cancelled !== undefined) context.pump.stop();
  }

  #finished(call: Call): void {
    this.#over(call);
    this.#responder.answer(call, undefined);
  }

  #faultyItem(call: Call, error: FaultyItem): void {
    const { cause } = error;
    const tooMuch = cause instanceof RpcError && cause.code === 'RESOURCE_EXHAUSTED';
    if (tooMuch) return this.#faulty(call, 'gave an item that is over a limit', error, cause.code);
    const how = cause instanceof Invalid ? 'does not match its contract' : 'cannot be encoded';
    this.#faulty(call, `gave an item that ${how}`, error);
  }

  #badInput(fullName: string, error: unknown): RpcError {
    if (error instanceof Invalid) {
      const message = `The input of ${fullName} is not valid: ${error.message}`;
      return new RpcError('INVALID_ARGUMENT', message, { execution: 'rejected' });
    }
    this.#reports.tell(error, fullName);
    return new RpcError('INTERNAL', `The input of ${fullName} could not be checked.`, { execution: 'rejected' });
  }

  /** The handler's fault: told in full at this end, and to the caller only what happened. */
  #faulty(call: Call, what: string, error: unknown, code: Code = 'INTERNAL'): void {
    const { fullName } = call.target.method;
    const why = error instanceof Error ? error.message : String(error);
    this.#reports.tell(new Error(`${fullName} ${what}: ${why}`, { cause: error }), fullName);
    this.#fail(call, new RpcError(code, code === 'INTERNAL' ? `${fullName} ${what}.` : `${fullName} ${what}: ${why}`));
  }

  #failed(call: Call, thrown: unknown): void {
    const { method } = call.target;
    if (!(thrown instanceof RpcError)) {
      // Whoever gave up will not read this, and a handler that stops on its signal has done nothing wrong.
      if (call.cancelled === undefined) this.#reports.tell(thrown, method.fullName);
      return this.#fail(call, new RpcError('INTERNAL', `${method.fullName} failed; the server's log says why.`));
    }
    if (thrown.method !== undefined && thrown.method !== method.fullName) {
      if (call.cancelled === undefined) this.#reports.tell(thrown, method.fullName);
      return this.#passedOn(call, thrown);
    }
    const declared = thrown.method === undefined ? undefined : method.errors.get(thrown.name);
    // The handler ran, whatever became of a call that it made itself.
    const { code, message, metadata } = thrown;
    const failure: Failure = { code, message, metadata, execution: 'unknown' };
    if (declared === undefined) return this.#fail(call, new RpcError(code, message, failure));
    try {
      const data = declared.encode(thrown.data);
      this.#fail(call, new RpcError(code, message, { ...failure, name: thrown.name, data }));
    } catch (error) {
      this.#faulty(call, `threw its error "${thrown.name}" with data that does not match its contract`, error);
    }
  }

  /** An error of another call, or of another method's contract: its words were not meant for this caller. */
  #passedOn(call: Call, { code, method, metadata }: RpcError): void {
    const { fullName } = call.target.method;
    const message = `${fullName} failed, because ${method} did (${code}); the server's log says why.`;
    this.#fail(call, new RpcError(code, message, { metadata }));
  }

  #fail(call: Call, error: RpcError): void {
    this.#over(call);
    this.#responder.fail(call, error);
    this.#owner.schedule();
  }

  /** The handler has returned. */
  #over(call: Call): void {
    const context = call.attachment;
    if (!(context instanceof CallContext)) return;
    call.attachment = undefined;
    call.target.running.count--;
    context.reader?.end();
    this.#owner.served(context);
  }
}

function tooMany(method: string, most: number): RpcError {
  const message = `As many calls of ${method} run as may at once: ${most} (its "concurrency").`;
  return new RpcError('RESOURCE_EXHAUSTED', message, { execution: 'rejected' });
}
