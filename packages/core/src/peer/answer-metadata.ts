import type { IncomingCall } from '../connection/call.ts';
import { HALF } from '../connection/half.ts';
import type { Responder } from '../connection/responder.ts';
import { Trailer } from '../connection/trailer.ts';
import type { Implemented } from '../contract/implement.ts';
import { KIND } from '../contract/kind.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { encodeMetadata } from '../wire/metadata.ts';

/** Who sends what handlers say besides their answers. */
export interface AnswerOwner {
  readonly responder: Responder;
  /** Something is to be sent at the end of this tick. */
  schedule(): void;
}

type Call = IncomingCall<Implemented>;

/**
 * Sends what goes ahead of a call's answer.
 *
 * @throws Error where that cannot be: see `Context.sendHeader`.
 */
export function sendHeader(call: Call, metadata: Metadata, owner: AnswerOwner): void {
  const bytes = checked(call, 'header', () => encodeMetadata(metadata, owner.responder.remote));
  if (call.headed) throw new Error(`${nameOf(call)} has sent a header already: a call has one.`);
  if (!open(call, 'header')) return;
  if (call.outflow?.begun === true)
    throw new Error(`${nameOf(call)} sends a header too late: items have gone before it.`);
  owner.responder.header(call, bytes);
  owner.schedule();
}

/**
 * Adds to what goes along with a call's answer.
 *
 * @throws Error where that cannot be: see `Context.setTrailer`.
 */
export function setTrailer(call: Call, metadata: Metadata, { responder }: AnswerOwner): void {
  const trailer = checked(call, 'trailer', () => new Trailer(metadata, call.trailer, responder.remote));
  if (open(call, 'trailer')) call.trailer = trailer;
}

/** Whether anybody still waits for the answer. Nobody does for an event's, around which the same middleware stands. */
function open(call: Call, what: string): boolean {
  if (call.target.method.kind === KIND.event || call.cancelled !== undefined) return false;
  if (!call.decided && call.sending !== HALF.CLOSED) return true;
  throw new Error(`${nameOf(call)} gives a ${what} too late: its answer has gone.`);
}

function checked<T>(call: Call, what: string, encode: () => T): T {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    // The handler's mistake, and nothing for its caller to read.
    const Kind = error.code === 'RESOURCE_EXHAUSTED' ? RangeError : TypeError;
    throw new Kind(`${nameOf(call)} gives a ${what} that cannot be sent. ${error.message}`, { cause: error });
  }
}

function nameOf({ target }: Call): string {
  return target.method.fullName;
}
