import type { Failure, RpcError } from '../error/rpc-error.ts';
import { fromWire, toWire } from '../error/wire-error.ts';
import { type BodyLimits, encodeBody } from '../wire/body.ts';
import { FLAG, FRAME, frameName, NO_CALL } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Fields } from './fields.ts';
import type { Outbox } from './outbox.ts';

/** A GOAWAY that ends the connection now, where the other kind lets what has begun finish. */
export const FATAL: number = FLAG.MORE;

/** What a PING carries, and its PONG gives back. */
const PING_BYTES = 8;

export function writePing({ urgent }: Outbox): void {
  urgent.begin(FRAME.PING, 0, NO_CALL, PING_BYTES);
  urgent.u64(0);
  urgent.end();
}

export function writePong({ urgent }: Outbox, carried: Uint8Array): void {
  urgent.begin(FRAME.PONG, 0, NO_CALL, PING_BYTES);
  urgent.bytes(carried);
  urgent.end();
}

/** Tells the other end that the connection is ending, and why. */
export function writeGoaway({ frames }: Outbox, flags: number, error: RpcError): void {
  const { code, message } = toWire(error);
  const body = encodeBody({ code, message }, DEFAULT_LIMITS);
  frames.begin(FRAME.GOAWAY, flags, NO_CALL, body.length);
  frames.bytes(body);
  frames.end();
}

/** Reads why the other end is ending the connection. */
export function readGoaway(fields: Fields, limits: BodyLimits): Failure {
  try {
    return fromWire(fields.value(false, limits));
  } catch (error) {
    if (error instanceof Malformed) throw new ProtocolError(`a GOAWAY whose bytes hold ${error.message}`);
    throw error;
  }
}

/** @throws ProtocolError for a frame of a type that this version does not know, unless it may be passed over. */
export function unknownFrame(type: number, flags: number): void {
  if ((flags & FLAG.IGNORABLE) === 0) throw new ProtocolError(`a frame of the unknown type ${frameName(type)}`);
}

/** The other end sends what is answered at once, and reads no answers. */
export function flood(): ProtocolError {
  return new ProtocolError('more frames than it read the answers to (limit "queue")');
}
