/** Whether a call ended as it may. Each check says what is broken, or nothing. */
import { isDeepStrictEqual } from 'node:util';
import { RpcError } from '../src/error/rpc-error.ts';
import type { CallRecord } from './call-record.ts';
import { type Natural, natural, SECRET } from './natural.ts';

/** What else has happened that a call's outcome depends on. */
export interface Circumstances {
  readonly now: number;
  /** Whether anything befell the connection by now. */
  readonly disturbed: boolean;
  /** Whether the other end serves the contract. */
  readonly served: boolean;
  /** The milliseconds by which timers may fire late. */
  readonly late: number;
}

type Check = (record: CallRecord, circumstances: Circumstances) => string | undefined;

/** Every check of one call that has just settled. */
const CHECKS: { readonly [name: string]: Check } = {
  settlesOnce: ({ settlements }) => (settlements === 1 ? undefined : `it settled ${settlements} times`),
  settlesInTime,
  abortSettles,
  resultIsRight,
  errorIsRight,
  secretsStayHome,
};

export function judge(record: CallRecord, circumstances: Circumstances): string | undefined {
  for (const [name, check] of Object.entries(CHECKS)) {
    const wrong = check(record, circumstances);
    if (wrong !== undefined) return `${name}: ${record.label}: ${wrong}`;
  }
  return undefined;
}

function settlesInTime({ expiresAt, madeAt, settledAt }: CallRecord, { late }: Circumstances): string | undefined {
  // One more millisecond where a timer that fired early was set again.
  const last = Math.max(madeAt, expiresAt) + late + 1;
  return settledAt <= last ? undefined : `it settled ${settledAt - expiresAt} ms after its deadline`;
}

function abortSettles({ abortedStep, settledStep }: CallRecord): string | undefined {
  return settledStep <= abortedStep ? undefined : 'it did not settle at once when its caller gave it up';
}

function resultIsRight(record: CallRecord, { served }: Circumstances): string | undefined {
  if (!record.ok) return undefined;
  const expected = natural(record.plan, served);
  if (expected.kind !== 'value') return `it succeeded, with ${brief(record.value)}`;
  if (!isDeepStrictEqual(record.value, expected.value)) {
    return `its result is ${brief(record.value)}, not ${brief(expected.value)}`;
  }
  if (record.plan.method !== 'ping' && record.starts === 0) return 'it succeeded, and no handler was started';
  return undefined;
}

function errorIsRight(record: CallRecord, circumstances: Circumstances): string | undefined {
  const { error, plan, settledAt } = record;
  if (record.ok) return undefined;
  if (!(error instanceof RpcError)) return `it rejected with ${String(error)}, which is no RpcError`;
  const said = `${error.code} (${error.execution}): ${error.message.slice(0, 300)}`;
  const fullName = plan.flaw === 'missing' ? 'elsewhere.uppercase' : `sim.${plan.method}`;
  if (error.method !== fullName) return `its error names the method ${error.method}: ${said}`;
  if (matches(error, natural(plan, circumstances.served))) return undefined;
  switch (error.code) {
    case 'CANCELLED':
      if (record.abortedAt <= settledAt) return undefined;
      break;
    case 'DEADLINE_EXCEEDED':
      if (record.expiresAt <= settledAt) return undefined;
      return `its deadline was ${record.expiresAt - settledAt} ms away: ${said}`;
    case 'UNAVAILABLE':
      if (circumstances.disturbed) return undefined;
      break;
    default:
  }
  return `nothing led to its error: ${said}`;
}

function matches(error: RpcError, expected: Natural): boolean {
  if (expected.kind !== 'error') return false;
  const { code, execution, message = '', name = 'RpcError', data } = expected;
  return (
    error.code === code &&
    error.execution === execution &&
    error.message.startsWith(message) &&
    error.name === name &&
    isDeepStrictEqual(error.data, data)
  );
}

function secretsStayHome({ error }: CallRecord): string | undefined {
  if (!(error instanceof Error) || !`${error.message} ${error.stack}`.includes(SECRET)) return undefined;
  return `what its handler threw was told to its caller: ${error.message}`;
}

/** What a handler is told of its call's deadline: never less than is left, nor more than the caller gave. */
export function timeLeftIsTrue(
  { label, deadline, expiresAt }: CallRecord,
  told: number,
  now: number,
): string | undefined {
  const left = Math.max(0, expiresAt - now);
  if (told >= left && told <= Math.ceil(deadline)) return undefined;
  return `timeLeftIsTrue: the handler of ${label} was told ${told} ms, where ${left} were left`;
}

function brief(value: unknown): string {
  const text = value instanceof Uint8Array ? `${value.length} bytes ${Buffer.from(value).toString('latin1')}` : value;
  return typeof text === 'string' ? JSON.stringify(text.slice(0, 60)) : String(text);
}
