import type { CallOptions } from './call-options.ts';
import type { KIND } from './kind.ts';

/** A call that is about to be made, as an {@link Interceptor} sees it. */
export interface InterceptedCall {
  /** The method's full name: `text.uppercase`. */
  readonly method: string;
  /** What it takes and gives: one message or a stream each way, or an event. */
  readonly kind: keyof typeof KIND;
  /** What the caller passed. A stream is meant for the call alone. */
  readonly input: unknown;
  /** What was said of the call, by its caller and by the interceptors further out. */
  readonly options: CallOptions;
}

declare const OVER: unique symbol;

/** A call that is over. To return it is to have let the call through. */
export interface CallResult {
  /** The output where it is one message, parsed; else undefined. */
  readonly output: unknown;
  /** For the compiler alone. */
  readonly [OVER]: true;
}

/**
 * Stands around the calls that are made: it sees each before it is sent and after it is over. It returns what its
 * `next()` gave, which it calls once; what it gives to that replaces options of the call. `next()` fulfils when the call
 * is over: its answer has come, its event has left, its stream has been read to its end, or left; and rejects with the
 * error of the call, for which it may throw another one. The items of a stream go straight to its reader.
 *
 * A stream's call is made when its first item is asked for. The time that interceptors take before they go on counts
 * into a deadline that the caller or the method states. A call that they have not let through by then, or when its
 * signal aborts, fails and is not made any more; how long they take after `next()` is theirs.
 *
 * @example
 * ```ts
 * const signed: Interceptor = (call, next) => next({ metadata: { ...call.options.metadata, token: 'secret' } });
 * ```
 */
export type Interceptor = (
  call: InterceptedCall,
  next: (changes?: CallOptions) => Promise<CallResult>,
) => Promise<CallResult>;

/** @throws TypeError for what is no list of interceptors. */
export function checkInterceptors(interceptors: unknown): void {
  if (interceptors === undefined) return;
  if (Array.isArray(interceptors) && interceptors.every((interceptor) => typeof interceptor === 'function')) return;
  throw new TypeError('The interceptors are a list of functions: write [(call, next) => next()], for example.');
}
