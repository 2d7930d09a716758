import type { Clock, OnConnect, PeerOptions } from '@nearcall/core';
import type { BackoffOptions } from './backoff.ts';

/** What a channel is made of. */
export interface ChannelOptions {
  /** What each of its connections is made of. */
  readonly peer: Omit<PeerOptions, 'role' | 'user' | 'clock'>;
  readonly clock: Clock;
  /** Undefined where a connection that is over is not made again. */
  readonly backoff: BackoffOptions | undefined;
  readonly waitForReady: boolean;
  /** The deadline of calls that have none, in milliseconds. */
  readonly deadline: number | undefined;
  readonly onConnect: OnConnect | undefined;
}
