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

/** Why a call is not made where there is no connection, to so many addresses. */
export function unreachable(reason: RpcError | undefined, addresses: number): Failure {
  if (reason === undefined) return CLOSED;
  const many = addresses === 1 ? '' : `None of ${addresses} addresses can be reached. The first: `;
  return { code: 'UNAVAILABLE', message: `${many}${reason.message}`, execution: 'not-sent', cause: reason.cause };
}

/** A failure as the error that somebody gets who waits for more than a call. */
export function asError(failure: Failure): RpcError {
  return new RpcError(failure.code, failure.message, failure);
}
