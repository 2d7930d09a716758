import type { Metadata } from '../error/metadata.ts';
import type { Context } from './context.ts';

/** What a caller can say about one call, besides its input. */
export interface CallOptions {
  /**
   * Gives the call up when it aborts: the call rejects at once with CANCELLED (DEADLINE_EXCEEDED for a signal of
   * `AbortSignal.timeout`), and the handler's own signal aborts.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The milliseconds until the call rejects with DEADLINE_EXCEEDED. The handler is told what is left of them.
   * `Infinity` means never. Default: the method's, else 30,000, and for streams none.
   */
  readonly deadline?: number | undefined;
  /** What goes to the handler besides the input. Default: nothing. */
  readonly metadata?: Metadata | undefined;
  /**
   * Whether the call waits, under its deadline, while no connection can be made, instead of failing with UNAVAILABLE and
   * the reason. Default: as `connect` was told, else false.
   */
  readonly waitForReady?: boolean | undefined;
  /**
   * The context of the handler that makes this call. The call is then nested in the one that is being served: it has at
   * most the deadline that is left of that, and is given up with it; and where no call can be made at once it fails with
   * RESOURCE_EXHAUSTED instead of waiting, because what it waited for might wait for it. Default: none; a client of
   * `context.peer` gives it by itself.
   */
  readonly parent?: Context | undefined;
  /**
   * Called with what the handler sends ahead of its answer: once, before the call settles or its first item can be read,
   * or never where it sends nothing. It has no say in the call: what it throws goes to `onError`.
   */
  readonly onHeader?: ((metadata: Metadata) => void) | undefined;
  /**
   * Called with what the handler's side sends along with the answer, with a stream's end, or with an error, whose
   * `metadata` is the same: once, before the call settles or its end can be read, or never where nothing comes. What it
   * throws goes to `onError`.
   */
  readonly onTrailer?: ((metadata: Metadata) => void) | undefined;
}

/** The deadline of a call that names none, in milliseconds. */
export const DEFAULT_DEADLINE = 30_000;
