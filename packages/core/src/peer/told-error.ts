import type { NamedMethod } from '../contract/service.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { HandlerFault } from './handler-fault.ts';
import { LayerFault } from './layers.ts';

/** What becomes of what was thrown while a call was served. */
export interface Told {
  /** What its caller is told. */
  readonly error: RpcError;
  /** What is told at this end because the caller is not. */
  readonly here?: unknown;
  /** Whether that matters also where the caller has given up. */
  readonly always?: boolean;
}

/** Turns what a handler or a middleware threw into what its caller may see. */
export function toldOf(thrown: unknown, method: NamedMethod): Told {
  const { fullName } = method;
  if (thrown instanceof HandlerFault) return { error: thrown.told, here: thrown, always: true };
  if (!(thrown instanceof RpcError)) {
    const error = new RpcError('INTERNAL', `${fullName} failed; the server's log says why.`);
    // Of these this end has been told when they came about.
    if (thrown instanceof LayerFault) return { error };
    // Whoever gave up will not read this, and a handler that stops on its signal has done nothing wrong.
    return { error, here: thrown };
  }
  const { code, message, metadata } = thrown;
  if (thrown.method !== undefined && thrown.method !== fullName) {
    // An error of another call, or of another method's contract: its words were not meant for this caller.
    const why = `${fullName} failed, because ${thrown.method} did (${code}); the server's log says why.`;
    return { error: new RpcError(code, why, { metadata }), here: thrown };
  }
  // The handler ran, whatever became of a call that it made itself.
  const failure: Failure = { code, message, metadata, execution: 'unknown' };
  const declared = thrown.method === undefined ? undefined : method.errors.get(thrown.name);
  if (declared === undefined) return { error: new RpcError(code, message, failure) };
  try {
    const data = declared.encode(thrown.data);
    return { error: new RpcError(code, message, { ...failure, name: thrown.name, data }) };
  } catch (error) {
    const what = `threw its error "${thrown.name}" with data that does not match its contract`;
    return toldOf(new HandlerFault(fullName, what, error), method);
  }
}
