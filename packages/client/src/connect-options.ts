import type { Implementation, Interceptor, OnConnect, OwnLimits } from '@nearcall/core';
import type { BackoffOptions } from './backoff.ts';
import type { DialOptions } from './target.ts';

/** How to connect. */
export interface ConnectOptions extends DialOptions {
  /** What the server may send, and what is held for it. Default: see `Limits` and `OwnLimits`. */
  readonly limits?: Partial<OwnLimits> | undefined;
  /**
   * The milliseconds within which the server must have said hello, and within which a function that dials must have made
   * its transport. Default: 10,000.
   */
  readonly handshake?: number | undefined;
  /** The milliseconds within which a frame that the server has begun must be whole. Default: 30,000. */
  readonly unfinished?: number | undefined;
  /** What the server may call here, one implementation or several: a client can serve, too. Default: nothing. */
  readonly implementations?: Implementation | readonly Implementation[] | undefined;
  /**
   * Whether calls wait, under their deadlines, while no connection can be made, instead of failing with UNAVAILABLE and
   * the reason. Each call can say it for itself. Default: false.
   */
  readonly waitForReady?: boolean | undefined;
  /** Whether a connection that is over, or could not be made, is made again. Default: true. */
  readonly reconnect?: boolean | undefined;
  /** How long to wait between attempts to connect. Default: see {@link BackoffOptions}. */
  readonly backoff?: Partial<BackoffOptions> | undefined;
  /** The deadline of a call that has none of its own, nor its method, in milliseconds. Default: 30,000. */
  readonly deadline?: number | undefined;
  /**
   * What stands around the calls that are made, outermost first: by this client, and by the handlers that it serves.
   * Default: nothing.
   */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /**
   * Called for each connection, as soon as calls can be made over it: to subscribe anew, say. What is called through the
   * peer that it gets goes over that very connection. What it throws goes to `onError`.
   */
  readonly onConnect?: OnConnect | undefined;
  /**
   * Hears of what went wrong in handlers and is not told to the server, with the method's name. Default: prints it to
   * standard error.
   */
  readonly onError?: ((error: unknown, method: string) => void) | undefined;
}
