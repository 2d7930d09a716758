import { crc32 } from 'node:zlib';
import type { z } from 'zod';
import type { document } from './contract.ts';

const PATTERN = Buffer.from(Array.from({ length: 4093 }, (_, i) => (i * 7919 + (i >> 3)) & 255));

/** So many bytes that look like none of a shifted, shorter or doubled kind. */
export function blob(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += PATTERN.length) bytes.set(PATTERN.subarray(0, size - at), at);
  return bytes;
}

export function checksum(bytes: Uint8Array): number {
  return crc32(bytes);
}

export type Document = z.infer<typeof document>;

/** A document of so many rows. */
export function makeDocument(seed: number, rows: number): Document {
  return {
    at: new Date(seed * 1000),
    big: BigInt(seed) ** 5n,
    tags: new Set([`tag ${seed}`, 'é']),
    counts: new Map([[`${seed}`, rows]]),
    rows: Array.from({ length: rows }, (_, n) => ({ n, text: `row ${n} of ${seed}` })),
  };
}
