import type { Code } from '../error/code.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import type { Exits } from './exits.ts';
import type { Pending } from './pending.ts';

/** Why a call is not made on a connection that the other end is ending. */
export const LEAVING: Failure = {
  code: 'UNAVAILABLE',
  message: 'The other side is ending the connection, so no new calls are made on it. Connect again.',
  execution: 'not-sent',
};

/** Why a call is not made on a connection that this end is ending. */
export const CLOSED: Failure = {
  code: 'UNAVAILABLE',
  message: 'The connection was closed here.',
  execution: 'not-sent',
};

/** What a call waits for that is not sent though there is a connection. */
const FULL = 'As many calls are open as the other side takes (limit "calls").';

/** Why a nested call does not wait. */
export const CROWDED: Failure = {
  code: 'RESOURCE_EXHAUSTED',
  message: `${FULL} A call inside a handler does not wait for them, because one of them might wait for it.`,
  execution: 'not-sent',
};

/** What becomes of a call that was given up; of one that waits also what for, where that is known. */
export function gaveUp(call: Pending, exits: Exits, code: Code, why: string, cause: unknown): Failure {
  const sent = call.id >= 0;
  const fate = sent ? '; the handler may have run' : `, and it was not sent${call.mayHaveRun ? ' again' : ''}`;
  const reason = call.exit === undefined ? exits.reason : undefined;
  const crowded = call.exit === undefined && !call.isEvent && exits.crowded;
  const waitedFor = reason?.message ?? (crowded ? FULL : undefined);
  const message = `${call.method.fullName}: ${why}${fate}.${waitedFor === undefined ? '' : ` ${waitedFor}`}`;
  return { code, message, execution: sent ? 'unknown' : 'not-sent', cause: cause ?? reason };
}

/** What is to be said of an input that threw when it was read. */
export function thrownByInput(thrown: unknown): Pick<Failure, 'code' | 'message'> {
  return { code: 'INVALID_ARGUMENT', message: `it threw when it was read: ${RpcError.from(thrown).message}` };
}

/** Why a call that is nested so deep is not made. */
export function tooDeep(nesting: number): Failure {
  const message = `The call is nested in ${nesting} others, more than the other side takes (limit "nesting").`;
  return { code: 'RESOURCE_EXHAUSTED', message, execution: 'not-sent' };
}

/** Why a call whose input is to be a stream is not made. */
export function noStream(method: string): Failure {
  const message = `The input of ${method} is no stream: give an object that can be iterated.`;
  return { code: 'INVALID_ARGUMENT', message, execution: 'not-sent' };
}
