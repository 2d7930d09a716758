/** Hears of what went wrong on the serving side and is not told to the caller. */
export type ErrorListener = (error: unknown, method: string) => void;

/** Where such errors go. */
export class Reports {
  readonly #listener: ErrorListener;

  /** `listener`: prints them to standard error where it is left out. */
  constructor(listener: ErrorListener = print) {
    this.#listener = listener;
  }

  /** The listener is the user's: what it throws must not cost a call its answer. */
  tell(error: unknown, method: string): void {
    try {
      this.#listener(error, method);
    } catch (thrown) {
      console.error('nearcall: onError threw', thrown, 'when told of', error);
    }
  }
}

function print(error: unknown, method: string): void {
  console.error(`nearcall: ${method}:`, error);
}
