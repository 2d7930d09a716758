import { type Failure, RpcError } from '@nearcall/core';

/** Why a call is not made by a client that was closed. */
export const CLOSED: Failure = {
  code: 'UNAVAILABLE',
  message: 'The client was closed.',
  execution: 'not-sent',
};

/** Why a connection is not used any more on which calls may still go on. */
export const LEAVING: RpcError = new RpcError('UNAVAILABLE', 'The server is ending the connection.', {
  execution: 'not-sent',
});

/** Why a connection is not used any more whose server ended it without a word, as it does when it is killed. */
export const ENDED: RpcError = new RpcError('UNAVAILABLE', 'The server ended the connection.', {
  execution: 'not-sent',
});

/** Why a call is not made that waited when its client was closed. */
export const GRACE_OVER: Failure = {
  code: 'UNAVAILABLE',
  message: 'The client was closed, and its grace is over.',
  execution: 'not-sent',
};

/** Why a call is not made where there is no connection to any address, for these reasons; some may have none. */
export function unreachable(reasons: readonly (RpcError | undefined)[]): Failure {
  const reason = reasons.find((each) => each !== undefined);
  if (reason === undefined) return CLOSED;
  const many = reasons.length === 1 ? '' : `None of ${reasons.length} addresses can be reached. The first: `;
  // What is turned away everywhere for who it is need not try again. All else may be there in a moment.
  const code = reasons.every((each) => each?.code === 'PERMISSION_DENIED') ? 'PERMISSION_DENIED' : 'UNAVAILABLE';
  return { code, message: `${many}${reason.message}`, execution: 'not-sent', cause: reason.cause };
}

/** A failure as the error that somebody gets who waits for more than a call. */
export function asError(failure: Failure): RpcError {
  return new RpcError(failure.code, failure.message, failure);
}
