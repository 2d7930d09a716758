/** Whether a handler is told the truth. Each check says what is broken, or nothing. */
import { RpcError } from '../src/error/rpc-error.ts';
import type { CallRecord } from './call-record.ts';

/** What a handler is told of its call's deadline: never less than is left, nor more than the caller gave. */
export function timeLeftIsTrue(record: CallRecord, told: number, now: number): string | undefined {
  const { label, deadline, expiresAt, isEvent } = record;
  // Events have none for their handlers.
  if (isEvent) return told === Number.POSITIVE_INFINITY ? undefined : `timeLeftIsTrue: ${label} has a deadline`;
  const left = Math.max(0, expiresAt - now);
  if (told >= left && told <= Math.ceil(deadline)) return undefined;
  return `timeLeftIsTrue: the handler of ${label} was told ${told} ms, where ${left} were left`;
}

/** A handler's signal has aborted, or its input has ended before its end. */
export function nobodyWaits(record: CallRecord, now: number, disturbed: boolean): string | undefined {
  const { up, abortedAt, expiresAt } = record;
  const failed = up !== undefined && up.ended !== undefined && up.ended !== 'done' && up.endedAt <= now;
  if (abortedAt <= now || expiresAt <= now || disturbed || failed) return undefined;
  return `signalsMean: the signal of ${record.label} aborted for nothing`;
}

/** A handler could not read its input to the end. */
export function inputErrorIsRight(record: CallRecord, error: unknown, now: number, disturbed: boolean) {
  const { up } = record;
  if (up === undefined) return undefined;
  const said = `the handler of ${record.label} read ${up.read} items and then ${error}`;
  if (!(error instanceof RpcError)) return `inputErrorIsRight: ${said}, which is no RpcError`;
  switch (error.code) {
    case 'INVALID_ARGUMENT':
      if (up.plan.producer.ending === 'wrong' && up.ended !== undefined && up.read === up.made) return undefined;
      break;
    case 'UNAVAILABLE':
      if (disturbed) return undefined;
      break;
    case 'CANCELLED':
    case 'DEADLINE_EXCEEDED':
      if (nobodyWaits(record, now, disturbed) === undefined) return undefined;
      break;
    default:
  }
  return `inputErrorIsRight: ${said}`;
}
