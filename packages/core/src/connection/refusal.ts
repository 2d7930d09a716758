import { escaped } from '../contract/description/words.ts';
import { KIND, KIND_NAMES, type Kind } from '../contract/kind.ts';
import type { Code } from '../error/code.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Malformed } from '../wire/inspect.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Budget } from './budget.ts';
import type { IncomingCall, MethodDeclaration } from './call.ts';
import type { DeclaredMethod } from './method-table.ts';

/** The error of a call that no handler has seen. */
export function rejected(code: Code, message: string): RpcError {
  return new RpcError(code, message, { execution: 'rejected' });
}

/** @throws ProtocolError where a REQUEST may not have this call id. */
export function checkId(id: number, parity: number, calls: number, taken: boolean): void {
  if ((id & 1) !== parity || id >>> 1 >= calls) {
    throw new ProtocolError(`REQUEST with the call id ${id}, where ${calls} calls are taken (limit "calls")`);
  }
  if (taken) throw new ProtocolError(`REQUEST with the call id ${id}, which is open`);
}

/** Why a call cannot be served, if so. It is nested in so many others, and may be in `most`. */
export function refusalOf(
  { declaration, target, broken }: DeclaredMethod<unknown>,
  nesting: number,
  most: number,
  draining: boolean,
): RpcError | undefined {
  const { service, name, kind } = declaration;
  if (draining) return rejected('UNAVAILABLE', 'The server is shutting down.');
  if (target === undefined) return broken ?? rejected('UNIMPLEMENTED', unserved(service, name, kind));
  if (kind === KIND.event) return rejected('UNIMPLEMENTED', `${service}.${name} is an event and answers no calls.`);
  if (nesting <= most) return undefined;
  return rejected('RESOURCE_EXHAUSTED', `Nested in ${nesting} calls, where ${most} are taken (limit "nesting").`);
}

/** Counts the call among those of all connections, or says why it cannot be. */
export function admit(call: IncomingCall, calls: Budget): RpcError | undefined {
  call.counted = calls.take(1);
  if (call.counted) return undefined;
  const why = `The server has ${calls.most} calls open on all its connections already (limit "calls").`;
  return rejected('RESOURCE_EXHAUSTED', why);
}

/** The bytes of a request are no value. */
export function unreadable({ message }: Malformed): RpcError {
  return rejected('INVALID_ARGUMENT', `The request cannot be read: its bytes hold ${message}.`);
}

/** Nothing more comes of an input stream that had not ended. */
export function brokenOff(): RpcError {
  return new RpcError('UNAVAILABLE', 'The connection ended before the input.');
}

/** The caller has given up what no handler has seen. */
export function gaveUpEarly(code: Code, whole: boolean): RpcError {
  return rejected(code, `The caller gave up before its ${whole ? 'handler ran' : 'request was whole'}.`);
}

/** A call was held for longer than it had. */
export function timeUp(): RpcError {
  return rejected('DEADLINE_EXCEEDED', 'The time of the call was up before the contracts of both sides were compared.');
}

/** A method's name as people may read it. */
export function namedForPeople({ service, name }: MethodDeclaration): string {
  return escaped(`${service}.${name}`);
}

function unserved(service: string, name: string, kind: Kind): string {
  return `The other side serves no method ${service}.${name} ${KIND_NAMES[kind]}. Are the contracts of both sides the same?`;
}
