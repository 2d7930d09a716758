import type { OutgoingCall, Route } from '../connection/call.ts';
import { type CallOptions, DEFAULT_DEADLINE } from '../contract/call-options.ts';
import type { NamedMethod } from '../contract/service.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { AbortSignals } from './abort-signals.ts';
import type { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import { PendingCall, type PendingCallOwner } from './pending-call.ts';
import type { Sender } from './sender.ts';

/** What an invoker needs of its connection. */
interface CallConnection {
  readonly canCall: boolean;
  readonly draining: boolean;
  calls(): OutgoingCall[];
  drain(): void;
  request(call: OutgoingCall, route: Route, input: unknown, timeLeft: number): void;
  cancel(call: OutgoingCall, code: 'CANCELLED' | 'DEADLINE_EXCEEDED'): void;
}

/** Why a call is not made on a connection that the other end is ending. */
export const LEAVING: Failure = {
  code: 'UNAVAILABLE',
  message: 'The other side is ending the connection, so no new calls are made on it. Connect again.',
  execution: 'not-sent',
};

const CLOSED: Failure = { code: 'UNAVAILABLE', message: 'The connection was closed here.', execution: 'not-sent' };

/** Makes the calls of one peer: lets them wait for the connection or a free slot, and gives them up in time. */
export class Invoker implements PendingCallOwner {
  readonly #connection: CallConnection;
  readonly #sender: Sender;
  readonly #alarm: Alarm;
  readonly #clock: Clock;
  readonly #signals = new AbortSignals((call, reason) => this.#aborted(call, reason));
  /** In the order in which they were made, unencoded. */
  #waiting: PendingCall[] = [];
  #closing = false;
  #over: RpcError | undefined;

  constructor(connection: CallConnection, sender: Sender, alarm: Alarm, clock: Clock) {
    this.#connection = connection;
    this.#sender = sender;
    this.#alarm = alarm;
    this.#clock = clock;
  }

  /** Makes a call. Its promise settles exactly once; nothing is thrown. */
  call(method: NamedMethod, route: Route, input: unknown, options?: CallOptions): Promise<unknown> {
    const deadline = options?.deadline ?? method.deadline ?? DEFAULT_DEADLINE;
    const call = new PendingCall(this, method, route, input, deadline, this.#sender.now());
    const promise = new Promise<unknown>((resolve) => {
      call.resolve = resolve;
    });
    this.#sender.began();
    if (options !== undefined && !this.#admit(call, options)) return promise;
    const { over } = this;
    if (over !== undefined) call.failed(over);
    else {
      this.#alarm.by(call.expiresAt);
      if (this.#waiting.length === 0 && this.#connection.canCall) this.#send(call, deadline);
      else this.#waiting.push(call);
      this.#sender.schedule();
    }
    return promise;
  }

  /** Why no call can be made any more, if so. */
  get over(): Failure | undefined {
    if (this.#closing) return CLOSED;
    if (this.#over === undefined) return this.#connection.draining ? LEAVING : undefined;
    const { message, cause } = this.#over;
    return { code: 'UNAVAILABLE', message: `${message} Connect again.`, execution: 'not-sent', cause };
  }

  /** The connection has ended: fails the calls that have not been sent, and all that are still made. */
  end(reason: RpcError): void {
    this.#over = reason;
    this.failWaiting(reason);
  }

  /** Makes no new calls. Those that wait are still sent; then the connection drains. */
  close(): void {
    this.#closing = true;
    if (this.#waiting.length === 0) this.#connection.drain();
  }

  /** Sends waiting calls, as far as there are slots. */
  startWaiting(): void {
    if (this.#waiting.length > 0 && this.#connection.canCall) this.#sendWaiting();
    if (this.#closing && this.#waiting.length === 0) this.#connection.drain();
  }

  #sendWaiting(): void {
    const now = this.#clock.now();
    let started = 0;
    for (const call of this.#waiting) {
      if (!this.#connection.canCall) break;
      started++;
      if (!call.settled) this.#send(call, call.expiresAt - now);
    }
    this.#waiting = this.#waiting.slice(started);
  }

  /** Fails the calls that have not been sent. */
  failWaiting({ message, cause }: Failure): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) call.failed({ code: 'UNAVAILABLE', message, execution: 'not-sent', cause });
  }

  /** Gives up the calls whose time is up, and returns when the next one's is. */
  expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const call of [...this.#connection.calls(), ...this.#waiting]) {
      if (!(call instanceof PendingCall) || call.settled) continue;
      if (call.expiresAt > now) next = Math.min(next, call.expiresAt);
      else this.#giveUp(call, 'DEADLINE_EXCEEDED', `no answer within ${call.deadline} ms`);
    }
    this.#waiting = this.#waiting.filter((call) => !call.settled);
    this.#sender.schedule();
    return next;
  }

  settled(call: PendingCall): void {
    this.#signals.delete(call);
    this.#sender.finished();
  }

  #aborted(call: PendingCall, reason: unknown): void {
    const late = reason instanceof Error && reason.name === 'TimeoutError';
    this.#giveUp(call, late ? 'DEADLINE_EXCEEDED' : 'CANCELLED', 'given up by its signal', reason);
    this.#sender.schedule();
  }

  /** Hears the options of a call out. Returns false where they settled it. */
  #admit(call: PendingCall, options: CallOptions): boolean {
    const { deadline, method } = call;
    const { signal } = options;
    if (typeof deadline !== 'number' || Number.isNaN(deadline)) {
      const message = `The deadline of a call to ${method.fullName} is ${deadline}; it must be a number of milliseconds.`;
      call.failed({ code: 'INVALID_ARGUMENT', message, execution: 'not-sent' });
    } else if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
      const message = `The signal of a call to ${method.fullName} is not an AbortSignal.`;
      call.failed({ code: 'INVALID_ARGUMENT', message, execution: 'not-sent' });
    } else if (signal?.aborted === true) {
      this.#aborted(call, signal.reason);
    } else if (deadline <= 0) {
      this.#giveUp(call, 'DEADLINE_EXCEEDED', 'its deadline had passed');
    } else if (signal !== undefined) this.#signals.add(signal, call);
    return !call.settled;
  }

  #send(call: PendingCall, timeLeft: number): void {
    const { input } = call;
    call.input = undefined;
    try {
      this.#connection.request(call, call.route, input, timeLeft);
    } catch (error) {
      // What is not ours was thrown by a getter of the input's.
      const { code, message } = error instanceof RpcError ? error : thrownByInput(error);
      const execution = 'not-sent';
      call.id = -1;
      call.failed({ code, message: `The input of ${call.method.fullName}: ${message}`, execution, cause: error });
    }
  }

  /** Settles a call that its caller wants no more, and tells the other end. */
  #giveUp(call: PendingCall, code: 'CANCELLED' | 'DEADLINE_EXCEEDED', why: string, cause?: unknown): void {
    if (call.settled) return;
    const sent = call.id >= 0;
    const fate = sent ? '; the handler may have run' : ' before it was sent';
    call.failed({
      code,
      message: `${call.method.fullName}: ${why}${fate}.`,
      execution: sent ? 'unknown' : 'not-sent',
      cause,
    });
    if (sent) this.#connection.cancel(call, code);
  }
}

function thrownByInput(thrown: unknown): Pick<Failure, 'code' | 'message'> {
  return { code: 'INVALID_ARGUMENT', message: `it threw when it was read: ${RpcError.from(thrown).message}` };
}
