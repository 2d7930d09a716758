import type { Reports } from '@nearcall/core';

/** Those who are told of each change. */
export class Watchers {
  readonly #all = new Set<() => void>();
  readonly #reports: Reports;

  /** `reports`: hears of what they throw, which is not to harm whoever changes. */
  constructor(reports: Reports) {
    this.#reports = reports;
  }

  /** Tells one more, until the result is called. The same function may be added twice. */
  add(watcher: () => unknown): () => void {
    const told = (): void => this.#reports.run(watcher, 'watch');
    this.#all.add(told);
    return () => this.#all.delete(told);
  }

  tell(): void {
    for (const told of [...this.#all]) if (this.#all.has(told)) told();
  }
}
