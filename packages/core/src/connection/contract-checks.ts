import { isUtf8 } from 'node:buffer';
import { MAX_DESCRIPTION } from '../contract/description/canonical.ts';
import { compareContracts } from '../contract/description/compare.ts';
import { type Description, readDescription } from '../contract/description/description.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FLAG, FRAME, NO_CALL } from '../wire/frame.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Fields } from './fields.ts';
import type { Host, Statement } from './host.ts';
import type { DeclaredMethod } from './method-table.ts';
import type { Outbox } from './outbox.ts';

/**
 * The methods whose contract is another one at the other end. Each is looked at once: its calls wait until the other end
 * has described it, and then go on, or fail for what differs.
 */
export class ContractChecks<T> {
  readonly #host: Host<T>;
  readonly #outbox: Outbox;
  /** By the numbers of the methods whose descriptions are yet to come, those first that were asked about first. */
  #asked: Map<number, Asked<T>> | undefined = undefined;
  /** The number of the one description that is coming, and what has come of it, in memory that grows. */
  #coming: number | undefined = undefined;
  #text = NOTHING;
  #bytes = 0;

  /** Called when the contract of a method has been compared, and nothing of it is `parked` any more. */
  settled: (method: DeclaredMethod<T>, parked: NonNullable<DeclaredMethod<T>['parked']>) => void = () => {};

  constructor(host: Host<T>, outbox: Outbox) {
    this.#host = host;
    this.#outbox = outbox;
  }

  /** Takes a method that the other end has named, and whose contract it says is another one. */
  begin(number: number, method: DeclaredMethod<T>): void {
    method.parked = new Map();
    const until = this.#host.now() + PATIENCE;
    this.#asked ??= new Map();
    this.#asked.set(number, { method, until });
    this.#host.waits(until);
    const { frames } = this.#outbox;
    frames.begin(FRAME.DESCRIBE, 0, NO_CALL, 2);
    frames.u16(number);
    frames.end();
  }

  /** Takes a DESCRIPTION, or a part of one. */
  receive(flags: number, fields: Fields): void {
    const number = fields.u16();
    const asked = this.#asked?.get(number);
    if (asked === undefined) throw new ProtocolError('a DESCRIPTION that nobody asked for');
    if (this.#coming !== undefined && this.#coming !== number) {
      throw new ProtocolError('a DESCRIPTION among the parts of another one');
    }
    this.#append(fields.view(fields.left));
    this.#coming = number;
    if ((flags & FLAG.MORE) !== 0) return;
    const bytes = this.#text.subarray(0, this.#bytes);
    this.#coming = undefined;
    this.#text = NOTHING;
    this.#bytes = 0;
    this.#asked?.delete(number);
    this.#settle(asked.method, bytes.length === 0 ? undefined : read(bytes));
  }

  /** The parts may be as small as a stranger likes: kept one by one, they would take a hundred times their bytes. */
  #append(part: Uint8Array): void {
    const bytes = this.#bytes + part.length;
    if (bytes > MAX_DESCRIPTION) throw new ProtocolError(`a description of more than ${MAX_DESCRIPTION} bytes`);
    if (bytes > this.#text.length) {
      const grown = Buffer.alloc(Math.min(2 * bytes, MAX_DESCRIPTION));
      grown.set(this.#text.subarray(0, this.#bytes));
      this.#text = grown;
    }
    this.#text.set(part, this.#bytes);
    this.#bytes = bytes;
  }

  /** No description comes any more: whatever waits goes on. Its values are checked anyway. */
  giveUp(): void {
    const asked = [...(this.#asked?.values() ?? [])];
    this.#asked = undefined;
    for (const { method } of asked) this.#settle(method, undefined);
  }

  /**
   * Lets go on what has waited too long: who never describes a method must not have its calls held for ever. Returns when
   * the next ones have. A description that still comes is passed over.
   */
  expire(now: number): number {
    for (const { method, until } of this.#asked?.values() ?? []) {
      if (method.parked === undefined) continue;
      if (until > now) return until;
      this.#settle(method, undefined);
    }
    return Number.POSITIVE_INFINITY;
  }

  #settle(method: DeclaredMethod<T>, there: Description | undefined): void {
    const { declaration, target, parked } = method;
    if (parked === undefined || target === undefined) return;
    const here = there === undefined ? undefined : described(this.#host.contract(target));
    const name = `${declaration.service}.${declaration.name}`;
    if (there !== undefined && here !== undefined) {
      const differences = compareContracts(name, declaration.kind, here, there);
      if (differences !== undefined) {
        method.target = undefined;
        method.broken = new RpcError('FAILED_PRECONDITION', `${differences} ${WHERE}`, { execution: 'rejected' });
      }
    }
    method.parked = undefined;
    this.settled(method, parked);
  }
}

/** For so many milliseconds calls wait for the description of their method. */
const PATIENCE = 10_000;

/** A method that the other end is to describe. */
interface Asked<T> {
  readonly method: DeclaredMethod<T>;
  /** Till when its calls wait for that. */
  readonly until: number;
}

/** What this end has said of methods that were compared: to describe one takes a millisecond, and to ask for it a frame. */
const known = new WeakMap<Statement, Description>();

function described(statement: Statement): Description | undefined {
  let found = known.get(statement);
  if (found === undefined) {
    const { description } = statement;
    if (description === undefined) return undefined;
    found = readDescription(description);
    known.set(statement, found);
  }
  return found;
}

const NOTHING: Buffer = Buffer.alloc(0);

const WHERE =
  'The contracts of the two sides differ: "here" is the side that serves the method, "there" the one that calls it.';

function read(bytes: Buffer): Description {
  if (!isUtf8(bytes)) throw new ProtocolError('a description that is not UTF-8');
  try {
    return readDescription(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new ProtocolError('a description that is not a JSON object');
    throw error;
  }
}
