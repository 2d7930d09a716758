import { type Failure, RpcError } from '../error/rpc-error.ts';
import { encodeBody } from '../wire/body.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../wire/frame.ts';
import type { FrameWriter } from '../wire/frame-writer.ts';
import type { Limits } from '../wire/limits.ts';
import { checkMetadata } from '../wire/metadata.ts';
import type { OutgoingCall } from './call.ts';
import type { Flow, Outbox } from './outbox.ts';
import { Parcel } from './parcel.ts';

/** The events that this end sends. One is under way at a time; whoever has more waits until there is room. */
export class EventsOut implements Flow {
  readonly #outbox: Outbox;
  /** What the other end takes. */
  readonly #remote: Limits;
  #credit: number;
  #parcel: Parcel | undefined = undefined;
  #closed = false;
  /** The event that is on its way. */
  event: OutgoingCall | undefined = undefined;

  constructor(outbox: Outbox, remote: Limits) {
    this.#outbox = outbox;
    this.#remote = remote;
    this.#credit = remote.events;
    outbox.addFlow(EVENTS_CALL, this);
  }

  /** Whether a part of an event has been sent. */
  get begun(): boolean {
    return this.#parcel?.begun === true;
  }

  /** Whether another event can be sent now. */
  get idle(): boolean {
    return this.#parcel === undefined;
  }

  /**
   * Sends an event, where {@link idle}. It is answered when it has been written whole, which may be at once.
   *
   * @throws RpcError not sent, where it cannot be encoded or is over a limit.
   */
  send(number: number, event: OutgoingCall, value: unknown): void {
    const { metadata } = event;
    checkMetadata(metadata, this.#remote);
    const body = encodeBody(value, this.#remote);
    // Reading it may have run code of the user's, which ended the connection.
    if (this.#closed) return event.lost(GONE);
    if (!this.idle) throw new RpcError('INVALID_ARGUMENT', 'reading it sent another event', { execution: 'not-sent' });
    const flags = (metadata === undefined ? 0 : FLAG.METADATA) | (value instanceof Uint8Array ? FLAG.RAW : 0);
    const parcel = new Parcel(FRAME.EVENT, flags, EVENTS_CALL, prologueOf(number, metadata), body);
    event.id = EVENTS_CALL;
    if (parcel.fits(this.#credit, this.#remote.chunk)) {
      // Among the other frames, so that it keeps its place before the calls that are made after it.
      this.#credit -= parcel.write(this.#outbox.frames, this.#remote.chunk, this.#credit);
      return event.answered(undefined);
    }
    this.#parcel = parcel;
    this.event = event;
    this.#outbox.ready(this);
  }

  /** Nothing more is sent. */
  close(reason: (call: OutgoingCall) => Failure): void {
    this.#closed = true;
    const { event } = this;
    this.event = undefined;
    this.#parcel = undefined;
    if (event !== undefined) event.lost(reason(event));
  }

  grant(credit: number): void {
    this.#credit += credit;
    if (this.#parcel !== undefined) this.#outbox.ready(this);
  }

  write(frames: FrameWriter, chunk: number): boolean {
    const parcel = this.#parcel;
    const { events } = this.#remote;
    if (parcel?.affordable(this.#credit, events, chunk) !== true) return false;
    this.#credit -= parcel.write(frames, chunk, this.#credit);
    if (!parcel.done) return parcel.affordable(this.#credit, events, chunk);
    this.#parcel = undefined;
    const { event } = this;
    this.event = undefined;
    event?.answered(undefined);
    return false;
  }
}

const GONE: Failure = { code: 'UNAVAILABLE', message: 'The connection is closed.', execution: 'not-sent' };

/** What stands before an event's body. */
function prologueOf(number: number, metadata: Uint8Array | undefined): Uint8Array {
  const bytes = new Uint8Array(metadata === undefined ? 2 : 4 + metadata.length);
  bytes.set([number >>> 8, number]);
  if (metadata === undefined) return bytes;
  bytes.set([metadata.length >>> 8, metadata.length], 2);
  bytes.set(metadata, 4);
  return bytes;
}
