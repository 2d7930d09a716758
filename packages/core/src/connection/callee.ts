import { streamsInput, streamsOutput } from '../contract/kind.ts';
import { codeFromNumber } from '../error/code.ts';
import { FLAG, FRAME, frameName } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import type { Limits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Budgets } from './budget.ts';
import { BySlot } from './by-slot.ts';
import { IncomingCall } from './call.ts';
import { gaveUp } from './error-body.ts';
import type { Fields } from './fields.ts';
import { HALF, STEP, step } from './half.ts';
import type { Host } from './host.ts';
import type { Inbox } from './inbox.ts';
import { Inflow } from './inflow.ts';
import type { Message } from './message.ts';
import type { DeclaredMethod, MethodTable } from './method-table.ts';
import type { Outbox } from './outbox.ts';
import { Outflow } from './outflow.ts';
import type { Parked } from './parked.ts';
import { admit, brokenOff, checkId, gaveUpEarly, refusalOf, rejected, timeUp, unreadable } from './refusal.ts';
import { Responder } from './responder.ts';

/** The calls that the other end has opened. */
export class Callee<T> extends BySlot<IncomingCall<T>> {
  /** How they are answered. */
  readonly responder: Responder;
  /** The methods that these calls can name. */
  readonly methods: MethodTable<T>;
  /** Whether new calls are turned away, but for those that are nested in open ones. */
  draining = false;
  readonly #local: Limits;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #parity: 0 | 1;
  readonly #host: Host<T>;
  readonly #budgets: Budgets;
  #size = 0;
  /** The method that was called last, and its number: a list of them is three more lines of a CPU's cache to look into. */
  #method: DeclaredMethod<T> | undefined = undefined;
  #number = -1;

  constructor(
    parity: 0 | 1,
    local: Limits,
    outbox: Outbox,
    inbox: Inbox,
    host: Host<T>,
    budgets: Budgets,
    methods: MethodTable<T>,
  ) {
    super();
    this.#parity = parity;
    this.#local = local;
    this.#outbox = outbox;
    this.#inbox = inbox;
    this.#host = host;
    this.#budgets = budgets;
    this.methods = methods;
    this.responder = new Responder(outbox, inbox, budgets.queued, this);
  }

  /** How many calls are open. */
  get size(): number {
    return this.#size;
  }

  /** Whether the other end still wants any of them answered. */
  get wanted(): boolean {
    return this.items().some(({ givenUp }) => !givenUp);
  }

  /** Takes a REQUEST. `calling`: whether calls of this end are open, which it may be nested in. */
  open(flags: number, id: number, fields: Fields, calling: boolean): void {
    const slot = id >>> 1;
    checkId(id, this.#parity, this.#local.calls, this.at(slot) !== undefined);
    const number = fields.u16();
    if (number !== this.#number) this.#method = this.methods.get(number);
    this.#number = number;
    const method = this.#method;
    if (method === undefined) throw new ProtocolError('REQUEST for a method number that has no name');
    const timeLeft = (flags & FLAG.DEADLINE) !== 0 ? fields.u32() : Number.POSITIVE_INFINITY;
    const nesting = (flags & FLAG.NESTED) !== 0 ? fields.u8() : 0;
    const metadata = fields.metadata(flags, this.#local);
    const call = new IncomingCall<T>(id, method.target as T, timeLeft, nesting, metadata);
    this.put(slot, call);
    this.#size++;
    const { kind } = method.declaration;
    const more = (flags & FLAG.MORE) !== 0;
    if (!streamsInput(kind)) step(call, FRAME.REQUEST, more ? STEP['FINAL+'] : STEP.FINAL);
    const draining = this.draining && !(calling && nesting > 0);
    const refusal = refusalOf(method, nesting, this.#local.nesting, draining) ?? admit(call, this.#budgets.calls);
    if (refusal !== undefined) return this.responder.fail(call, refusal);
    call.parked = method.parked;
    if (streamsInput(kind)) call.inflow = new Inflow(this.#outbox, this.#inbox, this.#local, call.id);
    if (streamsOutput(kind)) call.outflow = new Outflow(this.#outbox, call.id, this.responder.remote);
    if (call.inflow !== undefined) this.#serve(call);
    else if (more) this.#inbox.begin(call, fields, (flags & FLAG.RAW) !== 0, true, call.parked !== undefined);
    else this.#dispatch(call, call.parked === undefined ? fields : fields.kept(), (flags & FLAG.RAW) !== 0);
  }

  /** Takes a CHUNK, CANCEL, END or stream frame for a call of the other end's. */
  receive(type: number, flags: number, id: number, fields: Fields): void {
    const call = this.at(id >>> 1);
    if (call === undefined) {
      // The answer and the caller's change of mind have passed each other on the way.
      if (type === FRAME.CANCEL || type === FRAME.STOP) return;
      throw new ProtocolError(`${frameName(type)} for the call ${id}, which is not open`);
    }
    const more = (flags & FLAG.MORE) !== 0;
    switch (type) {
      case FRAME.CHUNK: {
        step(call, type, more ? STEP['CHUNK+'] : STEP.CHUNK);
        if (call.inflow !== undefined) return call.inflow.receive(type, flags, fields);
        // A call that failed early takes what was on its way, and keeps nothing of it.
        if (call.assembly === undefined) return this.free(call);
        const whole = this.#inbox.chunk(call, fields.view(fields.left), more);
        if (whole !== undefined) this.#dispatch(call, whole, whole.raw);
        return;
      }
      case FRAME.CANCEL:
        return this.#cancel(call, fields);
      case FRAME.ITEMS:
      case FRAME.ITEM:
        step(call, type, more && type === FRAME.ITEM ? STEP['PART+'] : STEP.PART);
        // A call that was turned away takes what was on its way, too.
        return call.inflow?.receive(type, flags, fields);
      case FRAME.END:
        step(call, type, STEP.FINAL);
        this.#inputEnded(call);
        return this.free(call);
      default:
        throw new ProtocolError(`${frameName(type)} from the end that opened the call`);
    }
  }

  /** Forgets every call. The host hears of those that it is still serving. */
  clear(): void {
    const calls = this.items();
    this.empty();
    this.#size = 0;
    for (const call of calls) {
      const served = call.served && !call.decided && call.cancelled === undefined;
      call.sending = HALF.CLOSED;
      call.inflow?.close();
      call.outflow?.drop();
      this.#release(call);
      if (!served) continue;
      call.cancelled = 'CANCELLED';
      this.#host.cancelled(call);
    }
  }

  /** Nothing more will come: what is not whole by now never will be. */
  ended(): void {
    for (const call of this.items()) {
      if (call.receiving === HALF.CLOSED) continue;
      call.receiving = HALF.CLOSED;
      if (call.served) this.#host.inputEnded(call, brokenOff());
      else this.responder.fail(call, rejected('UNAVAILABLE', 'The request never became whole.'));
      this.free(call);
    }
  }

  /** The method's contract has been compared: the calls that waited for it go on in their order, or fail. */
  release({ broken }: DeclaredMethod<T>, parked: Parked<T>): void {
    for (const call of this.items()) {
      if (call.parked !== parked) continue;
      call.parked = undefined;
      if (broken !== undefined) this.responder.fail(call, broken);
      else if (call.assembly !== undefined) this.#inbox.enter(call.assembly);
    }
    const now = this.#host.now();
    for (const [call, { since, message, raw }] of parked) {
      // A handler may have ended the connection, and every call with it.
      if (call.decided || this.at(call.id >>> 1) !== call) continue;
      call.timeLeft -= now - since;
      if (call.timeLeft <= 0) this.responder.fail(call, timeUp());
      else if (message === undefined) this.#serve(call);
      else this.#dispatch(call, message, raw);
      if (call.receiving === HALF.CLOSED) this.#inputEnded(call);
    }
  }

  #dispatch(call: IncomingCall<T>, message: Message, raw: boolean): void {
    if (call.parked !== undefined) return this.#park(call, message, raw);
    try {
      call.take(message, raw, this.#local, this.#host.contract(call.target));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return this.responder.fail(call, unreadable(error));
    }
    this.#serve(call);
  }

  #serve(call: IncomingCall<T>): void {
    if (call.parked !== undefined) return this.#park(call);
    call.served = true;
    this.#host.request(call);
  }

  #park(call: IncomingCall<T>, message?: Message, raw = false): void {
    call.parked?.set(call, { since: this.#host.now(), message, raw });
  }

  #inputEnded(call: IncomingCall<T>): void {
    if (call.served && call.inflow !== undefined && call.sending !== HALF.CLOSED) this.#host.inputEnded(call);
  }

  #cancel(call: IncomingCall<T>, fields: Fields): void {
    const code = codeFromNumber(fields.u8());
    call.givenUp = true;
    const whole = call.receiving === HALF.CLOSED;
    call.receiving = HALF.CLOSED;
    call.inflow?.close();
    if (call.sending === HALF.CLOSED) return this.free(call);
    if (!call.served && (!whole || call.parked !== undefined)) {
      call.parked?.delete(call);
      call.parked = undefined;
      return this.responder.fail(call, gaveUpEarly(code, whole));
    }
    if (call.sending !== HALF.OPEN) return this.responder.fail(call, gaveUp(code));
    if (call.cancelled !== undefined) return;
    call.cancelled = code;
    if (!call.decided) {
      call.outflow?.drop();
      this.#host.cancelled(call);
    } else if (call.outflow !== undefined) this.responder.abandon(call);
  }

  /** A half of the call is closed, and maybe both. */
  free(call: IncomingCall): void {
    if (call.sending !== HALF.CLOSED) return;
    this.#release(call);
    const slot = call.id >>> 1;
    if (call.receiving !== HALF.CLOSED || this.at(slot) !== call) return;
    this.put(slot, undefined);
    this.#size--;
  }

  /** Gives back what the call has of the budgets. */
  #release(call: IncomingCall): void {
    this.responder.release(call);
    if (call.counted) this.#budgets.calls.give(1);
    call.counted = false;
  }
}
