import type { IncomingCall } from '../connection/call.ts';
import type { Inflow } from '../connection/inflow.ts';
import type { Outflow } from '../connection/outflow.ts';
import type { Responder } from '../connection/responder.ts';
import type { Implemented } from '../contract/implement.ts';
import { Invalid } from '../contract/schema.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Form } from '../wire/form.ts';
import { CallContext, type ContextOwner } from './call-context.ts';
import { HandlerFault, isTooMuch, streamFailure, unsendable, wrongAnswer } from './handler-fault.ts';
import { inputStream } from './input-stream.ts';
import type { ItemReader } from './item-reader.ts';
import { runMiddleware } from './middleware-run.ts';
import { Pump, type PumpOwner, type Thrown } from './pump.ts';
import type { Reports } from './reports.ts';
import { isThenable } from './thenable.ts';
import { toldOf } from './told-error.ts';

/** What a dispatcher needs of its peer. */
export interface DispatcherOwner extends ContextOwner, PumpOwner {
  /** A call's handler is about to run: the process must live for it. */
  serves(): void;
  /** An answer is about to be written. */
  answers(): void;
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
    const { method, handler, middleware, running } = call.target;
    if (running.count >= running.most) return this.#responder.fail(call, tooMany(method.fullName, running.most));
    const context = new CallContext(this.#owner, call);
    let input: unknown;
    if (call.inflow !== undefined) input = this.#inputStream(call, call.inflow, context);
    else {
      try {
        input = call.checked ? call.input : method.parseInput(call.input);
      } catch (error) {
        return this.#responder.fail(call, this.#badInput(method.fullName, error));
      }
    }
    call.input = undefined;
    call.attachment = context;
    running.count++;
    this.#owner.serves();
    if (middleware !== undefined) return this.#serveWithin(call, input, context);
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

  /** Runs a call's handler within the middleware around it. */
  #serveWithin(call: Call, input: unknown, context: CallContext): void {
    const { target, outflow } = call;
    const { method, handler } = target;
    const within = runMiddleware(target, context, input, this.#reports, async (grown) => {
      const result = await handler(input, grown);
      if (outflow !== undefined) return this.#pump(call, outflow, result);
      try {
        return method.encodeOutput(result);
      } catch (error) {
        throw wrongAnswer(method.fullName, error);
      }
    });
    within.then(
      ({ output }) => {
        this.#owner.answers();
        this.#send(call, output);
      },
      (thrown) => this.#failed(call, thrown),
    );
  }

  /** Takes what a handler gave. */
  #took(call: Call, result: unknown): void {
    this.#owner.answers();
    const { outflow } = call;
    if (outflow === undefined) return this.#answer(call, result);
    this.#stream(call, outflow, result, (thrown) => {
      if (thrown === undefined) this.#send(call, undefined);
      else this.#failed(call, thrown.error);
    });
  }

  #answer(call: Call, result: unknown): void {
    const { method } = call.target;
    const form = method.forms?.output;
    let output: unknown;
    try {
      if (form !== undefined && this.#answerFormed(call, result, form)) return;
      output = method.encodeOutput(result);
    } catch (error) {
      return this.#failed(call, wrongAnswer(method.fullName, error));
    }
    this.#send(call, output);
  }

  /** Checks an answer by its form and sends it. Returns false where it is to go the common way. */
  #answerFormed(call: Call, result: unknown, form: Form): boolean {
    const body = this.#responder.formed(call, result, form);
    if (body === undefined) return false;
    this.#over(call);
    this.#responder.answerFormed(call, body);
    return true;
  }

  /** Sends what has been checked; nothing more where it was a stream. */
  #send(call: Call, output: unknown): void {
    try {
      this.#over(call);
      this.#responder.answer(call, output);
    } catch (error) {
      this.#failed(call, unsendable(call.target.method.fullName, error));
    }
  }

  /** Sends the items of what a handler gave, and lets it clean up where nobody wants them any more. */
  #stream(call: Call, outflow: Outflow, result: unknown, over: (thrown: Thrown | undefined) => void): void {
    const context = call.attachment as CallContext;
    const { method } = call.target;
    const { encodeOutput, fullName } = method;
    try {
      const ended = (thrown: Thrown | undefined): void =>
        over(thrown && { error: streamFailure(fullName, thrown.error) });
      context.pump = new Pump(result, outflow, encodeOutput, this.#owner, ended, method.forms?.output);
    } catch (error) {
      return over({ error: new HandlerFault(fullName, 'gave no stream', error) });
    }
    if (context.stopped || call.cancelled !== undefined) context.pump.stop();
  }

  /** Sends them to their end. */
  #pump(call: Call, outflow: Outflow, result: unknown): Promise<undefined> {
    return new Promise((resolve, reject) => {
      this.#stream(call, outflow, result, (thrown) => {
        if (thrown === undefined) resolve(undefined);
        else reject(thrown.error);
      });
    });
  }

  #badInput(fullName: string, error: unknown): RpcError {
    if (error instanceof Invalid) {
      const message = `The input of ${fullName} is not valid: ${error.message}`;
      return new RpcError('INVALID_ARGUMENT', message, { execution: 'rejected' });
    }
    this.#reports.tell(error, fullName);
    return new RpcError('INTERNAL', `The input of ${fullName} could not be checked.`, { execution: 'rejected' });
  }

  #failed(call: Call, thrown: unknown): void {
    const { method } = call.target;
    const told = toldOf(thrown, method);
    if ('here' in told && (told.always === true || call.cancelled === undefined)) {
      // What is over a limit is over one that the other end may have chosen.
      if (told.here instanceof HandlerFault && isTooMuch(told.error)) this.#reports.caused(told.here, method.fullName);
      else this.#reports.tell(told.here, method.fullName);
    }
    this.#over(call);
    this.#responder.fail(call, told.error);
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
