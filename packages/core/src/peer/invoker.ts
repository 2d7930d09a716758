import { type CallOptions, DEFAULT_DEADLINE } from '../contract/call-options.ts';
import { KIND, streamsInput } from '../contract/kind.ts';
import type { NamedMethod } from '../contract/service.ts';
import type { ResponseStream } from '../contract/stream.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { AbortSignals, codeOfAbort } from './abort-signals.ts';
import { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import type { Exit } from './exit.ts';
import type { Exits } from './exits.ts';
import { CLOSED, CROWDED, gaveUp, noStream, thrownByInput, tooDeep } from './failures.ts';
import { isIterable } from './iterator-of.ts';
import { Lines } from './lines.ts';
import type { Pending } from './pending.ts';
import { PendingCall } from './pending-call.ts';
import { PendingEvent } from './pending-event.ts';
import { PendingStream, type StreamOwner } from './pending-stream.ts';
import { admit, type Giving } from './terms.ts';

/** Makes calls: lets them wait for a connection or a free slot, gives them up in time, and makes lost ones again. */
export class Invoker implements StreamOwner, Giving {
  readonly #exits: Exits;
  /** Where all calls leave, where there is but one such: to look for it would be five more objects a call. */
  only: Exit | undefined = undefined;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #deadline: number;
  readonly #signals = new AbortSignals(this);
  readonly #lines: Lines;
  /** Whether any wait. It stands here, and what the alarm is set for, so that most calls look into neither. */
  #waits = false;
  /** A call with this deadline, in milliseconds, or a longer one is over behind the next ring. */
  #alarmed: number | undefined = undefined;
  /** How many calls and events have not settled. */
  pending = 0;
  #closing = false;

  /** `deadline`: that of a call which has none of its own, nor its method, in milliseconds. */
  constructor(exits: Exits, clock: Clock, deadline: number = DEFAULT_DEADLINE) {
    this.#exits = exits;
    this.#clock = clock;
    this.#deadline = deadline;
    this.#alarm = new Alarm(clock, this);
    this.#lines = new Lines(exits);
  }

  /** Makes a call, or sends an event. Its promise settles exactly once; nothing is thrown. */
  call(method: NamedMethod, input: unknown, options?: CallOptions): Promise<unknown> {
    const deadline =
      options?.deadline ?? method.deadline ?? (method.kind === KIND.clientStream ? NEVER : this.#deadline);
    // Not one `new` of either class: V8 makes no code for what it has to look up.
    const call =
      method.kind === KIND.event
        ? new PendingEvent(this, method, input, deadline)
        : new PendingCall(this, method, input, deadline);
    const promise = new Promise<unknown>((resolve) => {
      call.resolve = resolve;
    });
    if (call instanceof PendingEvent) call.promise = promise;
    this.#start(call, options);
    return promise;
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
  }

  #start(call: Pending, options: CallOptions | undefined): void {
    const exits = this.#exits;
    // Those that were made before go first, and one that does not wait must know whether they still do.
    this.sendWaiting();
    let exit = this.#lets(call) ? this.#pick(call) : undefined;
    call.exit = exit;
    this.pending++;
    (exit?.sender ?? exits).began();
    if (options !== undefined && !admit(call, options, exits.remote, this, this.#signals)) return;
    call.expiresAt = (exit === undefined ? this.#clock.now() : exit.sender.tick()) + call.deadline;
    if (streamsInput(call.method.kind)) {
      if (!isIterable(call.input)) return call.failed(noStream(call.method.fullName));
      call.keepContext();
    }
    const nested = call.parent !== undefined && !call.isEvent;
    // What began before an end may do whatever it needs to come to its own.
    const completes = nested && exits.completes?.(call) === true;
    // Nobody's code has run since the exit was picked.
    const fits = exit !== undefined && options === undefined;
    const refusal = this.#closing && !call.isEvent ? CLOSED : fits ? undefined : exits.refusal(call);
    if (refusal !== undefined && !completes) return call.failed(refusal);
    if (nested && call.nesting > exits.remote.nesting) return call.failed(tooDeep(call.nesting));
    if (this.#alarmed === undefined || call.deadline < this.#alarmed) {
      this.#alarmed = call.deadline;
      this.#alarm.by(call.expiresAt);
    }
    if (exit === undefined && completes && this.#lets(call)) {
      exit = exits.pick(call);
      call.exit = exit;
    }
    if (exit !== undefined) return this.#send(call, exit, call.deadline);
    if (nested && exits.crowded) return call.failed(CROWDED);
    this.#wait(call);
    exits.schedule();
  }

  /** Whether calls wait to be sent. */
  get waiting(): boolean {
    return this.#waits;
  }

  #pick(call: Pending): Exit | undefined {
    if (this.only === undefined) return this.#exits.pick(call);
    return this.only.can(call) ? this.only : undefined;
  }

  /** Whether it need not wait for others. */
  #lets(call: Pending): boolean {
    return !this.#waits || this.#lines.lets(call);
  }

  #wait(call: Pending): void {
    this.#lines.add(call);
    this.#waits = true;
  }

  /** Makes no new calls. Those that wait are still sent. */
  close(): void {
    this.#closing = true;
    this.#closeIfEmpty();
  }

  /** Sends what waits, as far as there is room. */
  sendWaiting(): void {
    if (this.#waits) {
      const now = this.#clock.now();
      for (let call = this.#lines.take(); call !== undefined; call = this.#lines.take()) this.#sendWaited(call, now);
      this.#waits = !this.#lines.empty;
    }
    if (this.#closing) this.#closeIfEmpty();
  }

  #sendWaited(call: Pending, now: number): void {
    const exit = this.#pick(call);
    if (exit === undefined) return this.#wait(call);
    exit.sender.began();
    this.#exits.finished();
    call.exit = exit;
    this.#send(call, exit, call.expiresAt - now);
  }

  /** None of those that wait will be sent, but for those that it is not `meant` for. */
  failWaiting(which: 'calls' | 'events', failure: Failure, meant?: (call: Pending) => boolean): void {
    this.#lines.fail(which, failure, meant);
    this.#waits = !this.#lines.empty;
    if (this.#closing) this.#closeIfEmpty();
  }

  #closeIfEmpty(): void {
    if (!this.#waits) this.#exits.emptied();
  }

  /** No call will be made any more, and none is open. */
  stop(): void {
    this.#alarm.stop();
  }

  settled(call: Pending): void {
    this.pending--;
    if (call.signals !== undefined) this.#signals.delete(call);
    if (call.order >= 0) {
      this.#lines.settled(call);
      this.#waits = !this.#lines.empty;
    }
    (call.exit?.sender ?? this.#exits).finished();
    // Who waited, and gave up, may have been the last that the end has waited for.
    if (this.#closing && call.exit === undefined) this.#closeIfEmpty();
  }

  again(call: Pending, failure: Failure): boolean {
    if (this.#closing || !this.#exits.repeats(call, failure)) return false;
    if (this.#exits.refusal(call) !== undefined) return false;
    this.#exits.began();
    call.exit?.sender.finished();
    if (failure.execution === 'unknown') call.mayHaveRun = true;
    call.reset();
    this.#wait(call);
    this.#exits.schedule();
    return true;
  }

  aborted(call: Pending, reason: unknown): void {
    this.#giveUp(call, codeOfAbort(reason), 'given up by its signal', reason);
  }

  late(call: Pending): void {
    this.#giveUp(call, 'DEADLINE_EXCEEDED', 'its deadline had passed');
  }

  /** Gives up the calls whose time is up, and returns when the next one's is. */
  ring(now: number): number {
    this.#alarmed = undefined;
    let next = NEVER;
    const open = [...this.#exits.all()].flatMap((exit) => exit.pending().filter((call) => call.owner === this));
    for (const call of [...open, ...this.#lines.all()]) {
      if (call.settled) continue;
      if (call.expiresAt > now) next = Math.min(next, call.expiresAt);
      else this.#giveUp(call, 'DEADLINE_EXCEEDED', `no answer within ${call.deadline} ms`);
    }
    this.#exits.schedule();
    return next;
  }

  #send(call: Pending, exit: Exit, timeLeft: number): void {
    exit.sender.schedule();
    exit.sender.writes();
    try {
      if (call.isEvent) exit.emit(call);
      else exit.call(call, timeLeft);
    } catch (error) {
      // What is not ours was thrown by a getter of the input's.
      const { code, message } = error instanceof RpcError ? error : thrownByInput(error);
      call.id = -1;
      const why = `The input of ${call.method.fullName}: ${message}`;
      return call.failed({ code, message: why, execution: 'not-sent', cause: error });
    }
    call.sent();
  }

  /** Settles a call that its caller wants no more, and tells the other end. */
  #giveUp(call: Pending, code: 'CANCELLED' | 'DEADLINE_EXCEEDED', why: string, cause?: unknown): void {
    if (call.settled) return;
    const sent = call.id >= 0;
    call.givenUp(gaveUp(call, this.#exits, code, why, cause));
    if (sent) call.exit?.cancel(call, code);
    (call.exit?.sender ?? this.#exits).schedule();
  }
}

const NEVER = Number.POSITIVE_INFINITY;
