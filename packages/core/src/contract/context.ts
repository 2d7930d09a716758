import type { Metadata } from '../error/metadata.ts';
import type { RemotePeer } from './remote-peer.ts';

/** What a handler knows of the call that it serves. */
export interface Context {
  /** Aborts when nobody waits for the answer any more: the caller gave up or is gone, or the deadline has passed. */
  readonly signal: AbortSignal;
  /**
   * Aborts when the connection is being closed, by either end: what has begun may finish, and what would go on for ever
   * should come to its end. A process that dies ends its side, too: `signal` follows as soon as that is known.
   */
  readonly draining: AbortSignal;
  /** The milliseconds that are left until the caller gives up; `Infinity` where it never does. */
  readonly deadline: number;
  /** What the caller sent besides the input; empty where that is nothing. */
  readonly metadata: Metadata;
  /** Who is calling. What is called through it is nested in this call: see {@link CallOptions.parent}. */
  readonly peer: RemotePeer;
}
