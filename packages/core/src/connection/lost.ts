import type { Failure } from '../error/rpc-error.ts';
import type { OutgoingCall } from './call.ts';
import { HALF } from './half.ts';

/** Why a call fails that was open when its connection ended, and whether its handler may have run. */
export function lost(call: OutgoingCall, why: string, cause?: unknown): Failure {
  const whole = call.sending === HALF.CLOSED;
  const fate = whole
    ? 'before the answer came; the handler may have run'
    : 'before the request was sent whole; the handler has not run';
  return { code: 'UNAVAILABLE', message: `${why} ${fate}.`, execution: whole ? 'unknown' : 'not-sent', cause };
}
