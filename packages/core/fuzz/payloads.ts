/** What payloads hold, as PROTOCOL.md says, for the model. */
import type { Limits } from '../src/wire/limits.ts';
import { REFUSED, referenceValue } from './reference-reader.ts';

export function bodyOf(payload: Buffer, limits: Limits): unknown {
  if (payload.length > limits.message) return REFUSED;
  return payload.length === 0 ? undefined : referenceValue(payload, limits);
}

export function isMetadata(bytes: Buffer, limits: Limits): boolean {
  if (bytes.length > limits.metadata) return false;
  const said = referenceValue(bytes, { depth: 1, values: 131_072 });
  if (typeof said !== 'object' || said === null || Object.getPrototypeOf(said) !== Object.prototype) return false;
  return Object.values(said).every((value) => typeof value === 'string' || value instanceof Uint8Array);
}

export function isObject(text: string): boolean {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null && !Array.isArray(said);
  } catch {
    return false;
  }
}

export function itemsIn(payload: Buffer): number {
  const token = payload[0] ?? 0;
  if (token >= 0x90 && token < 0xa0) return token & 0x0f;
  if (token === 0xdc && payload.length >= 3) return payload.readUInt16BE(1);
  return token === 0xdd && payload.length >= 5 ? payload.readUInt32BE(1) : 1;
}
