import type { OutgoingCall, Route } from '../connection/call.ts';
import { type CallOptions, DEFAULT_DEADLINE } from '../contract/call-options.ts';
import type { NamedMethod } from '../contract/service.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
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

/** Why a call is not made on a connection that is draining. */
export const CLOSING: Failure = {
  code: 'UNAVAILABLE',
  message: 'The connection is closing: no new calls are made on it.',
  execution: 'not-sent',
};

/** Makes the calls of one peer: lets them wait for the connection or a free slot, and gives them up in time. */
export class Invoker implements PendingCallOwner {
  readonly #connection: CallConnection;
  readonly #sender: Sender;
  readonly #alarm: Alarm;
  readonly #clock: Clock;
  /** In the order in which they were made, unencoded. */
  #waiting: PendingCall[] = [];
  #closing = false;
  /** Why no call can be made any more. */
  over: RpcError | undefined;

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
    if (this.over !== undefined) {
      const { message, cause } = this.over;
      call.failed({ code: 'UNAVAILABLE', message, execution: 'not-sent', cause });
    } else if (this.#closing || this.#connection.draining) call.failed(CLOSING);
    else {
      this.#alarm.by(call.expiresAt);
      if (this.#waiting.length === 0 && this.#connection.canCall) this.#send(call, deadline);
      else this.#waiting.push(call);
      this.#sender.schedule();
    }
    return promise;
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

  settled(): void {
    this.#sender.finished();
  }

  aborted(call: PendingCall, reason: unknown): void {
    this.#giveUp(call, 'CANCELLED', 'the caller gave it up', reason);
    this.#sender.schedule();
  }

  /** Hears the options of a call out. Returns false where they settled it. */
  #admit(call: PendingCall, options: CallOptions): boolean {
    const { deadline, method } = call;
    if (typeof deadline !== 'number' || Number.isNaN(deadline)) {
      const message = `The deadline of a call to ${method.fullName} is ${deadline}; it must be a number of milliseconds.`;
      call.failed({ code: 'INVALID_ARGUMENT', message, execution: 'not-sent' });
    } else if (options.signal?.aborted === true) {
      this.#giveUp(call, 'CANCELLED', 'the caller gave it up', options.signal.reason);
    } else if (deadline <= 0) {
      this.#giveUp(call, 'DEADLINE_EXCEEDED', 'its deadline had passed');
    } else call.listen(options);
    return !call.settled;
  }

  #send(call: PendingCall, timeLeft: number): void {
    const { input } = call;
    call.input = undefined;
    try {
      this.#connection.request(call, call.route, input, timeLeft);
    } catch (error) {
      const { code, message, execution } = RpcError.from(error);
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
