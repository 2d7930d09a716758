import type { Metadata } from '../error/metadata.ts';
import type { Schema } from './schema.ts';

/** Stands in a method's definition where a stream of items goes, in place of one message. */
export interface Stream<S extends Schema> {
  /** The schema of each item. */
  readonly '~stream': S;
}

/** What a stream is made of: anything that can be iterated, at once or in time. A string is not meant. */
export type Items<T> = readonly T[] | AsyncIterable<T> | (Iterable<T> & object);

/**
 * The input of a handler that takes a stream: its items, for one reader. Leaving the loop, or `return()`, tells the caller
 * to send no more; the handler may go on to its answer.
 */
export interface RequestStream<T> extends AsyncIterableIterator<T, undefined, undefined>, AsyncDisposable {
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): RequestStream<T>;
}

/**
 * What a streaming call gives: its items, for one consumer. The call opens when the first one is asked for. Leaving the
 * loop, or `return()`, cancels it.
 */
export interface ResponseStream<T> extends AsyncIterableIterator<T, undefined, undefined>, AsyncDisposable {
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): ResponseStream<T>;
  /**
   * What the handler sends ahead of its first item; empty where that is nothing, which is known when an item or the end
   * has come. Asking for it opens the call. Never rejects: what becomes of the call is told by its items.
   */
  readonly header: Promise<Metadata>;
  /**
   * What comes with the end, or with the error in place of it; empty where nothing does. Asking for it opens the call, and
   * the end comes only to those who read. Never rejects.
   */
  readonly trailer: Promise<Metadata>;
}

/**
 * Declares that an input or an output is a stream: any number of items, each checked by the schema.
 *
 * @throws TypeError where the schema is none.
 * @example
 * ```ts
 * const lines = method({ input: z.object({ path: z.string() }), output: stream(z.string()) });
 * ```
 */
export function stream<S extends Schema>(items: S): Stream<S> {
  if ((items as { '~standard'?: unknown } | null)?.['~standard'] === undefined) {
    throw new TypeError('What a stream carries needs a schema: write stream(z.string()), for example.');
  }
  return Object.freeze({ '~stream': items });
}

/** The schema of a definition's part, and whether it is that of a stream's items. */
export function itemsOf(part: Schema | Stream<Schema>): { readonly schema: Schema; readonly streams: boolean } {
  const items = (part as Partial<Stream<Schema>> | null)?.['~stream'];
  return items === undefined ? { schema: part as Schema, streams: false } : { schema: items, streams: true };
}
