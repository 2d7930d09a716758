import type { RpcError } from '../error/rpc-error.ts';

/** Something that comes once, or never. Its promise is made for who asks: most connections are never asked. */
export class Milestone {
  #outcome: 'reached' | RpcError | undefined;
  #promise: Promise<void> | undefined = undefined;
  #settle: (() => void) | undefined = undefined;

  /** `outcome`: what has become of it already. */
  constructor(outcome?: 'reached' | RpcError) {
    this.#outcome = outcome;
  }

  /** Fulfils once it is reached; rejects with the reason where it never will be. */
  get promise(): Promise<void> {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => {
        this.#settle = () => (this.#outcome === 'reached' ? resolve() : reject(this.#outcome));
        if (this.#outcome !== undefined) this.#settle();
      });
      // Whoever does not wait for it is not to be told by an unhandled rejection.
      this.#promise.catch(() => {});
    }
    return this.#promise;
  }

  reach(): void {
    this.#end('reached');
  }

  /** It will never be reached. Nothing where it was. */
  fail(reason: RpcError): void {
    this.#end(reason);
  }

  #end(outcome: 'reached' | RpcError): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#settle?.();
  }
}
