import type { IncomingCall } from '../connection/call.ts';
import { HALF } from '../connection/half.ts';
import type { Context } from '../contract/context.ts';
import type { Implemented } from '../contract/implement.ts';
import type { RemotePeer } from '../contract/remote-peer.ts';
import { type Metadata, NO_METADATA } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { type AnswerOwner, sendHeader, setTrailer } from './answer-metadata.ts';
import type { Exit } from './exit.ts';
import type { ItemReader } from './item-reader.ts';
import type { Pump } from './pump.ts';

/** What a call's context needs of its peer. */
export interface ContextOwner extends AnswerOwner {
  /** The time of the peer's clock. */
  now(): number;
  /** The same, read once a tick: reading it costs 50 ns. */
  tick(): number;
  /** See to it that `expire` is called when the context's time is up. */
  watch(context: CallContext): void;
  /** Aborts when the connection is being closed. */
  readonly draining: AbortSignal;
  /** The other end, as a handler calls it. */
  remote(context: CallContext): RemotePeer;
  /** The connection that the call came over. */
  readonly exit: Exit;
}

/** The context of one served call. Its signal is made when first asked for: an AbortController costs 2.3 µs. */
export class CallContext implements Context {
  readonly #owner: ContextOwner;
  readonly #call: IncomingCall<Implemented>;
  #controller: AbortController | undefined = undefined;
  #peer: RemotePeer | undefined = undefined;
  /** When the caller gives up, by the peer's clock. */
  readonly expiresAt: number;
  /** What reads the input, where that is a stream. */
  reader: ItemReader | undefined = undefined;
  /** Whether the handler has been told to stop. */
  stopped = false;
  /** What sends the output, where that is a stream. */
  pump: Pump | undefined = undefined;

  constructor(owner: ContextOwner, call: IncomingCall<Implemented>) {
    this.#owner = owner;
    this.#call = call;
    this.expiresAt = call.timeLeft === Number.POSITIVE_INFINITY ? call.timeLeft : owner.tick() + call.timeLeft;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.stopped || this.#call.cancelled !== undefined) this.#abort();
      else if (this.expiresAt !== Number.POSITIVE_INFINITY) this.#owner.watch(this);
    }
    return this.#controller.signal;
  }

  get draining(): AbortSignal {
    return this.#owner.draining;
  }

  get deadline(): number {
    return Math.max(0, this.expiresAt - this.#owner.now());
  }

  get metadata(): Metadata {
    return this.#call.metadata ?? NO_METADATA;
  }

  get method(): string {
    return this.#call.target.method.fullName;
  }

  // Handlers take their contexts apart, so these work by themselves.
  get sendHeader(): (metadata: Metadata) => void {
    return (metadata) => sendHeader(this.#call, metadata, this.#owner);
  }

  get setTrailer(): (metadata: Metadata) => void {
    return (metadata) => setTrailer(this.#call, metadata, this.#owner);
  }

  get peer(): RemotePeer {
    this.#peer ??= this.#owner.remote(this);
    return this.#peer;
  }

  /** Whether the other end waits for the call, on that connection. An event is none. */
  isOpenOn(exit: Exit): boolean {
    return this.#call.id >= 0 && this.#call.sending !== HALF.CLOSED && this.#owner.exit === exit;
  }

  /** In how many calls the served one is nested. */
  get nesting(): number {
    return this.#call.nesting;
  }

  /** Nobody waits for the call any more: its handler is told in every way that there is. */
  cancel(): void {
    this.stopped = true;
    this.#abort();
    if (this.reader !== undefined) {
      const { code, message } = this.#why();
      this.reader.cancel({ code, message });
    }
    this.pump?.stop();
  }

  /** The deadline has passed, by this end's clock. */
  expire(): void {
    this.#call.cancelled ??= 'DEADLINE_EXCEEDED';
    this.cancel();
  }

  #abort(): void {
    this.#controller?.abort(this.#why());
  }

  #why(): RpcError {
    const code = this.#call.cancelled ?? 'CANCELLED';
    const late = code === 'DEADLINE_EXCEEDED';
    return new RpcError(code, late ? 'The deadline has passed.' : 'Nobody waits for the answer any more.');
  }
}
