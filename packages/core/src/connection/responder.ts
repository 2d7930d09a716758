import { RpcError } from '../error/rpc-error.ts';
import { encodeBody, encodeFormed } from '../wire/body.ts';
import type { Form } from '../wire/form.ts';
import { FRAME } from '../wire/frame.ts';
import { DEFAULT_LIMITS, type Limits } from '../wire/limits.ts';
import type { Budget } from './budget.ts';
import type { IncomingCall } from './call.ts';
import { gaveUp, writeError } from './error-body.ts';
import { HALF } from './half.ts';
import type { Inbox } from './inbox.ts';
import { type Prologue, writeMessage, writeString } from './message.ts';
import type { Outbox } from './outbox.ts';

/** The bytes of answers that wait on one connection, besides the 8 MiB of frames: a slow reader leaves others their part. */
export const HELD_BYTES: number = 128 * 1024 * 1024;

/**
 * While so many wait no further long request is let on. Those that are on their way, 4 with answers of 16 MiB at most, still
 * find room, and as much is left to short ones.
 */
export const ENOUGH_BYTES: number = HELD_BYTES / 4;

const NO_PROLOGUE: Prologue = { size: 0, flags: 0, write: () => {} };

/** Who keeps the calls. */
interface ResponderOwner {
  /** A half of the call is closed, and maybe both. */
  free(call: IncomingCall): void;
}

/** What this end sends of the calls that it serves: their answers, and how they end otherwise. */
export class Responder {
  /** The other end's limits, which the answers keep to. */
  remote: Limits = DEFAULT_LIMITS;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #queued: Budget;
  readonly #owner: ResponderOwner;
  /** The bytes of answers that wait. */
  #held = 0;

  constructor(outbox: Outbox, inbox: Inbox, queued: Budget, owner: ResponderOwner) {
    this.#outbox = outbox;
    this.#inbox = inbox;
    this.#queued = queued;
    this.#owner = owner;
  }

  /**
   * Sends a call's answer; where that is a stream, its end.
   *
   * @throws RpcError where it cannot be encoded or is over a limit. The call is still open then.
   */
  answer(call: IncomingCall, value: unknown): void {
    if (call.sending !== HALF.OPEN) return;
    if (call.outflow !== undefined) return this.#finish(call, () => this.#writeEnd(call));
    if (call.cancelled !== undefined) return this.fail(call, gaveUp(call.cancelled));
    const outbox = this.#outbox;
    if (!outbox.full) {
      this.#writeHeader(call);
      if (writeString(outbox, FRAME.ANSWER, call, call.trailer ?? NO_PROLOGUE, value, this.remote)) {
        return this.#close(call);
      }
    }
    const body = encodeBody(value, this.remote);
    const raw = value instanceof Uint8Array;
    if (call.sending !== HALF.OPEN) return;
    if (!raw && (outbox.full || body.length > this.remote.chunk)) this.#hold(call, body.length);
    this.#answer(call, body, raw);
  }

  /**
   * A call's answer, checked by its form and encoded, where it can be sent at once by {@link answerFormed}: before
   * anything else is encoded.
   */
  formed(call: IncomingCall, value: unknown, form: Form): Uint8Array | undefined {
    const body = encodeFormed(value, form, this.remote, this.remote.chunk, true);
    // Only now: a getter of the value's may have changed anything.
    const sends = call.sending === HALF.OPEN && call.cancelled === undefined && !this.#outbox.full;
    const room = this.remote.chunk - (call.trailer ?? NO_PROLOGUE).size;
    return body !== undefined && sends && body.length <= room ? body : undefined;
  }

  answerFormed(call: IncomingCall, body: Uint8Array): void {
    this.#answer(call, body, false);
  }

  /** Sends what goes ahead of a call's answer. Once a call, and before its first item. */
  header(call: IncomingCall, metadata: Uint8Array): void {
    call.headed = true;
    call.header = metadata;
    if (this.#outbox.full) this.#outbox.later(() => this.#writeHeader(call));
    else this.#writeHeader(call);
  }

  /** Ends a call with an error, in place of an answer or in the middle of one; behind the items of a stream. */
  fail(call: IncomingCall, error: RpcError): void {
    if (call.sending === HALF.CLOSED) return;
    this.#inbox.drop(call);
    if (call.outflow !== undefined) return this.#finish(call, () => this.#writeError(call, error));
    call.decided = true;
    if (call.sending !== HALF.OPEN) this.#outbox.dropFlow(call.id);
    this.#writeError(call, error);
  }

  /** Reads no more of a call's input stream. */
  stop(call: IncomingCall): void {
    if (call.inflow === undefined || call.sending === HALF.CLOSED) return;
    call.inflow.leave();
    if (call.receiving === HALF.CLOSED) return;
    const { frames } = this.#outbox;
    frames.begin(FRAME.STOP, 0, call.id, 0);
    frames.end();
  }

  /** The caller wants nothing more of a stream whose handler is done. */
  abandon(call: IncomingCall): void {
    call.outflow?.drop();
    this.#writeError(call, gaveUp(call.cancelled ?? 'CANCELLED'));
  }

  /** Gives back what the call's answer took of the bytes that may wait. */
  release(call: IncomingCall): void {
    if (call.held === 0) return;
    this.#held -= call.held;
    this.#queued.give(call.held);
    call.held = 0;
    this.#inbox.behind = this.#held >= ENOUGH_BYTES;
  }

  /** @throws RpcError where too many bytes of answers wait already. */
  #hold(call: IncomingCall, bytes: number): void {
    // One that is longer than all of it is taken where nothing else waits.
    if (this.#held > 0 && this.#held + bytes > HELD_BYTES) {
      throw tooMuchWaits(
        `with it more than ${HELD_BYTES} bytes of answers would wait on this connection to be read by the other side`,
      );
    }
    if (!this.#queued.take(bytes)) {
      throw tooMuchWaits(
        `with it more than ${this.#queued.most} bytes of answers would wait for their readers (limit "queued")`,
      );
    }
    this.#held += bytes;
    call.held = bytes;
    this.#inbox.behind = this.#held >= ENOUGH_BYTES;
  }

  /**
   * Writes an answer, or lets it wait where the other end is slow to read. The call holds its slot until then, so who
   * reads nothing can make no more of its calls cost memory than it may have open.
   */
  #answer(call: IncomingCall, body: Uint8Array, raw: boolean): void {
    if (call.sending !== HALF.OPEN) return;
    call.decided = true;
    const outbox = this.#outbox;
    if (outbox.full) return outbox.later(() => this.#answer(call, body, raw));
    if (call.cancelled !== undefined) return this.fail(call, gaveUp(call.cancelled));
    this.#writeHeader(call);
    const prologue = call.trailer ?? NO_PROLOGUE;
    writeMessage(outbox, FRAME.ANSWER, call, prologue, body, raw, this.remote.chunk, () => this.#close(call));
    this.#closeIfSent(call);
  }

  /** Writes the call's HEADER where it waits for that: it goes before everything else. */
  #writeHeader(call: IncomingCall): void {
    const { header } = call;
    if (header === undefined) return;
    call.header = undefined;
    if (call.sending !== HALF.OPEN || call.cancelled !== undefined) return;
    const { frames } = this.#outbox;
    frames.begin(FRAME.HEADER, 0, call.id, header.length);
    frames.bytes(header);
    frames.end();
  }

  /** Writing may have sent all of it. */
  #closeIfSent(call: IncomingCall): void {
    if (call.sending === HALF.CLOSED) this.#close(call);
  }

  /** The call is over once the items that were made before have left, or at once where nobody wants them. */
  #finish(call: IncomingCall, last: () => void): void {
    if (call.decided) return;
    call.decided = true;
    if (call.cancelled === undefined) call.outflow?.finish(last);
    else this.abandon(call);
  }

  /** Ends a stream. */
  #writeEnd(call: IncomingCall): void {
    if (call.sending === HALF.CLOSED) return;
    if (this.#outbox.full) return this.#outbox.later(() => this.#writeEnd(call));
    this.#writeHeader(call);
    const { frames } = this.#outbox;
    const prologue = call.trailer ?? NO_PROLOGUE;
    frames.begin(FRAME.ANSWER, prologue.flags, call.id, prologue.size);
    prologue.write(this.#outbox);
    frames.end();
    this.#close(call);
  }

  #writeError(call: IncomingCall, error: RpcError): void {
    if (call.sending === HALF.CLOSED) return;
    if (this.#outbox.full) return this.#outbox.later(() => this.#writeError(call, error));
    if (call.cancelled === undefined) {
      this.#writeHeader(call);
      writeError(this.#outbox, call.id, error, call.trailer?.metadata, this.remote);
    } else {
      // What a handler throws because its signal has aborted is not what became of the call.
      writeError(this.#outbox, call.id, gaveUp(call.cancelled), undefined, this.remote);
    }
    this.#close(call);
  }

  /** The last frame of this end is written: from here on nothing else is said of the call. */
  #close(call: IncomingCall): void {
    call.sending = HALF.CLOSED;
    if (call.inflow !== undefined) {
      call.inflow.close();
      call.inflow.leave();
    }
    this.#owner.free(call);
  }
}

function tooMuchWaits(why: string): RpcError {
  return new RpcError('RESOURCE_EXHAUSTED', why);
}
