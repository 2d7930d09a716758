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
    guarded(
      () => this.#listener(error, method),
      (thrown) => console.error('nearcall: onError threw', thrown, 'when told of', error),
    );
  }

  /** Calls a function of the user's, and tells of what it throws, or of why its promise rejects. */
  run(action: () => unknown, where: string): void {
    guarded(action, (thrown) => this.tell(thrown, where));
  }
}

function guarded(action: () => unknown, failed: (thrown: unknown) => void): void {
  try {
    Promise.resolve(action()).catch(failed);
  } catch (thrown) {
    failed(thrown);
  }
}

function print(error: unknown, method: string): void {
  console.error(`nearcall: ${method}:`, error);
}
