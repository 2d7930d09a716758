/** What a handler knows of the call that it serves. */
export interface Context {
  /** Aborts when nobody waits for the answer any more: the caller gave up or is gone, or the deadline has passed. */
  readonly signal: AbortSignal;
  /** The milliseconds that are left until the caller gives up; `Infinity` where it never does. */
  readonly deadline: number;
}
