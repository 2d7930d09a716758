import type { Kind } from '../contract/kind.ts';
import type { Code } from '../error/code.ts';
import type { Metadata } from '../error/metadata.ts';
import type { Failure } from '../error/rpc-error.ts';
import type { BodyLimits } from '../wire/body.ts';
import type { Formed } from '../wire/form.ts';
import { NOT_PLAIN } from '../wire/plain-reader.ts';
import type { Assembly } from './assembly.ts';
import { HALF, type Half } from './half.ts';
import type { Inflow } from './inflow.ts';
import type { Message } from './message.ts';
import type { Outflow } from './outflow.ts';
import type { Parked } from './parked.ts';
import type { Trailer } from './trailer.ts';

/** One call as one end sees it: its id and where its two halves stand. */
export abstract class Call {
  /** The number on the wire: twice the slot, plus one where the accepting end opened the call. */
  id = -1;
  /** The half that this end sends. */
  sending: Half = HALF.OPEN;
  /** The half that the other end sends. */
  receiving: Half = HALF.OPEN;
  /** The one message that is coming in chunks. */
  assembly: Assembly | undefined = undefined;
  /** What comes, where that is a stream. */
  inflow: Inflow | undefined = undefined;
  /** What goes, where that is a stream. */
  outflow: Outflow | undefined = undefined;
}

/** A call that this end opened. One of `answered` and `failed` comes, once; maybe none after it was cancelled. */
export abstract class OutgoingCall extends Call {
  /** Whether anything of the answer has come: its HEADER, which there is one of at most, or an item behind that. */
  touched = false;
  /** How many calls it is nested in. */
  nesting = 0;
  /** What goes along with it, encoded. */
  metadata: Uint8Array | undefined = undefined;
  /** What came along with the answer, or a stream's end. */
  trailer: Metadata | undefined = undefined;

  // biome-ignore lint/complexity/noUselessConstructor: else it is one of any number of arguments, which V8 does not inline.
  constructor() {
    super();
  }

  /** It is to be made again, over another connection. */
  reset(): void {
    this.id = -1;
    this.sending = HALF.OPEN;
    this.receiving = HALF.OPEN;
    this.assembly = undefined;
    this.inflow = undefined;
    this.outflow = undefined;
    this.trailer = undefined;
  }

  /** What the callee sent ahead of its answer has come; undefined where the first item came without. Once, at most. */
  headerCame(_metadata: Metadata | undefined): void {}
  /** The answer; undefined where a stream has come, to its end. */
  abstract answered(value: unknown): void;
  /** An answer that its method's form may read. Returns false where it is to be read in the common way, and `answered`. */
  answeredFormed(_message: Message, _limits: BodyLimits): boolean {
    return false;
  }

  abstract failed(failure: Failure): void;
  /** It failed with its connection, or before it had left. */
  lost(failure: Failure): void {
    this.failed(failure);
  }
  /** The other end reads no more of the input. */
  abstract stopped(): void;
}

/** What names a method on the wire, before it has a number. */
export interface MethodDeclaration extends Formed {
  readonly service: string;
  readonly name: string;
  readonly kind: Kind;
  /** Eight bytes that are equal where the contracts are, or none where the caller states nothing. */
  readonly fingerprint: Uint8Array;
  /** What the caller's contract says, where it is asked; none of a method that the other end has named. */
  readonly description?: string | undefined;
}

/** A call that the other end opened. `T` is what the host made of its method. */
export class IncomingCall<T = unknown> extends Call {
  /** What the host resolved the method to. */
  readonly target: T;
  /** The milliseconds that were left for the call when it came, or went on after it was held; infinite where it has no deadline. */
  timeLeft: number;
  /** How many calls this one is nested in. */
  readonly nesting: number;
  /** What came along with it. */
  readonly metadata: Metadata | undefined;
  /** The input as it was decoded; nothing where it is a stream. */
  input: unknown = undefined;
  /** Whether the host has been told of it. */
  served = false;
  /** Whether the input has been checked as it was read; else its schema has not seen it. */
  checked = false;
  /** Where it waits while its method's contract is being compared; it leaves when given up. */
  parked: Parked<T> | undefined = undefined;
  /** Whether its caller has said that it wants nothing more of it. */
  givenUp = false;
  /** Whether its answer or error is known here, although it may still wait to be written. */
  decided = false;
  /** Whether it is among the calls of the server's budget. */
  counted = false;
  /** The bytes of its answer that wait, and count in the server's budget. */
  held = 0;
  /** Whether the handler has sent a HEADER. */
  headed = false;
  /** That HEADER, encoded, where it waits to be written. */
  header: Uint8Array | undefined = undefined;
  /** What goes along with the answer, or a stream's end. */
  trailer: Trailer | undefined = undefined;
  /** Whatever the host keeps with the call. */
  attachment: unknown = undefined;
  /** Why nobody waits for the answer any more, if so. */
  cancelled: Code | undefined = undefined;

  constructor(id: number, target: T, timeLeft: number, nesting: number, metadata: Metadata | undefined) {
    super();
    this.id = id;
    this.target = target;
    this.timeLeft = timeLeft;
    this.nesting = nesting;
    this.metadata = metadata;
  }

  /**
   * Takes its input, which has come whole: read and checked by its method's form, or read in the common way.
   *
   * @throws Malformed where it is not one value within the limits.
   */
  take(message: Message, raw: boolean, limits: BodyLimits, method: Formed): void {
    const form = method.forms?.input;
    const value = form === undefined || raw ? NOT_PLAIN : message.formed(form, limits);
    this.checked = value !== NOT_PLAIN;
    this.input = this.checked ? value : message.value(raw, limits);
  }
}
