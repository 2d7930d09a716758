/** What a caller can say about one call, besides its input. */
export interface CallOptions {
  /**
   * Gives the call up when it aborts: the call rejects at once with CANCELLED (DEADLINE_EXCEEDED for a signal of
   * `AbortSignal.timeout`), and the handler's own signal aborts.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The milliseconds until the call rejects with DEADLINE_EXCEEDED. The handler is told what is left of them.
   * `Infinity` means never. Default: the method's, else 30,000.
   */
  readonly deadline?: number | undefined;
}

/** The deadline of a call that names none, in milliseconds. */
export const DEFAULT_DEADLINE = 30_000;
