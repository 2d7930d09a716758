import { isDeepStrictEqual } from 'node:util';
import { RpcError } from '../../src/error/rpc-error.ts';
import type { ChannelWorld } from './channel-world.ts';
import type { WorkRecord } from './work-record.ts';

/** A call that was lost so often is not made again. */
const MOST_ATTEMPTS = 5;

/** Says what is wrong with the way in which a call has just settled, if anything is. */
export function judgeWork(record: WorkRecord, world: ChannelWorld): string | undefined {
  const { now } = world.stage.agenda;
  const { clock } = world.plan;
  const { label, settlements, expiresAt, error } = record;
  if (settlements > 1) return `settlesOnce: ${label} has settled ${settlements} times`;
  // What is given up settles at once.
  const last = Math.min(expiresAt + clock.late + 1, record.abortedAt);
  if (now > last) return `settlesInTime: ${label} settled ${now - last} ms too late`;
  const items = record.items.findIndex((item, i) => item !== `${i}${record.input}`);
  if (items >= 0) return `itemsAreRight: item ${items} of ${label} is another one`;
  if (record.ok) return judgeResult(record);
  if (!(error instanceof RpcError)) return `errorIsRight: ${label} failed with ${error}`;
  if (error.execution !== 'unknown' && record.starts > 0) return lie(record);
  if (now < record.abortedAt || error.code !== 'CANCELLED') {
    if (error.code === 'CANCELLED') return `errorIsRight: ${label} is CANCELLED, and nobody gave it up`;
    if (error.code === 'DEADLINE_EXCEEDED') {
      return now >= expiresAt - 2
        ? undefined
        : `errorIsRight: ${label} came to its deadline ${expiresAt - now} ms early`;
    }
    if (error.code !== 'UNAVAILABLE') return `errorIsRight: ${label} failed with ${error.code}: ${error.message}`;
    return judgeLoss(record, error, world);
  }
  return undefined;
}

/** A call that has not run may have been said to be so; and one that has run may not. */
export function lie({ label, error, starts }: WorkRecord): string {
  const { execution, message } = error as RpcError;
  return `executionIsTrue: ${label} was said to be ${execution}, and its handler ran ${starts} times: ${message}`;
}

function judgeResult(record: WorkRecord): string | undefined {
  const { label, value, answer, plan, starts, isEvent } = record;
  const counted = plan.items > 0 || !record.sends;
  if (!isEvent && counted && starts === 0) return `resultIsRight: ${label} succeeded, and nobody ran it`;
  if (plan.fails && counted && !isEvent && !record.left) return `resultIsRight: ${label} succeeded, and was to fail`;
  return isDeepStrictEqual(value, answer) ? undefined : `resultIsRight: ${label} gave ${value}`;
}

/** Whether a call may have failed with UNAVAILABLE. */
function judgeLoss(record: WorkRecord, { execution, message }: RpcError, world: ChannelWorld): string | undefined {
  const { channel, plan, network, stage } = world;
  const { label, idempotent, sends, items } = record;
  if (message === 'as its plan says') return record.plan.fails ? undefined : `errorIsRight: ${label} was not to fail`;
  if (world.closesAt <= stage.agenda.now || network.shocks >= MOST_ATTEMPTS) return undefined;
  const waits = record.plan.waits ?? plan.waitForReady;
  const failing = channel.connectivity === 'TRANSIENT_FAILURE';
  if (execution === 'unknown' && plan.gentle) return `drainingIsGentle: ${label} was lost: ${message}`;
  // Of what has begun to be given, or to be drawn, nothing is done twice.
  if (sends || items.length > 0) return undefined;
  if (!waits && failing) return undefined;
  if (execution !== 'unknown') return `callsWait: ${label} was not made again: ${execution}, ${message}`;
  return idempotent ? `idempotentCallsAreRepeated: ${label} was lost: ${message}` : undefined;
}
