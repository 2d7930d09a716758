/**
 * A message's value ⇄ the bytes of its body. Three forms: nothing at all for `undefined`, the bytes themselves for a
 * `Uint8Array` (the frame says so by its RAW flag), and msgpack for everything else.
 */
import { RpcError } from '../error/rpc-error.ts';
import type { Form } from './form.ts';
import { WORTH_LENDING } from './frame-writer.ts';
import { inspect, Malformed } from './inspect.ts';
import type { Limits } from './limits.ts';
import { encodeLongText, SHORTEST } from './long-text.ts';
import { pack, unpack } from './msgpack.ts';
import { NOT_PLAIN, readPlain } from './plain-reader.ts';
import { writePlain } from './plain-writer.ts';
import { portable } from './portable.ts';
import { readText, textStart } from './text.ts';

export type BodyLimits = Pick<Limits, 'message' | 'bytes' | 'depth' | 'values'>;

const EMPTY = new Uint8Array(0);

/**
 * The body of a value. A `Uint8Array` is its own body, not a copy: whoever sends it must not change it meanwhile. Of up
 * to so many bytes as `most`, in the form, it is a view of memory that the next value is encoded in.
 *
 * @throws RpcError not sent: INVALID_ARGUMENT for a value that cannot be encoded, RESOURCE_EXHAUSTED for one over a
 * limit of the receiver's.
 */
export function encodeBody(value: unknown, limits: BodyLimits, form?: Form, most = 0): Uint8Array {
  if (value === undefined) return EMPTY;
  if (value instanceof Uint8Array) return within(value, limits.bytes, 'bytes');
  const formed = form && encodeFormed(value, form, limits, most, false);
  if (formed !== undefined) return formed;
  const plain = encodePlain(value, limits);
  if (plain !== undefined) return plain;
  if (typeof value === 'string' && value.length >= SHORTEST && value.length <= limits.message) {
    const long = encodeLongText(value);
    if (long !== undefined) return within(long, limits.message, 'message');
  }
  const prepared = portable(value, limits);
  // A JavaScript string of n units takes n bytes of UTF-8 at least: refuse before packing, not after.
  if (typeof value === 'string' && value.length > limits.message)
    throw tooLong(value.length, limits.message, 'message');
  return within(pack(prepared), limits.message, 'message');
}

/**
 * Where plain values are written first, and copied out. Pages of it that none has reached are no memory. Where it was 8 KiB
 * long, a call with 150 small objects both ways took 1,050 µs of CPU, and takes 380.
 */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);
/** The same memory: a piece of a plain array is copied out in half the time that one of a Buffer takes. */
const written = new Uint8Array(scratch.buffer);
const view = new DataView(scratch.buffer);
let writing = false;

/** As msgpack, a value that needs no preparing. */
export function encodeSimple(value: object, within: Pick<Limits, 'depth' | 'values'>): Uint8Array {
  return encodePlain(value, { ...within, message: scratch.length }) ?? pack(value);
}

/** The body of a plain value that is not long. */
function encodePlain(value: unknown, limits: Pick<Limits, 'message' | 'depth' | 'values'>): Uint8Array | undefined {
  // A getter of a value's may encode another one in between.
  if (writing) return undefined;
  writing = true;
  try {
    const end = writePlain(scratch, 0, Math.min(scratch.length, limits.message), value, limits);
    return end < 0 ? undefined : written.slice(0, end);
  } finally {
    writing = false;
  }
}

/**
 * The body of a value in this form, or undefined where that cannot be had: a view of memory that the next value is
 * encoded in. `most`: how many bytes it may have. `checking`: as the form's schema would, else as it is.
 */
export function encodeFormed(
  value: unknown,
  form: Form,
  limits: Pick<Limits, 'message' | 'depth' | 'values'>,
  most: number,
  checking: boolean,
): Uint8Array | undefined {
  // A getter of a value's may encode another one in between.
  if (writing) return undefined;
  writing = true;
  try {
    const end = form.write(scratch, view, Math.min(scratch.length, most), value, checking, limits);
    if (end < 0) return undefined;
    // What is long is not copied into a frame.
    return end < WORTH_LENDING ? written.subarray(0, end) : written.slice(0, end);
  } finally {
    writing = false;
  }
}

function within(body: Uint8Array, limit: number, name: string): Uint8Array {
  if (body.length > limit) throw tooLong(body.length, limit, name);
  return body;
}

function tooLong(length: number, limit: number, name: string): RpcError {
  return new RpcError(
    'RESOURCE_EXHAUSTED',
    `The message is ${length} bytes long, more than the other side takes: ${limit} (limit "${name}").`,
    { execution: 'not-sent' },
  );
}

/**
 * The value of the body in `[start, end)`. It shares no memory with the bytes.
 *
 * @throws Malformed where the bytes are not one value within the limits.
 */
export function decodeBody(bytes: Buffer, start: number, end: number, raw: boolean, limits: BodyLimits): unknown {
  const most = raw ? limits.bytes : limits.message;
  if (end - start > most) throw new Malformed(`more than ${most} bytes (limit "${raw ? 'bytes' : 'message'}")`);
  if (raw) return copyOf(bytes, start, end);
  if (start === end) return undefined;
  const text = textStart(bytes, start, end);
  if (text > 0) return readText(bytes, text, end);
  return decodeValue(bytes, start, end, limits);
}

/**
 * The value of the msgpack in `[start, end)`. It shares no memory with the bytes.
 *
 * @throws Malformed where the bytes are not one value within the limits.
 */
export function decodeValue(
  bytes: Buffer,
  start: number,
  end: number,
  within: Pick<Limits, 'depth' | 'values'>,
): unknown {
  const plain = readPlain(bytes, start, end, within);
  if (plain !== NOT_PLAIN) return plain;
  inspect(bytes, start, end, within);
  try {
    return unpack(bytes, start, end);
  } catch (error) {
    if (error instanceof Malformed) throw error;
    // Nothing else that passed the inspection is known to fail here; a peer's bytes are not to be the first to find it.
    throw new Malformed(`what msgpack cannot read (${String(error)})`);
  }
}

/** A plain Uint8Array of its own memory, whatever class the source is. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}
