import type { Budgets } from '../connection/budget.ts';
import type { Implementations } from '../contract/implementations.ts';
import type { Interceptor } from '../contract/interceptor.ts';
import type { OwnLimits } from '../wire/limits.ts';
import type { Role } from '../wire/preface.ts';
import type { Clock } from './clock.ts';
import type { ExitUser } from './exit.ts';
import type { ErrorListener } from './reports.ts';

/** What a peer is made of. */
export interface PeerOptions {
  /** Which end it is. */
  readonly role: Role;
  /** What it serves. Default: nothing. */
  readonly implementations?: Implementations | undefined;
  /** What it takes from the other end, and holds for it. Default: see {@link OwnLimits}. */
  readonly limits?: Partial<OwnLimits> | undefined;
  /** What it shares with others: the calls and waiting bytes of a server. Default: no limits but its own. */
  readonly budgets?: Budgets | undefined;
  /** The milliseconds within which the other end must have said hello. Default: 10,000. */
  readonly handshake?: number | undefined;
  /** The milliseconds within which a frame that has begun must be whole. Default: 30,000. */
  readonly unfinished?: number | undefined;
  /** What stands around the calls that it makes, outermost first. Default: nothing. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** Makes calls over the connection besides the peer itself. Default: nobody. */
  readonly user?: ExitUser | undefined;
  /** Hears of errors that the caller is not told. Default: prints them to standard error. */
  readonly onError?: ErrorListener | undefined;
  /** Where time comes from. Default: the process's. */
  readonly clock?: Clock | undefined;
}

/** How long the other end may take to say hello, in milliseconds. */
export const DEFAULT_HANDSHAKE = 10_000;
/** How long a frame may take from its first byte to its last, in milliseconds. */
const DEFAULT_UNFINISHED = 30_000;
/** How long `close` lets what has begun go on, in milliseconds. */
export const DEFAULT_GRACE = 10_000;
/** @throws RangeError for a grace that is none. */
export function checkGrace(grace: number): void {
  if (typeof grace === 'number' && grace >= 0) return;
  throw new RangeError(`The grace is ${String(grace)}; it must be a number of milliseconds, 0 or more.`);
}

/** How long the other end may keep a connection that is over, in milliseconds. */
export const LINGER = 1000;

/** How long the other end may take, in milliseconds. */
export function patience(options: PeerOptions): { readonly handshake: number; readonly unfinished: number } {
  const { handshake = DEFAULT_HANDSHAKE, unfinished = DEFAULT_UNFINISHED } = options;
  return { handshake, unfinished };
}
