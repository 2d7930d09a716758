import type { CallContext } from './call-context.ts';

/** The calls that are served under a deadline which somebody watches. */
export class WatchedContexts {
  /** Made for the first one: an empty set holds 152 bytes. */
  #contexts: Set<CallContext> | undefined = undefined;

  add(context: CallContext): void {
    this.#contexts ??= new Set();
    this.#contexts.add(context);
  }

  delete(context: CallContext): void {
    if (this.#contexts !== undefined && this.#contexts.size > 0) this.#contexts.delete(context);
  }

  clear(): void {
    this.#contexts?.clear();
  }

  /** Ends those whose time is up, and returns when the next one's is. */
  expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const context of this.#contexts ?? []) {
      if (context.expiresAt > now) next = Math.min(next, context.expiresAt);
      else {
        this.#contexts?.delete(context);
        context.expire();
      }
    }
    return next;
  }
}
