import type { Connection } from '../connection/connection.ts';
import type { Implemented } from '../contract/implement.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { pumpInput } from './input-pump.ts';
import type { Invoker } from './invoker.ts';
import { LeavingEvents } from './leaving-events.ts';
import type { Pending } from './pending.ts';
import type { PendingEvent } from './pending-event.ts';
import type { Reports } from './reports.ts';
import type { Sender } from './sender.ts';

/** Who makes calls over a connection, and hears how it stands. */
export interface ExitUser {
  /** What makes them. It is asked directly, because each object between is a line of a CPU's cache at each call. */
  readonly invoker?: Pick<Invoker, 'waiting' | 'sendWaiting'> | undefined;
  /** Calls can be made. */
  opened(): void;
  /** It takes no new calls any more. */
  draining(): void;
  /** This end has ended its side: it takes no events any more either. */
  left(): void;
  /** It is over, and what was open on it has failed. */
  over(reason: RpcError): void;
  /** Its transport is closed as well. */
  gone(): void;
}

/** One connection as calls leave over it. */
export class Exit {
  readonly sender: Sender;
  /** Where it is told what listeners of callers throw. */
  readonly reports: Reports;
  readonly #connection: Connection<Implemented>;
  /** Made for the first. */
  #leaving: LeavingEvents | undefined = undefined;

  constructor(connection: Connection<Implemented>, sender: Sender, reports: Reports) {
    this.#connection = connection;
    this.sender = sender;
    this.reports = reports;
  }

  /** Whether a call, or an event, can be sent now. */
  can({ isEvent }: Pending): boolean {
    return isEvent ? this.#connection.canEmit : this.#connection.canCall;
  }

  /** Whether a call can be sent now that a handler makes whom the other end waits for. */
  get canNest(): boolean {
    return this.#connection.canNest;
  }

  /** Whether nothing will be answered any more. */
  get deaf(): boolean {
    return this.#connection.deaf;
  }

  /** Whether the other end takes no more calls at once. */
  get crowded(): boolean {
    return this.#connection.exchange.crowded;
  }

  /** Whether it takes no new calls any more. */
  get draining(): boolean {
    return this.#connection.draining;
  }

  /** What the other end takes; the defaults until it has said so. */
  get remote(): Limits {
    return this.#connection.exchange.remote;
  }

  /** How many calls are open on it. */
  get load(): number {
    return this.#connection.exchange.calling;
  }

  /** The calls that hold a slot, and the event that is on its way: of everybody who makes calls here. */
  pending(): Pending[] {
    return this.#connection.exchange.pending() as Pending[];
  }

  /**
   * Sends a call, or begins it where its input is a stream. Only where it can.
   *
   * @throws RpcError not sent, where the input cannot be encoded; or whatever its getters throw.
   */
  call(call: Pending, timeLeft: number): void {
    const { input } = call;
    const { exchange } = this.#connection;
    exchange.request(call, call.method, input, timeLeft);
    if (call.inflow !== undefined) call.begun();
    if (call.outflow !== undefined) call.pumpFrom?.(() => pumpInput(call, input, exchange.caller, this.sender));
  }

  /**
   * Sends an event. Only where it can.
   *
   * @throws RpcError not sent, where it cannot be encoded; or whatever its getters throw.
   */
  emit(event: Pending): void {
    this.#connection.exchange.emit(event.method, event, event.input);
  }

  /** Tells the other end that nobody waits for a call any more. */
  cancel(call: Pending, code: 'CANCELLED' | 'DEADLINE_EXCEEDED'): void {
    this.#connection.exchange.caller.cancel(call, code);
  }

  /** Takes no new calls; what has begun may finish. */
  drain(): void {
    this.#connection.drain();
  }

  /** An event has been written, and leaves at the end of this tick. */
  written(event: PendingEvent): void {
    this.#leaving ??= new LeavingEvents();
    this.#leaving.add(event);
    this.sender.schedule();
  }

  /** What was written has left. */
  sent(): void {
    this.#leaving?.left();
  }

  /** What was written and has not left never will. */
  stay(reason: Failure = GONE): void {
    this.#leaving?.stay(reason);
  }
}

const GONE = new RpcError('UNAVAILABLE', 'The connection is closed.');
