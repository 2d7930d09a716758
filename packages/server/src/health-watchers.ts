import type { Context } from '@nearcall/core';

/** Those who wait for a service's status to be another one. */
export class HealthWatchers {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** How many wait, for whatever service. */
  get size(): number {
    return [...this.#waiting.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Waits for the next change of a service, or until there is nobody to tell of it any more. */
  next(service: string, { signal, draining }: Context): Promise<void> {
    if (signal.aborted || draining.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(service) ?? new Set();
      this.#waiting.set(service, waiting);
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        draining.removeEventListener('abort', wake);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(service) === waiting) this.#waiting.delete(service);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
      draining.addEventListener('abort', wake);
    });
  }

  /** The service's status is another one. */
  wake(service: string): void {
    for (const wake of [...(this.#waiting.get(service) ?? [])]) wake();
  }
}
