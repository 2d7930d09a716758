import type { CallContext } from './call-context.ts';

/** The calls that are served under a deadline which somebody watches. */
export class WatchedContexts {
  readonly #contexts = new Set<CallContext>();

  add(context: CallContext): void {
    this.#contexts.add(context);
  }

  delete(context: CallContext): void {
    if (this.#contexts.size > 0) this.#contexts.delete(context);
  }

  clear(): void {
    this.#contexts.clear();
  }

  /** Ends those whose time is up, and returns when the next one's is. */
  expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const context of this.#contexts) {
      if (context.expiresAt > now) next = Math.min(next, context.expiresAt);
      else {
        this.#contexts.delete(context);
        context.expire();
      }
    }
    return next;
  }
}
