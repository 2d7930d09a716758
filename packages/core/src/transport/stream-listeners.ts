import type { Readable, Writable } from 'node:stream';

/** Who hears of the streams. */
interface Hearer {
  came(chunk: Buffer): void;
  drained(): void;
  ended(): void;
  failed(error: Error): void;
  /** Once a stream. */
  closed(stream: Readable | Writable): void;
}

/** Where a stream has who hears of it. */
const HEARER = Symbol('hearer');

interface Heard {
  readonly [HEARER]: Hearer;
}

/**
 * Tells of a stream that is read and one that is written, or of the one that is both. All streams have the same listeners:
 * closures of their own, and the wrapper of `once`, held 600 bytes at each connection.
 */
export function listen(readable: Readable, writable: Writable, hearer: Hearer): void {
  watch(readable, hearer);
  if ((readable as unknown) !== writable) watch(writable, hearer);
  writable.on('drain', drained);
  readable.on('end', ended);
  readable.on('data', came);
}

function watch(stream: Readable | Writable, hearer: Hearer): void {
  (stream as { [HEARER]?: Hearer })[HEARER] = hearer;
  stream.on('error', failed);
  if (stream.closed) queueMicrotask(() => hearer.closed(stream));
  else stream.on('close', closed);
}

function came(this: Readable & Heard, chunk: Buffer): void {
  this[HEARER].came(chunk);
}

function drained(this: Writable & Heard): void {
  this[HEARER].drained();
}

function ended(this: Readable & Heard): void {
  this[HEARER].ended();
}

function failed(this: (Readable | Writable) & Heard, error: Error): void {
  this[HEARER].failed(error);
}

function closed(this: (Readable | Writable) & Heard): void {
  // Once: the standard output tells of it twice.
  this.off('close', closed);
  this[HEARER].closed(this);
}
