import { RpcError } from '../error/rpc-error.ts';

/** Hears of what went wrong on the serving side and is not told to the caller. */
export type ErrorListener = (error: unknown, method: string) => void;

/** What the other end of a connection can cause, told so often at most: a log is no place for it to fill. */
const MOST_CAUSED = 100;

/** Where such errors go. */
export class Reports {
  readonly #listener: ErrorListener;
  #caused = 0;

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

  /** Tells of what is the doing of the other end, which may do it again and again: only the first 100 times. */
  caused(error: unknown, method: string): void {
    if (this.#caused === MOST_CAUSED) return;
    this.#caused++;
    this.tell(error, method);
    if (this.#caused === MOST_CAUSED) this.tell(ENOUGH, method);
  }

  /** Calls a function of the user's, and tells of what it throws, or of why its promise rejects. */
  run(action: () => unknown, where: string): void {
    guarded(action, (thrown) => this.tell(thrown, where));
  }
}

const ENOUGH = new RpcError(
  'RESOURCE_EXHAUSTED',
  `The other side of this connection has caused ${MOST_CAUSED} errors by what it sends. No more of these are told.`,
);

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
