/**
 * The requests that one side got, in the order in which they came whole. Handlers start in that order; where contracts
 * differ, in that of each method.
 */
export class Arrivals {
  readonly #tokens: (number | undefined)[] = [];
  /** All before this place have had their turn. */
  #next = 0;

  /** A request has come whole; with its token, where it carries one. */
  came(token: number | undefined): void {
    this.#tokens.push(token);
  }

  /** The request's handler starts. Returns whether it may: its request has come, and no later one was started. */
  starts(token: number): boolean {
    const place = this.#tokens.indexOf(token, this.#next);
    if (place < 0) return false;
    this.#next = place + 1;
    return true;
  }
}
