import { Invalid } from '../contract/schema.ts';
import type { Code } from '../error/code.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FaultyItem } from './pump.ts';

/** What a handler did against its contract or a limit: told in full at this end, and to the caller only what happened. */
export class HandlerFault extends Error {
  /** Private, so that who logs this error does not read it twice, with two stacks. */
  readonly #told: RpcError;

  /** `what`: what the method did, for a sentence that begins with its name. */
  constructor(method: string, what: string, cause: unknown, code: Code = 'INTERNAL') {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${method} ${what}: ${why}`, { cause });
    this.#told = new RpcError(code, code === 'INTERNAL' ? `${method} ${what}.` : this.message);
  }

  /** What the caller is told. */
  get told(): RpcError {
    return this.#told;
  }
}

/** An answer whose type is not that of the contract. */
export function wrongAnswer(method: string, error: unknown): HandlerFault {
  return new HandlerFault(method, 'gave an answer that does not match its contract', error);
}

/** An answer that cannot be sent. */
export function unsendable(method: string, error: unknown): HandlerFault {
  return isTooMuch(error)
    ? new HandlerFault(method, 'gave an answer that is over a limit', error, 'RESOURCE_EXHAUSTED')
    : new HandlerFault(method, 'gave an answer that cannot be encoded', error);
}

/** What ended the stream of a handler: what it threw, or an item that could not go. */
export function streamFailure(method: string, thrown: unknown): unknown {
  if (!(thrown instanceof FaultyItem)) return thrown;
  const { cause } = thrown;
  if (isTooMuch(cause))
    return new HandlerFault(method, 'gave an item that is over a limit', thrown, 'RESOURCE_EXHAUSTED');
  const how = cause instanceof Invalid ? 'does not match its contract' : 'cannot be encoded';
  return new HandlerFault(method, `gave an item that ${how}`, thrown);
}

/** Whether something was over a limit. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof RpcError && error.code === 'RESOURCE_EXHAUSTED';
}
