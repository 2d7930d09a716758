import type { Metadata } from '../error/metadata.ts';
import type { RemotePeer } from './remote-peer.ts';

/** What a handler knows of the call that it serves. */
export interface Context {
  /** Aborts when nobody waits for the answer any more: the caller gave up or is gone, or the deadline has passed. */
  readonly signal: AbortSignal;
  /**
   * Aborts when the connection is being closed, by either end: what has begun may finish, and what would go on for ever
   * should come to its end. A process that dies ends its side, too: `signal` follows as soon as that is known. The
   * reason is an `RpcError`: UNAVAILABLE where this end closes, and CANCELLED where the caller's does.
   */
  readonly draining: AbortSignal;
  /** The milliseconds that are left until the caller gives up; `Infinity` where it never does. */
  readonly deadline: number;
  /** What the caller sent besides the input; empty where that is nothing. */
  readonly metadata: Metadata;
  /** The method's full name: `text.uppercase`. */
  readonly method: string;
  /**
   * Sends metadata ahead of the answer, at once: what a caller is to know before the first item of a stream, say. Once a
   * call. Ignored where nobody waits any more, and for an event, which has no answer.
   *
   * @throws TypeError for a value that is neither text nor bytes.
   * @throws RangeError for more than the caller takes (its limit `metadata`).
   * @throws Error a second time, and when an item or the answer has gone.
   * @example
   * ```ts
   * context.sendHeader({ 'content-length': '1024' });
   * ```
   */
  sendHeader(metadata: Metadata): void;
  /**
   * Sets metadata that goes along with the answer, with the end of a stream, or with the error that comes in its place.
   * It adds to what was set before; of one key the later stands, and that of an error over both. Ignored where nobody
   * waits any more, and for an event, which has no answer.
   *
   * @throws TypeError for a value that is neither text nor bytes.
   * @throws RangeError for more than the caller takes (its limit `metadata`), with what was set before.
   * @throws Error when the answer has gone.
   * @example
   * ```ts
   * context.setTrailer({ took: '12 ms' });
   * ```
   */
  setTrailer(metadata: Metadata): void;
  /** Who is calling. What is called through it is nested in this call: see {@link CallOptions.parent}. */
  readonly peer: RemotePeer;
}
