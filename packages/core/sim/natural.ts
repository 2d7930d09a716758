import type { Code } from '../src/error/code.ts';
import { type Execution, RpcError } from '../src/error/rpc-error.ts';
import type { CallPlan } from './call-plan.ts';
import type { CallRecord } from './call-record.ts';
import { tokenText } from './token.ts';
import type { TrackPlan } from './track-plan.ts';

/** How a call ends where nothing interrupts it. */
export type Natural =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'never' }
  | {
      readonly kind: 'error';
      readonly code: Code;
      readonly execution: Execution;
      /** What its message begins with. */
      readonly message?: string;
      readonly name?: string;
      readonly data?: unknown;
    };

/** What the other end allows and serves. */
export interface Served {
  readonly served: boolean;
  /** Its limit `nesting`. */
  readonly nesting: number;
}

/** What a handler says in its plain errors, and nobody at the other end may ever read. */
export const SECRET = 'secret';

/** How a stream's reader ended that came to its end, and one that left. */
export const DONE = 'done';
export const LEFT = 'left';

/** What a handler says in an RpcError, for its caller to read. */
export function saying(token: number): string {
  return `said by ${tokenText(token)}`;
}

/** The data of a declared error. */
export function declaredData(token: number, method: string): Record<string, unknown> {
  return method === 'note' ? { left: token } : { line: token, near: `near ${tokenText(token)}` };
}

function failure(code: Code, execution: Execution, message = ''): Natural {
  return { kind: 'error', code, execution, message };
}

/** What becomes of a call on its own. */
export function natural(record: CallRecord, { served, nesting }: Served): Natural {
  const { plan } = record;
  if (plan.flaw === 'deadline' || plan.flaw === 'no stream') return failure('INVALID_ARGUMENT', 'not-sent');
  if (record.nesting > nesting && !record.isEvent) return failure('RESOURCE_EXHAUSTED', 'not-sent');
  switch (plan.flaw) {
    case 'unencodable':
      return failure('INVALID_ARGUMENT', 'not-sent');
    case 'over':
    case 'deep':
      return failure('RESOURCE_EXHAUSTED', 'not-sent');
    default:
  }
  // Whoever sends an event learns nothing of what became of it.
  if (record.isEvent) return { kind: 'value', value: undefined };
  if (plan.flaw === 'missing' || !served) return failure('UNIMPLEMENTED', 'rejected');
  if (plan.flaw === 'breaking') return failure('FAILED_PRECONDITION', 'rejected');
  if (plan.flaw === 'invalid') return failure('INVALID_ARGUMENT', 'rejected');
  if (record.rethrown instanceof RpcError) return failure(record.rethrown.code, 'unknown', record.rethrown.message);
  if (plan.down !== undefined && plan.result === 'right') return endOf(plan.down, plan);
  return resultOf(plan);
}

function resultOf(plan: CallPlan): Natural {
  const { token, method, answer } = plan;
  switch (plan.result) {
    case 'right':
      return { kind: 'value', value: answer };
    case 'wait':
      return { kind: 'never' };
    case 'rpc':
    case 'rpc-long':
      return failure('FAILED_PRECONDITION', 'unknown', saying(token));
    case 'declared':
      return declaredError(plan);
    case 'over': {
      // What is too much may be bytes, which are no text to begin with.
      const fits = (method !== 'uppercase' && method !== 'gather') || typeof answer === 'string';
      return failure(fits ? 'RESOURCE_EXHAUSTED' : 'INTERNAL', 'unknown');
    }
    default:
      return failure('INTERNAL', 'unknown');
  }
}

/** How a stream ends that its handler gives. */
function endOf({ producer }: TrackPlan, plan: CallPlan): Natural {
  switch (producer.ending) {
    case 'done':
      return { kind: 'value', value: DONE };
    case 'hangs':
    case 'endless':
      return { kind: 'never' };
    case 'rpc':
      return failure('FAILED_PRECONDITION', 'unknown', saying(plan.token));
    case 'declared':
      return declaredError(plan);
    case 'over':
      return failure('RESOURCE_EXHAUSTED', 'unknown');
    default:
      return failure('INTERNAL', 'unknown');
  }
}

function declaredError({ token, method }: CallPlan): Natural {
  const name = method === 'note' ? 'full' : 'syntax';
  return { kind: 'error', code: 'UNKNOWN', execution: 'unknown', name, data: declaredData(token, method) };
}

/** How a call fails whose input has failed, if it has. */
export function inputFailure({ up }: CallRecord): Natural | undefined {
  if (up === undefined || (up.ended !== 'threw' && up.ended !== 'faulty')) return undefined;
  switch (up.plan.producer.ending) {
    case 'plain':
      return failure('UNKNOWN', 'unknown', 'The input of');
    case 'rpc':
      return failure('FAILED_PRECONDITION', 'unknown', 'The input of');
    case 'unencodable':
      return failure('INVALID_ARGUMENT', 'unknown', 'The input of');
    case 'over':
      return failure('RESOURCE_EXHAUSTED', 'unknown', 'The input of');
    default:
      return undefined;
  }
}
