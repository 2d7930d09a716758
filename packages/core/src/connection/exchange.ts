import type { Failure } from '../error/rpc-error.ts';
import { EVENTS_CALL, FRAME } from '../wire/frame.ts';
import type { Hello } from '../wire/hello.ts';
import { DEFAULT_LIMITS, type OwnLimits } from '../wire/limits.ts';
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
  readonly caller: Caller;
  readonly callee: Callee<T>;
  /** Of the methods that the other end has named. */
  readonly checks: ContractChecks<T>;
  readonly #parity: 0 | 1;
  readonly #local: OwnLimits;
  readonly #outbox: Outbox;
  readonly #host: Host<T>;
  readonly #inbox: Inbox;
  readonly #methods: MethodNumbers;
  /** Made for the first event of each way: most connections never have one. */
  #eventsIn: EventsIn<T> | undefined = undefined;
  #eventsOut: EventsOut | undefined = undefined;
  #left = false;
  #calls = Number.POSITIVE_INFINITY;
  #chunk = DEFAULT_LIMITS.chunk;

  constructor(parity: 0 | 1, local: OwnLimits, outbox: Outbox, host: Host<T>, budgets: Budgets) {
    const inbox = new Inbox(local, outbox);
    this.#parity = parity;
    this.#local = local;
    this.#outbox = outbox;
    this.#host = host;
    this.#inbox = inbox;
    this.#methods = new MethodNumbers(outbox);
    this.caller = new Caller(parity, local, outbox, inbox, this.#methods);
    this.checks = new ContractChecks(host, outbox);
    const declared = new MethodTable(host, this.checks);
    this.callee = new Callee(parity === 0 ? 1 : 0, local, outbox, inbox, host, budgets, declared);
    this.checks.settled = (method, parked) => {
      this.callee.release(method, parked);
      this.#eventsIn?.release();
    };
  }

  /** The other end has said what it takes. */
  open({ limits }: Hello): void {
    this.#calls = limits.calls;
    this.#chunk = limits.chunk;
    this.caller.remote = limits;
    this.callee.responder.remote = limits;
  }

  /** Takes a frame that names a call, or the events. */
  receive(type: number, flags: number, call: number, fields: Fields): void {
    if (type === FRAME.REQUEST) return this.callee.open(flags, call, fields, this.caller.size > 0);
    if (call === EVENTS_CALL || type === FRAME.EVENT) {
      if (call !== EVENTS_CALL) throw new ProtocolError('an EVENT outside the events');
      this.#eventsIn ??= this.#takeEvents();
      return this.#eventsIn.receive(type, flags, fields);
    }
    if ((call & 1) === this.#parity) this.caller.receive(type, flags, call, fields);
    else this.callee.receive(type, flags, call, fields);
  }

  /** Takes a DESCRIBE: says what this end's contract says of a method that it has named. */
  describe(method: number): void {
    this.#methods.describe(method, this.#chunk);
  }

  /** Nothing more will come of the other end. */
  ended(): void {
    this.#inbox.end();
    this.callee.ended();
    this.checks.giveUp();
  }

  /** The calls that hold a slot, and the event that is on its way. */
  pending(): OutgoingCall[] {
    const event = this.#eventsOut?.event;
    return event === undefined ? this.caller.all() : [...this.caller.all(), event];
  }

  /** Everything ends with the error that `reason` makes for it. */
  close(reason: (call: OutgoingCall) => Failure): void {
    this.callee.clear();
    this.caller.failAll(reason, false);
    this.#eventsOut?.close(reason);
    this.#eventsIn?.close();
    this.left();
  }

  /** Whether nothing is open or under way. `asked`: only because the other end wants it so does this one leave. */
  isIdle(asked: boolean): boolean {
    // Its handlers may be why an event waits for credit, and it can be sent over another connection.
    const sending = asked ? this.#eventsOut?.begun === true : !this.canEmit;
    // What it has given up it is not to wait for, however long the handlers go on. An end that asked waits for its own.
    const serving = asked ? this.callee.wanted : this.callee.size > 0;
    return this.caller.size === 0 && !serving && !sending;
  }

  /** Whether the other end takes no more calls at once. */
  get crowded(): boolean {
    return this.caller.size >= this.#calls;
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
    this.#eventsOut ??= new EventsOut(this.#outbox, this.caller.remote);
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
