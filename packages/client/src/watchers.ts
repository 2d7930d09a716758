import type { Reports } from '@nearcall/core';

/** Those who are told of each change. */
export class Watchers {
  /** Made for the first one: an empty set holds 152 bytes. */
  #all: Set<() => void> | undefined = undefined;
  readonly #reports: Reports;

  /** `reports`: hears of what they throw, which is not to harm whoever changes. */
  constructor(reports: Reports) {
    this.#reports = reports;
  }

  /** Tells one more, until the result is called. The same function may be added twice. */
  add(watcher: () => unknown): () => void {
    const told = (): void => this.#reports.run(watcher, 'watch');
    this.#all ??= new Set();
    this.#all.add(told);
    return () => this.#all?.delete(told);
  }

  tell(): void {
    const all = this.#all;
    if (all !== undefined) for (const told of [...all]) if (all.has(told)) told();
  }
}
