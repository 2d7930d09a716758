import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { decodeValue, encodeSimple } from './body.ts';
import { Malformed } from './inspect.ts';
import type { Limits } from './limits.ts';

/** Metadata is flat: a map and what it holds. */
const WITHIN = { depth: 1, values: 131_072 };

/** What a frame holds besides its metadata, at least: the limit is never more than the chunk less this. */
const BESIDES = 64;

/**
 * Metadata as it crosses the wire.
 *
 * @throws RpcError not sent: INVALID_ARGUMENT for a value that is neither text nor bytes, RESOURCE_EXHAUSTED for too much.
 */
export function encodeMetadata(metadata: Metadata, limits: Pick<Limits, 'metadata' | 'chunk'>): Uint8Array {
  if (!isPlain(metadata)) {
    throw new RpcError('INVALID_ARGUMENT', 'The metadata is to be a plain object.', { execution: 'not-sent' });
  }
  const entries: Record<string, string | Uint8Array> = {};
  for (const [key, value] of Object.entries(metadata)) {
    const kept = typeof value === 'string' ? value.isWellFormed() : value instanceof Uint8Array;
    if (!kept || !key.isWellFormed() || key === '__proto__') {
      throw new RpcError('INVALID_ARGUMENT', `The metadata ${JSON.stringify(key)} is neither text nor bytes.`, {
        execution: 'not-sent',
      });
    }
    entries[key] = value;
  }
  const bytes = encodeSimple(entries, WITHIN);
  checkMetadata(bytes, limits);
  return bytes;
}

/** @throws RpcError not sent, for encoded metadata that is more than the other end takes. */
export function checkMetadata(bytes: Uint8Array | undefined, limits: Pick<Limits, 'metadata' | 'chunk'>): void {
  const most = Math.min(limits.metadata, limits.chunk - BESIDES);
  if (bytes === undefined || bytes.length <= most) return;
  throw new RpcError(
    'RESOURCE_EXHAUSTED',
    `The metadata is ${bytes.length} bytes long, more than the other side takes: ${most} (limit "metadata").`,
    { execution: 'not-sent' },
  );
}

/** @throws Malformed where the bytes are not a map from strings to strings or byte strings. */
export function decodeMetadata(bytes: Buffer, start: number, end: number): Metadata {
  const entries = decodeValue(bytes, start, end, WITHIN);
  if (!isPlain(entries)) throw new Malformed('no map');
  const metadata: Record<string, string | Uint8Array> = Object.create(null);
  for (const [key, value] of Object.entries(entries)) {
    if (typeof value !== 'string' && !(value instanceof Uint8Array)) throw new Malformed('neither text nor bytes');
    metadata[key] = value;
  }
  return metadata;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
