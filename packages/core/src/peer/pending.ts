import { OutgoingCall } from '../connection/call.ts';
import type { CallOptions } from '../contract/call-options.ts';
import { streamsInput } from '../contract/kind.ts';
import { Invalid } from '../contract/schema.ts';
import type { NamedMethod } from '../contract/service.ts';
import { type Metadata, NO_METADATA } from '../error/metadata.ts';
import type { Failure } from '../error/rpc-error.ts';
import type { CallContext } from './call-context.ts';
import type { Exit } from './exit.ts';
import { release } from './iterator-of.ts';
import type { Pump } from './pump.ts';
import { hear, ResponseMetadata } from './response-metadata.ts';

/** Whom a pending call tells what becomes of it. */
export interface PendingOwner {
  /** It has settled, in whatever way. */
  settled(call: Pending): void;
  /** It was lost or turned away: whether it is made again instead of failing. */
  again(call: Pending, failure: Failure): boolean;
}

/** What somebody here waits for: a call's answer, its stream, or that an event has left. It settles once. */
export abstract class Pending extends OutgoingCall {
  readonly method: NamedMethod;
  /** Kept until nobody can want it sent any more, unencoded. */
  input: unknown;
  /** The connection that it goes over; undefined while it waits for one. */
  exit: Exit | undefined = undefined;
  /** How often it has been sent. */
  attempts = 0;
  /** Whether an attempt has been lost that the handler may have seen. */
  mayHaveRun = false;
  /** Whether it waits while no connection can be made. */
  waits: boolean | undefined = undefined;
  /** The milliseconds that it may take, and when they are over by the peer's clock. */
  deadline: number;
  expiresAt: number = Number.POSITIVE_INFINITY;
  settled = false;
  /** Its place among those that wait; negative where it does not. */
  order = -1;
  /** What it can be given up by. */
  signals: AbortSignal[] | undefined = undefined;
  /** The call whose handler makes it, if one does: waiting for others could be waiting for itself. */
  parent: CallContext | undefined = undefined;
  /** What sends its input stream. */
  pump: Pump | undefined = undefined;
  /** Begins to send it, in the asynchronous context of whoever made the call. */
  pumpFrom: ((start: () => void) => void) | undefined = undefined;
  /** What comes along with its answer, where somebody asked for that. */
  response: ResponseMetadata | undefined = undefined;
  readonly owner: PendingOwner;

  constructor(owner: PendingOwner, method: NamedMethod, input: unknown, deadline: number) {
    super();
    this.owner = owner;
    this.method = method;
    this.input = input;
    this.deadline = deadline;
  }

  /** Whether it is an event, which leaves by a way of its own. */
  get isEvent(): boolean {
    return false;
  }

  /** Its outcome: what was waited for is told in the caller's way. */
  protected abstract reject(failure: Failure): void;

  override failed(failure: Failure): void {
    if (this.settled) return;
    if (failure.execution === 'rejected' && failure.code === 'UNAVAILABLE' && this.owner.again(this, failure)) return;
    this.#fail(failure);
  }

  override lost(failure: Failure): void {
    if (this.settled || this.owner.again(this, failure)) return;
    this.#fail(failure);
  }

  /** Tells the caller's listeners what comes along with the answer. */
  hear({ onHeader, onTrailer }: CallOptions): void {
    this.response ??= new ResponseMetadata();
    const thrown = (error: unknown): void => this.exit?.reports.tell(error, this.method.fullName);
    if (onHeader !== undefined) hear(this.response.header, onHeader, thrown);
    if (onTrailer !== undefined) hear(this.response.trailer, onTrailer, thrown);
  }

  override headerCame(metadata: Metadata | undefined): void {
    this.response?.headerCame(metadata ?? NO_METADATA);
  }

  #fail(failure: Failure): void {
    this.trailer = failure.metadata;
    this.settle();
    this.reject(this.#describe(failure));
  }

  /** It fails because its caller wants no more of it. */
  givenUp(failure: Failure): void {
    this.failed(failure);
  }

  override stopped(): void {
    this.pump?.stop();
  }

  /** Whether it can be made again: its input is still here, and nobody has seen anything of its answer. */
  get repeatable(): boolean {
    return !this.touched && (this.attempts === 0 || !streamsInput(this.method.kind));
  }

  /** It has been sent, or begun. */
  sent(): void {
    this.attempts++;
    // A stream is being drawn from: it cannot be given a second time.
    if (streamsInput(this.method.kind)) this.input = undefined;
  }

  override reset(): void {
    super.reset();
    this.exit = undefined;
  }

  /** It can be read, where its answer is a stream. */
  begun(): void {}

  /** Whatever leads to the call being sent, its input is drawn in the context of this moment. */
  keepContext(): void {
    void new Promise<() => void>((resolve) => {
      this.pumpFrom = resolve;
    }).then((start) => start());
  }

  protected settle(): void {
    this.settled = true;
    this.response?.over(this.trailer);
    this.releaseInput();
    this.owner.settled(this);
  }

  /** What was not sent will not be: a stream that was handed over is let go. */
  protected releaseInput(): void {
    if (this.input !== undefined && streamsInput(this.method.kind)) release(this.input);
    this.input = undefined;
  }

  /** The failure as this call's: named after its method, and a declared error only where its data fits. */
  #describe(failure: Failure): Failure {
    const { code, execution, cause, name, data, metadata } = failure;
    const hasNotRun = execution === 'not-sent' || execution === 'rejected';
    const lost = this.mayHaveRun && hasNotRun ? 'An attempt before was lost, and the handler may have run. ' : '';
    const message = `${lost}${failure.message}`;
    const method = this.method.fullName;
    const init = {
      code,
      message,
      execution: this.mayHaveRun ? 'unknown' : (execution ?? 'unknown'),
      cause,
      method,
      metadata,
    } as const;
    const declared = name === undefined ? undefined : this.method.errors.get(name);
    if (name === undefined || declared === undefined) return init;
    try {
      return { ...init, name, data: declared.parse(data) };
    } catch (error) {
      const why = error instanceof Invalid ? error.message : String(error);
      const wrong = `The data of the error "${name}" of ${method} does not match the contract: ${why}`;
      return { ...init, code: 'INTERNAL', message: wrong, cause: error };
    }
  }
}
