import type { Failure } from '../error/rpc-error.ts';
import { EVENTS_CALL, FRAME } from '../wire/frame.ts';
import type { Hello } from '../wire/hello.ts';
import { DEFAULT_LIMITS, type Limits, type OwnLimits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Budgets } from './budget.ts';
import type { MethodDeclaration, OutgoingCall } from './call.ts';
import { Callee } from './callee.ts';
import { Caller } from './caller.ts';
import { ContractChecks } from './contract-checks.ts';
import { EventsIn } from './events-in.ts';
import { EventsOut } from './events-out.ts';
import type { Fields } from './fields.ts';
import type { Host } from './host.ts';
import { Inbox } from './inbox.ts';
import { MethodNumbers } from './method-numbers.ts';
import { MethodTable } from './method-table.ts';
import type { Outbox } from './outbox.ts';
import type { Responder } from './responder.ts';

/** What goes on over an open connection: the calls and events of both ends. */
export class Exchange<T> {
  readonly #parity: 0 | 1;
  readonly #local: OwnLimits;
  readonly #outbox: Outbox;
  readonly #host: Host<T>;
  readonly #inbox: Inbox;
  readonly #budgets: Budgets;
  // Made for the first call of each way: most connections call one way alone, and either side holds 450 bytes.
  #caller: Caller | undefined = undefined;
  #callee: Callee<T> | undefined = undefined;
  #methods: MethodNumbers | undefined = undefined;
  #checks: ContractChecks<T> | undefined = undefined;
  /** Made for the first event of each way: most connections never have one. */
  #eventsIn: EventsIn<T> | undefined = undefined;
  #eventsOut: EventsOut | undefined = undefined;
  #draining = false;
  #left = false;
  #remote = DEFAULT_LIMITS;

  constructor(parity: 0 | 1, local: OwnLimits, outbox: Outbox, host: Host<T>, budgets: Budgets) {
    this.#parity = parity;
    this.#local = local;
    this.#outbox = outbox;
    this.#host = host;
    this.#inbox = new Inbox(local, outbox);
    this.#budgets = budgets;
  }

  /** The calls of this end. */
  get caller(): Caller {
    if (this.#caller === undefined) {
      this.#methods ??= new MethodNumbers(this.#outbox);
      this.#caller = new Caller(this.#parity, this.#local, this.#outbox, this.#inbox, this.#methods);
      this.#caller.remote = this.#remote;
    }
    return this.#caller;
  }

  /** The calls of the other end. */
  get callee(): Callee<T> {
    if (this.#callee === undefined) {
      const methods = new MethodTable(this.#host, this);
      const parity = this.#parity === 0 ? 1 : 0;
      this.#callee = new Callee(parity, this.#local, this.#outbox, this.#inbox, this.#host, this.#budgets, methods);
      this.#callee.responder.remote = this.#remote;
      this.#callee.draining = this.#draining;
    }
    return this.#callee;
  }

  /** Of the methods that the other end has named. */
  get checks(): ContractChecks<T> {
    if (this.#checks === undefined) {
      this.#checks = new ContractChecks(this.#host, this.#outbox);
      this.#checks.settled = (method, parked) => {
        this.callee.release(method, parked);
        this.#eventsIn?.release();
      };
    }
    return this.#checks;
  }

  /** What the other end takes. */
  get remote(): Limits {
    return this.#remote;
  }

  /** How many calls of this end hold a slot. */
  get calling(): number {
    return this.#caller === undefined ? 0 : this.#caller.size;
  }

  /** How many calls of the other end are open. */
  get serving(): number {
    return this.#callee === undefined ? 0 : this.#callee.size;
  }

  /** The other end has said what it takes. */
  open({ limits }: Hello): void {
    this.#remote = limits;
    if (this.#caller !== undefined) this.#caller.remote = limits;
    if (this.#callee !== undefined) this.#callee.responder.remote = limits;
  }

  /** New calls are turned away, but for those that are nested in open ones. */
  drain(): void {
    this.#draining = true;
    if (this.#callee !== undefined) this.#callee.draining = true;
  }

  /** Takes a frame that names a call, or the events. */
  receive(type: number, flags: number, call: number, fields: Fields): void {
    if (type === FRAME.REQUEST) return this.callee.open(flags, call, fields, this.calling > 0);
    if (call === EVENTS_CALL || type === FRAME.EVENT) {
      if (call !== EVENTS_CALL) throw new ProtocolError('an EVENT outside the events');
      this.#eventsIn ??= this.#takeEvents();
      return this.#eventsIn.receive(type, flags, fields);
    }
    if ((call & 1) === this.#parity) this.caller.receive(type, flags, call, fields);
    else this.callee.receive(type, flags, call, fields);
  }

  /** Takes a frame that is about a method. */
  stated(type: number, flags: number, fields: Fields): void {
    if (type === FRAME.METHOD) return this.callee.methods.declare(fields);
    if (type === FRAME.DESCRIPTION) return this.checks.receive(flags, fields);
    this.#methods ??= new MethodNumbers(this.#outbox);
    this.#methods.describe(fields.u16(), this.#remote.chunk);
  }

  /** Nothing more will come of the other end, so calls end with the error that `reason` makes for each. */
  ended(reason: (call: OutgoingCall) => Failure): void {
    this.#caller?.failAll(reason, true);
    this.drain();
    this.#inbox.end();
    this.#callee?.ended();
    this.#checks?.giveUp();
  }

  /** Lets go on what has waited too long for its contract to be compared, and returns when the next has. */
  expire(now: number): number {
    return this.#checks?.expire(now) ?? Number.POSITIVE_INFINITY;
  }

  /** The calls that hold a slot, and the event that is on its way. */
  pending(): OutgoingCall[] {
    const event = this.#eventsOut?.event;
    const calls = this.#caller?.all() ?? [];
    return event === undefined ? calls : [...calls, event];
  }

  /** Everything ends with the error that `reason` makes for it. */
  close(reason: (call: OutgoingCall) => Failure): void {
    this.#callee?.clear();
    this.#caller?.failAll(reason, false);
    this.#eventsOut?.close(reason);
    this.#eventsIn?.close();
    this.left();
  }

  /** Whether nothing is open or under way. `asked`: only because the other end wants it so does this one leave. */
  isIdle(asked: boolean): boolean {
    // Its handlers may be why an event waits for credit, and it can be sent over another connection.
    const sending = asked ? this.#eventsOut?.begun === true : !this.canEmit;
    // What it has given up it is not to wait for, however long the handlers go on. An end that asked waits for its own.
    const serving = asked ? this.#callee?.wanted === true : this.serving > 0;
    return this.calling === 0 && !serving && !sending;
  }

  /** Whether the other end takes no more calls at once. */
  get crowded(): boolean {
    return this.calling >= this.#remote.calls;
  }

  /** Whether no event is on its way, so that another one can be sent. */
  get canEmit(): boolean {
    return this.#eventsOut?.idle !== false;
  }

  /**
   * Sends a call, or begins it where its input is a stream. Only where a call can be made.
   *
   * @throws RpcError not sent, where the input cannot be encoded.
   */
  request(call: OutgoingCall, method: MethodDeclaration, input: unknown, timeLeft: number): void {
    this.caller.request(call, method, input, timeLeft);
  }

  /**
   * Sends an event. Only where `canEmit`. It is answered once it is written whole, which may be at once.
   *
   * @throws RpcError not sent, where it cannot be encoded.
   */
  emit(method: MethodDeclaration, event: OutgoingCall, value: unknown): void {
    this.#eventsOut ??= new EventsOut(this.#outbox, this.#remote);
    this.#methods ??= new MethodNumbers(this.#outbox);
    this.#eventsOut.send(this.#methods.of(method), event, value);
  }

  /** Answers calls. */
  get responder(): Responder {
    return this.callee.responder;
  }

  /** This end has ended its side of the transport: it can grant no credit any more, and nobody needs it. */
  left(): void {
    this.#left = true;
    if (this.#eventsIn !== undefined) this.#eventsIn.unbound = true;
  }

  #takeEvents(): EventsIn<T> {
    const events = new EventsIn(this.#local, this.#outbox, this.#host, this.callee.methods);
    events.unbound = this.#left;
    return events;
  }
}
