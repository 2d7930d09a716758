/** Whether a call ended as it may. Each check says what is broken, or nothing. */
import { isDeepStrictEqual } from 'node:util';
import { RpcError } from '../src/error/rpc-error.ts';
import type { CallRecord } from './call-record.ts';
import { missing } from './contract.ts';
import { inputFailure, LEFT, type Natural, natural, SECRET, type Served } from './natural.ts';

/** What else has happened that a call's outcome depends on. */
export interface Circumstances extends Served {
  readonly now: number;
  /** Whether anything befell the connection by now. */
  readonly disturbed: boolean;
  /** The milliseconds by which timers may fire late. */
  readonly late: number;
  /** The bytes of answers that may wait at the other end. */
  readonly queued: number;
  /** Whether it has few calls at once. */
  readonly narrow: boolean;
}

type Check = (record: CallRecord, circumstances: Circumstances) => string | undefined;

/** Every check of one call that has just settled. */
const CHECKS: { readonly [name: string]: Check } = {
  settlesOnce: ({ settlements }) => (settlements === 1 ? undefined : `it settled ${settlements} times`),
  settlesInTime,
  abortSettles,
  resultIsRight,
  errorIsRight,
  itemsComeBeforeTheError,
  nestedNeverWaits,
  secretsStayHome,
};

export function judge(record: CallRecord, circumstances: Circumstances): string | undefined {
  for (const [name, check] of Object.entries(CHECKS)) {
    const wrong = check(record, circumstances);
    if (wrong !== undefined) return `${name}: ${record.label}: ${wrong}`;
  }
  return undefined;
}

function settlesInTime(
  { expiresAt, madeAt, settledAt, down }: CallRecord,
  { late }: Circumstances,
): string | undefined {
  // Whoever reads slowly learns late: each question is judged by itself.
  if (down !== undefined) return undefined;
  // One more millisecond where a timer that fired early was set again.
  const last = Math.max(madeAt, expiresAt) + late + 1;
  return settledAt <= last ? undefined : `it settled ${settledAt - expiresAt} ms after its deadline`;
}

function abortSettles({ abortedStep, settledStep, down }: CallRecord): string | undefined {
  if (down !== undefined || settledStep <= abortedStep) return undefined;
  return 'it did not settle at once when its caller gave it up';
}

function resultIsRight(record: CallRecord, circumstances: Circumstances): string | undefined {
  const { plan, value } = record;
  if (!record.ok) return undefined;
  if (plan.down !== undefined && value === LEFT) {
    return plan.down.consumer.habit === 'leaves' ? undefined : 'its reader left, for no reason';
  }
  const expected = natural(record, circumstances);
  if (expected.kind !== 'value') return `it succeeded, with ${brief(value)}`;
  if (!isDeepStrictEqual(value, expected.value)) return `its result is ${brief(value)}, not ${brief(expected.value)}`;
  const silent = plan.method === 'ping' || record.isEvent;
  if (!silent && record.starts === 0) return 'it succeeded, and no handler was started';
  return undefined;
}

function errorIsRight(record: CallRecord, circumstances: Circumstances): string | undefined {
  const { error, plan, settledAt } = record;
  if (record.ok) return undefined;
  if (!(error instanceof RpcError)) return `it rejected with ${String(error)}, which is no RpcError`;
  const said = `${error.code} (${error.execution}): ${error.message.slice(0, 300)}`;
  const fullName = plan.flaw === 'missing' ? `elsewhere.${missing(plan.method)}` : `sim.${plan.method}`;
  if (error.method !== fullName) return `its error names the method ${error.method}: ${said}`;
  if (matches(error, natural(record, circumstances)) || matches(error, inputFailure(record))) return undefined;
  switch (error.code) {
    case 'CANCELLED':
      if (record.abortedAt <= settledAt) return undefined;
      break;
    case 'DEADLINE_EXCEEDED':
      if (record.expiresAt <= settledAt || record.parentExpired(settledAt)) return undefined;
      return `its deadline was ${record.expiresAt - settledAt} ms away: ${said}`;
    case 'UNAVAILABLE':
      if (circumstances.disturbed) return undefined;
      break;
    case 'RESOURCE_EXHAUSTED':
      if (mayExhaust(record, error, circumstances)) return undefined;
      break;
    case 'INTERNAL':
      // Whoever cannot be asked any more what it meant is served.
      if (plan.flaw === 'breaking' && circumstances.disturbed) return undefined;
      break;
    default:
  }
  return `nothing led to its error: ${said}`;
}

/** Whether as much went on as was allowed. */
function mayExhaust(record: CallRecord, error: RpcError, { queued, narrow }: Circumstances): boolean {
  const { parent, crowded, rejectable, starts, cameStep } = record;
  if (error.execution === 'not-sent') return parent !== undefined && crowded;
  // What carries no token is not seen when it comes.
  if (error.execution === 'rejected') return rejectable || (narrow && cameStep < 0);
  return starts > 0 && queued !== Number.POSITIVE_INFINITY;
}

function matches(error: RpcError, expected: Natural | undefined): boolean {
  if (expected?.kind !== 'error') return false;
  const { code, execution, message = '', name = 'RpcError', data } = expected;
  return (
    error.code === code &&
    error.execution === execution &&
    error.message.startsWith(message) &&
    error.name === name &&
    isDeepStrictEqual(error.data, data)
  );
}

/** What was made before the producer failed is read before that is told. */
function itemsComeBeforeTheError(record: CallRecord, circumstances: Circumstances): string | undefined {
  const { down, error, up } = record;
  if (record.ok || down === undefined || up?.ended === 'threw' || up?.ended === 'faulty') return undefined;
  if (!(error instanceof RpcError) || !record.streams || !matches(error, natural(record, circumstances)))
    return undefined;
  return down.read === down.made ? undefined : `${down.read} items were read, of ${down.made} before its error`;
}

/** What a nested call waits for might wait for it. */
function nestedNeverWaits({ parent, isEvent, error, madeAt, settledAt }: CallRecord): string | undefined {
  if (parent === undefined || isEvent || madeAt === settledAt) return undefined;
  if (!(error instanceof RpcError) || error.execution !== 'not-sent') return undefined;
  // Of a long one that is lost on its way it is said, too.
  if (error.code === 'UNAVAILABLE') return undefined;
  return `it waited ${settledAt - madeAt} ms to be sent`;
}

function secretsStayHome({ error }: CallRecord): string | undefined {
  if (!(error instanceof Error) || !`${error.message} ${error.stack}`.includes(SECRET)) return undefined;
  return `what its handler threw was told to its caller: ${error.message}`;
}

function brief(value: unknown): string {
  const text = value instanceof Uint8Array ? `${value.length} bytes ${Buffer.from(value).toString('latin1')}` : value;
  return typeof text === 'string' ? JSON.stringify(text.slice(0, 60)) : String(text);
}
