import { KIND } from '../contract/kind.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { EVENTS_CALL, FLAG, FRAME, frameName } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import type { OwnLimits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Assembly } from './assembly.ts';
import type { MethodDeclaration } from './call.ts';
import type { Fields } from './fields.ts';
import { HALF, type Half, next, STEP, type Step } from './half.ts';
import type { Host } from './host.ts';
import { writeCredit } from './inbox.ts';
import type { Message } from './message.ts';
import type { DeclaredMethod, MethodTable } from './method-table.ts';
import type { Outbox } from './outbox.ts';
import { ITEM_COST } from './parcel.ts';
import { namedForPeople } from './refusal.ts';

/** An event that has come whole. */
interface Come<T> {
  readonly method: DeclaredMethod<T>;
  readonly value: unknown;
  readonly metadata: Metadata | undefined;
  readonly settled: () => void;
}

/**
 * The events of the other end. Each holds its part of their common credit until its handler has settled, so that events
 * which are handled slowly are sent slowly. One that nobody handles here is dropped, and gives its credit back at once.
 */
export class EventsIn<T> {
  readonly #local: OwnLimits;
  readonly #outbox: Outbox;
  readonly #host: Host<T>;
  readonly #methods: MethodTable<T>;
  #half: Half = HALF.OPEN;
  /** What the other end may still send. */
  #credit: number;
  /** What the events cost whose handlers have not settled. */
  #held = 0;
  /** Of the event that is under way. */
  #method!: DeclaredMethod<T>;
  #metadata: Metadata | undefined = undefined;
  #assembly: Assembly | undefined = undefined;
  /** The methods of which the host was told that nobody handles them. */
  #told: Set<MethodDeclaration> | undefined = undefined;
  /** Events that wait while the contract of one of them is being compared: all are handled in their order. */
  #waiting: Come<T>[] = [];
  /** This end has ended its side and can grant no more: what still comes needs no credit, within what may wait. */
  unbound = false;

  constructor(local: OwnLimits, outbox: Outbox, host: Host<T>, methods: MethodTable<T>) {
    this.#local = local;
    this.#outbox = outbox;
    this.#host = host;
    this.#methods = methods;
    this.#credit = local.events;
  }

  /** Takes an EVENT, or a CHUNK of one. */
  receive(type: number, flags: number, fields: Fields): void {
    const more = (flags & FLAG.MORE) !== 0;
    if (type === FRAME.EVENT) this.#event(flags, fields, more);
    else if (type === FRAME.CHUNK) this.#chunk(fields, more);
    else throw new ProtocolError(`${frameName(type)} for the events, which are none`);
  }

  #event(flags: number, fields: Fields, more: boolean): void {
    this.#step(FRAME.EVENT, more ? STEP['PART+'] : STEP.PART);
    const method = this.#methods.get(fields.u16());
    if (method === undefined) throw new ProtocolError('an EVENT for a method number that has no name');
    this.#metadata = fields.metadata(flags, this.#local);
    this.#method = method;
    const raw = (flags & FLAG.RAW) !== 0;
    if (more) {
      // There is only one at a time.
      const assembly = Assembly.begin(fields, raw, this.#local, true);
      this.#spend(ITEM_COST + assembly.have);
      this.#assembly = assembly;
      return this.#grant();
    }
    const cost = ITEM_COST + fields.left;
    this.#spend(cost);
    this.#handle(fields, raw, cost);
  }

  #chunk(fields: Fields, more: boolean): void {
    this.#step(FRAME.CHUNK, more ? STEP['CHUNK+'] : STEP.CHUNK);
    this.#spend(fields.left);
    const assembly = this.#assembly as Assembly;
    if (!assembly.append(fields.view(fields.left), more)) return this.#grant();
    this.#assembly = undefined;
    this.#handle(assembly, assembly.raw, ITEM_COST + assembly.total);
  }

  #handle(message: Message, raw: boolean, cost: number): void {
    const method = this.#method;
    const metadata = this.#metadata;
    this.#held += cost;
    const settled = (): void => {
      this.#held -= cost;
      this.#grant();
    };
    let value: unknown;
    try {
      if (isServed(method)) value = message.value(raw, this.#local);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const { service, name } = method.declaration;
      const message = `The event ${service}.${name} cannot be read: its bytes hold ${error.message}.`;
      this.#host.eventLost(`${service}.${name}`, new RpcError('INVALID_ARGUMENT', message));
      return settled();
    }
    const come = { method, value, metadata, settled };
    if (method.parked === undefined && this.#waiting.length === 0) this.#deliver(come);
    else this.#waiting.push(come);
  }

  /** A contract has been compared: what waited for it goes on, up to what waits for another one. */
  release(): void {
    for (let next = this.#waiting[0]; next?.method.parked === undefined; next = this.#waiting[0]) {
      if (next === undefined) return;
      this.#waiting.shift();
      this.#deliver(next);
    }
  }

  /** The connection is over: what waits is nobody's any more. */
  close(): void {
    this.#waiting = [];
  }

  #deliver({ method, value, metadata, settled }: Come<T>): void {
    if (isServed(method)) return this.#host.event(method.target as T, value, metadata, settled);
    this.#unserved(method);
    settled();
  }

  #unserved({ declaration, broken }: DeclaredMethod<T>): void {
    this.#told ??= new Set();
    if (this.#told.has(declaration)) return;
    this.#told.add(declaration);
    const name = namedForPeople(declaration);
    const message = `The other side sends the event ${name}, which nobody handles here. Are the contracts of both the same?`;
    this.#host.eventLost(name, broken ?? new RpcError('UNIMPLEMENTED', message));
  }

  #spend(cost: number): void {
    this.#credit -= cost;
    if (this.#credit >= 0) return;
    if (!this.unbound) throw new ProtocolError('an EVENT for which there was no credit (limit "events")');
    if (this.#held <= this.#local.queue) return;
    throw new ProtocolError(
      'more events than may wait for their handlers (limit "queue") once this end has ended its side',
    );
  }

  /** Gives back what was handled; not each event at once: a frame for each would double the traffic. */
  #grant(): void {
    if (this.unbound) return;
    const { events } = this.#local;
    const due = events - this.#held - this.#credit;
    if (due < events / 4) return;
    this.#credit += due;
    writeCredit(this.#outbox, EVENTS_CALL, due);
  }

  #step(type: number, step: Step): void {
    const half = next(this.#half, step);
    if (half === undefined) throw new ProtocolError(`${frameName(type)} out of turn among the events`);
    this.#half = half;
  }
}

function isServed({ target, declaration }: DeclaredMethod<unknown>): boolean {
  return target !== undefined && declaration.kind === KIND.event;
}
