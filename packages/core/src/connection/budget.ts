/** So much of something, shared by all connections of a server: calls, or bytes that wait. */
export class Budget {
  readonly most: number;
  #used = 0;

  constructor(most: number) {
    this.most = most;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes some, if that is still there. What is more than all of it is given where nothing is taken. */
  take(amount: number): boolean {
    if (this.#used > 0 && this.#used + amount > this.most) return false;
    this.#used += amount;
    return true;
  }

  give(amount: number): void {
    this.#used -= amount;
  }
}

/** What all connections of a server share. */
export interface Budgets {
  /** Calls that are open. */
  readonly calls: Budget;
  /** Bytes of answers that are encoded and wait to leave. Answers that are one `Uint8Array` are not copied, nor counted. */
  readonly queued: Budget;
}

export const UNLIMITED: Budgets = {
  calls: new Budget(Number.POSITIVE_INFINITY),
  queued: new Budget(Number.POSITIVE_INFINITY),
};
