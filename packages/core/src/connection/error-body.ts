import type { Code } from '../error/code.ts';
import type { Metadata } from '../error/metadata.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { fromWire, toWire, type WireError } from '../error/wire-error.ts';
import { type BodyLimits, encodeBody } from '../wire/body.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import type { Limits } from '../wire/limits.ts';
import { encodeMetadata } from '../wire/metadata.ts';
import type { Message } from './message.ts';
import type { Outbox } from './outbox.ts';

/** The most characters of a message that is cut. */
const MAX_MESSAGE = 8192;

/** The longest name that a contract can declare. */
const MAX_NAME = 255;

/** What is kept free for the error itself, where its metadata is long. */
const LEAST_BODY = 512;

/** Ends a call with an error, in one frame; `trailer` goes along with it, besides the error's own metadata. */
export function writeError(
  { frames }: Outbox,
  call: number,
  error: RpcError,
  trailer: Metadata | undefined,
  remote: Limits,
): void {
  const metadata = metadataOf(error, trailer, remote);
  const room = remote.chunk - (metadata === undefined ? 0 : 2 + metadata.length);
  const body = errorBody(error, { ...remote, chunk: room });
  // No more room than it takes: a stretch of memory for each would cost 64 KiB where a request of 12 bytes fails.
  const size = body.length + (metadata === undefined ? 0 : 2 + metadata.length);
  frames.begin(FRAME.ERROR, metadata === undefined ? 0 : FLAG.METADATA, call, size);
  if (metadata !== undefined) {
    frames.u16(metadata.length);
    frames.bytes(metadata);
  }
  frames.bytes(body);
  frames.end();
}

/** What an ERROR says. One that cannot be read is one, too. */
export function readError(body: Message, metadata: Metadata | undefined, limits: BodyLimits): Failure {
  try {
    return { ...fromWire(body.value(false, limits)), metadata };
  } catch (thrown) {
    if (!(thrown instanceof Malformed)) throw thrown;
    return { code: 'INTERNAL', message: `The error cannot be read: its bytes hold ${thrown.message}.` };
  }
}

/**
 * What goes along with an error: its own metadata and the trailer, of which the former wins; or only one of them, or
 * nothing, where they do not fit, because the error itself matters more.
 */
function metadataOf({ metadata }: RpcError, trailer: Metadata | undefined, limits: Limits): Uint8Array | undefined {
  const own = encoded(metadata, limits);
  if (trailer === undefined) return own;
  return own === undefined ? encoded(trailer, limits) : (encoded({ ...trailer, ...metadata }, limits) ?? own);
}

function encoded(metadata: Metadata, { metadata: most, chunk }: Limits): Uint8Array | undefined {
  if (Object.keys(metadata).length === 0) return undefined;
  try {
    return encodeMetadata(metadata, { metadata: most, chunk: chunk - LEAST_BODY });
  } catch {
    return undefined;
  }
}

/** An error's body, which always fits one frame: what is too long is cut, and data that does not fit is left out. */
export function errorBody(error: RpcError, remote: Limits): Uint8Array {
  const most = Math.min(remote.chunk, remote.message);
  const limits = { ...remote, message: most };
  const wire = toWire(error);
  try {
    return encodeBody(wire, limits);
  } catch (thrown) {
    const why = thrown instanceof RpcError ? thrown.message : String(thrown);
    const lost = error.data === undefined ? '' : ` (Its data could not be sent: ${why.slice(0, 100)})`;
    // A character takes three bytes at most, and the fields beside the message some 400.
    const message = error.message.slice(0, Math.min(MAX_MESSAGE, most / 8)) + lost;
    return encodeBody({ code: wire.code, ran: wire.ran, message: message.toWellFormed(), ...shortName(wire) }, limits);
  }
}

/** A declared error keeps its name without its data, unless the name is what is too long. */
function shortName({ name }: WireError): { name?: string } {
  return name === undefined || name.length > MAX_NAME ? {} : { name };
}

/** What becomes of a call whose caller waits no more, whatever its handler says. */
export function gaveUp(code: Code): RpcError {
  const late = code === 'DEADLINE_EXCEEDED';
  return new RpcError(code, late ? 'The deadline passed before the handler was done.' : 'The caller gave up.');
}
