/** What becomes of a call, for the tests of this room. No part of the package. */
import { RpcError } from '../error/rpc-error.ts';

/** The error of a call that is to fail. */
export async function failure(outcome: Promise<unknown>): Promise<RpcError> {
  const error: unknown = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RpcError)) throw new Error(`It did not fail as it should: ${String(error)}`);
  return error;
}

/** The items of a stream that is to end well. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
