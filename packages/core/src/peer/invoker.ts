import type { Connection } from '../connection/connection.ts';
import { type CallOptions, DEFAULT_DEADLINE } from '../contract/call-options.ts';
import type { Implemented } from '../contract/implement.ts';
import { KIND, streamsInput } from '../contract/kind.ts';
import type { NamedMethod } from '../contract/service.ts';
import type { ResponseStream } from '../contract/stream.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { AbortSignals, codeOfAbort } from './abort-signals.ts';
import type { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import { CLOSED, CROWDED, LEAVING, noStream, thrownByInput, tooDeep } from './failures.ts';
import { pumpInput } from './input-pump.ts';
import { isIterable } from './iterator-of.ts';
import { LeavingEvents } from './leaving-events.ts';
import { Lines } from './lines.ts';
import type { Pending } from './pending.ts';
import { PendingCall } from './pending-call.ts';
import { type EventOwner, PendingEvent } from './pending-event.ts';
import { PendingStream, type StreamOwner } from './pending-stream.ts';
import type { Sender } from './sender.ts';
import { admit, type Giving } from './terms.ts';

/** Makes the calls of one peer: lets them wait for the connection or a free slot, and gives them up in time. */
export class Invoker implements StreamOwner, EventOwner, Giving {
  readonly #connection: Connection<Implemented>;
  readonly #sender: Sender;
  readonly #alarm: Alarm;
  readonly #clock: Clock;
  readonly #signals = new AbortSignals((call, reason) => this.aborted(call, reason));
  readonly #lines: Lines;
  readonly #leaving = new LeavingEvents();
  /** How many calls and events have not settled. */
  pending = 0;
  #closing = false;
  #over: RpcError | undefined;

  constructor(connection: Connection<Implemented>, sender: Sender, alarm: Alarm, clock: Clock) {
    this.#connection = connection;
    this.#sender = sender;
    this.#alarm = alarm;
    this.#clock = clock;
    this.#lines = new Lines(connection);
  }

  /** Makes a call, or sends an event. Its promise settles exactly once; nothing is thrown. */
  call(method: NamedMethod, input: unknown, options?: CallOptions): Promise<unknown> {
    const deadline =
      options?.deadline ?? method.deadline ?? (method.kind === KIND.clientStream ? NEVER : DEFAULT_DEADLINE);
    const call = new (method.kind === KIND.event ? PendingEvent : PendingCall)(this, method, input, deadline);
    const promise = new Promise<unknown>((resolve) => {
      call.resolve = resolve;
    });
    if (call instanceof PendingEvent) call.promise = promise;
    this.#start(call, options);
    return promise;
  }

  written(event: PendingEvent): void {
    this.#leaving.add(event);
    this.#sender.schedule();
  }

  /** What was written has left. */
  eventsLeft(): void {
    this.#leaving.left();
  }

  /** The transport is closed: what was written and has not left never will. */
  eventsStay(): void {
    this.#leaving.stay(this.#over ?? CLOSED);
  }

  /** Makes a call whose answer is a stream. It opens when its first item is asked for. */
  stream(method: NamedMethod, input: unknown, options?: CallOptions): ResponseStream<unknown> {
    const call = new PendingStream(this, method, input, options?.deadline ?? method.deadline ?? NEVER);
    call.options = options;
    call.reader.signal = options?.signal;
    return call.reader;
  }

  open(call: PendingStream): void {
    this.#start(call, call.options);
  }

  abandon(call: PendingStream): void {
    if (call.settled) return;
    this.#giveUp(call, 'CANCELLED', 'its reader left');
    this.#sender.schedule();
  }

  #start(call: Pending, options: CallOptions | undefined): void {
    this.#sender.began();
    this.pending++;
    const { exchange } = this.#connection;
    if (options !== undefined && !admit(call, options, exchange.caller.remote, this, this.#signals)) return;
    call.expiresAt = this.#sender.tick() + call.deadline;
    const { kind } = call.method;
    if (streamsInput(kind)) {
      if (!isIterable(call.input)) return call.failed(noStream(call.method.fullName));
      call.keepContext();
    }
    const isEvent = kind === KIND.event;
    const over = isEvent ? this.#ended : this.over;
    if (over !== undefined) return call.failed(over);
    const nested = call.nested && !isEvent;
    if (nested && call.nesting > exchange.caller.remote.nesting) return call.failed(tooDeep(call.nesting));
    // Those that were made before go first, and one that does not wait must know whether they still do.
    this.#sendWaiting();
    this.#alarm.by(call.expiresAt);
    const line = isEvent ? this.#lines.events : this.#lines.calls;
    if (line.free) this.#send(call, call.deadline);
    else if (nested && exchange.crowded) call.failed(CROWDED);
    else this.#lines.add(line, call);
    this.#sender.schedule();
  }

  /** Why no call can be made any more, if so. */
  get over(): Failure | undefined {
    if (this.#closing) return CLOSED;
    return this.#ended ?? (this.#connection.draining ? LEAVING : undefined);
  }

  get #ended(): Failure | undefined {
    if (this.#over === undefined) return undefined;
    const { message, cause } = this.#over;
    return { code: 'UNAVAILABLE', message: `${message} Connect again.`, execution: 'not-sent', cause };
  }

  /** The connection has ended: fails the calls that have not been sent, and all that are still made. */
  end(reason: RpcError): void {
    this.#over = reason;
    this.#lines.calls.fail(reason);
    this.#lines.events.fail(reason);
  }

  /** Makes no new calls. Those that wait are still sent; then the connection drains. */
  close(): void {
    this.#closing = true;
    if (this.#lines.empty) this.#connection.drain();
  }

  /** Sends what waits, as far as there is room. */
  startWaiting(): void {
    this.#sendWaiting();
    if (this.#closing && this.#lines.empty) this.#connection.drain();
  }

  #sendWaiting(): void {
    if (this.#lines.empty) return;
    const now = this.#clock.now();
    for (let call = this.#lines.take(); call !== undefined; call = this.#lines.take()) {
      this.#send(call, call.expiresAt - now);
    }
  }

  /** The other end is leaving: fails the calls that have not been sent. */
  failWaiting(): void {
    this.#lines.calls.fail(LEAVING);
  }

  /** This end has ended its side: fails the events that have not been sent. */
  failEvents(): void {
    this.#over ??= new RpcError('UNAVAILABLE', 'The connection is ending.');
    this.#lines.events.fail(this.#over);
  }

  /** Gives up the calls whose time is up, and returns when the next one's is. */
  expire(now: number): number {
    let next = NEVER;
    const { exchange } = this.#connection;
    for (const call of [...exchange.pending(), ...this.#lines.all()]) {
      const pending = call as Pending;
      if (pending.settled) continue;
      if (pending.expiresAt > now) next = Math.min(next, pending.expiresAt);
      else this.#giveUp(pending, 'DEADLINE_EXCEEDED', `no answer within ${pending.deadline} ms`);
    }
    this.#lines.prune();
    this.#sender.schedule();
    return next;
  }

  settled(call: Pending): void {
    this.pending--;
    this.#signals.delete(call);
    this.#sender.finished();
  }

  aborted(call: Pending, reason: unknown): void {
    this.#giveUp(call, codeOfAbort(reason), 'given up by its signal', reason);
    this.#sender.schedule();
  }

  late(call: Pending): void {
    this.#giveUp(call, 'DEADLINE_EXCEEDED', 'its deadline had passed');
  }

  #send(call: Pending, timeLeft: number): void {
    const { input, method } = call;
    const { exchange } = this.#connection;
    try {
      if (method.kind === KIND.event) return exchange.emit(method, call, input);
      exchange.request(call, method, input, timeLeft);
    } catch (error) {
      // What is not ours was thrown by a getter of the input's.
      const { code, message } = error instanceof RpcError ? error : thrownByInput(error);
      const execution = 'not-sent';
      call.id = -1;
      return call.failed({
        code,
        message: `The input of ${call.method.fullName}: ${message}`,
        execution,
        cause: error,
      });
    }
    call.input = undefined;
    if (call.inflow !== undefined) call.begun();
    if (call.outflow !== undefined) call.pumpFrom?.(() => pumpInput(call, input, exchange.caller, this.#sender));
  }

  /** Settles a call that its caller wants no more, and tells the other end. */
  #giveUp(call: Pending, code: 'CANCELLED' | 'DEADLINE_EXCEEDED', why: string, cause?: unknown): void {
    if (call.settled) return;
    const sent = call.id >= 0;
    const fate = sent ? '; the handler may have run' : ' before it was sent';
    call.givenUp({
      code,
      message: `${call.method.fullName}: ${why}${fate}.`,
      execution: sent ? 'unknown' : 'not-sent',
      cause,
    });
    if (sent) this.#connection.exchange.caller.cancel(call, code);
  }
}

const NEVER = Number.POSITIVE_INFINITY;
