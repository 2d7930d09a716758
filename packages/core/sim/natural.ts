import type { Code } from '../src/error/code.ts';
import type { Execution } from '../src/error/rpc-error.ts';
import type { CallPlan } from './plan.ts';
import { tokenText } from './token.ts';

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

/** What a handler says in its plain errors, and nobody at the other end may ever read. */
export const SECRET = 'secret';

/** What a handler says in an RpcError, for its caller to read. */
export function saying(token: number): string {
  return `said by ${tokenText(token)}`;
}

/** The data of a declared error. */
export function declaredData(token: number, method: string): Record<string, unknown> {
  return method === 'note' ? { left: token } : { line: token, near: `near ${tokenText(token)}` };
}

/** What becomes of a call on its own. `served`: whether the other end serves the contract. */
export function natural(plan: CallPlan, served: boolean): Natural {
  switch (plan.flaw) {
    case 'unencodable':
    case 'deadline':
      return { kind: 'error', code: 'INVALID_ARGUMENT', execution: 'not-sent' };
    case 'over':
    case 'deep':
      return { kind: 'error', code: 'RESOURCE_EXHAUSTED', execution: 'not-sent' };
    case 'missing':
      return { kind: 'error', code: 'UNIMPLEMENTED', execution: 'rejected' };
    default:
  }
  if (!served) return { kind: 'error', code: 'UNIMPLEMENTED', execution: 'rejected' };
  if (plan.flaw === 'invalid') return { kind: 'error', code: 'INVALID_ARGUMENT', execution: 'rejected' };
  switch (plan.result) {
    case 'right':
      return { kind: 'value', value: plan.answer };
    case 'wait':
      return { kind: 'never' };
    case 'rpc':
    case 'rpc-long':
      return { kind: 'error', code: 'FAILED_PRECONDITION', execution: 'unknown', message: saying(plan.token) };
    case 'declared': {
      const name = plan.method === 'note' ? 'full' : 'syntax';
      const data = declaredData(plan.token, plan.method);
      return { kind: 'error', code: 'UNKNOWN', execution: 'unknown', name, data };
    }
    case 'over': {
      // What is too much may be bytes, which are no text to begin with.
      const fits = plan.method !== 'uppercase' || typeof plan.answer === 'string';
      return { kind: 'error', code: fits ? 'RESOURCE_EXHAUSTED' : 'INTERNAL', execution: 'unknown' };
    }
    default:
      return { kind: 'error', code: 'INTERNAL', execution: 'unknown' };
  }
}
