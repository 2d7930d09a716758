import { RpcError } from '../error/rpc-error.ts';
import type { DeclaredError, Throws } from './method-type.ts';

/** An error that the contract does not declare: what failed is told by its `code`. */
export type PlainError = RpcError & { readonly name: 'RpcError'; readonly data: undefined };

/** How a call ended: with its value, or with an error whose `name` tells which. */
export type Settled<T, Errors> =
  | { readonly ok: true; readonly value: T; readonly error?: undefined }
  | { readonly ok: false; readonly value?: undefined; readonly error: PlainError | DeclaredError<Errors> };

/**
 * Awaits a call, and gives its error instead of throwing it, typed by what the method declares.
 *
 * @throws what is no {@link RpcError}: that is no outcome of a call but a mistake in the program.
 * @example
 * ```ts
 * const tree = await safe(client.parse('('));
 * if (tree.ok) console.log(tree.value);
 * else if (tree.error.name === 'syntax') console.log(tree.error.data.line);
 * else console.log(tree.error.code);
 * ```
 */
export async function safe<T, Errors = Record<never, never>>(
  call: Promise<T> & Throws<Errors>,
): Promise<Settled<T, Errors>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { ok: false, error: error as PlainError | DeclaredError<Errors> };
  }
}
