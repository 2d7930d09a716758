import type { Failure } from '../error/rpc-error.ts';
import type { OutgoingCall } from './call.ts';
import { HALF } from './half.ts';

/** Why a call fails that was open when its connection ended, and whether its handler may have run. `why` is a sentence. */
export function lost(call: OutgoingCall, why: string, cause?: unknown): Failure {
  // A stream's handler starts before its input has ended.
  const whole = call.sending === HALF.CLOSED || call.outflow !== undefined;
  const came = call.inflow === undefined ? 'No answer came' : 'The stream broke off before its end';
  const fate = whole ? `${came}, and the handler may have run` : 'The request did not leave whole, so nothing ran';
  return { code: 'UNAVAILABLE', message: `${fate}: ${why}`, execution: whole ? 'unknown' : 'not-sent', cause };
}
