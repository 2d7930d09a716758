import type { Caller } from '../connection/caller.ts';
import type { Failure } from '../error/rpc-error.ts';
import { RpcError } from '../error/rpc-error.ts';
import { release } from './iterator-of.ts';
import type { Pending } from './pending.ts';
import { FaultyItem, Pump, type PumpOwner, type Thrown } from './pump.ts';

/** Sends the input stream of a call. Where it fails, the call fails with it. */
export function pumpInput(
  call: Pending,
  input: unknown,
  caller: Pick<Caller, 'cancel' | 'end'>,
  owner: PumpOwner,
): void {
  const { outflow } = call;
  if (outflow === undefined) return;
  if (call.settled || outflow.over) return release(input);
  const fail = (thrown: unknown): void => {
    if (call.settled) return;
    const { code, message } = describe(thrown);
    call.givenUp({ code, message: `The input of ${call.method.fullName}: ${message}`, cause: thrown });
    caller.cancel(call, 'CANCELLED');
  };
  const over = (thrown: Thrown | undefined): void => {
    if (thrown === undefined) caller.end(call);
    else fail(thrown.error);
    owner.schedule();
  };
  try {
    // The receiver checks an input, so that defaults and transforms apply once.
    call.pump = new Pump(input, outflow, undefined, owner, over, call.method.forms?.input);
  } catch (error) {
    over({ error });
  }
}

function describe(thrown: unknown): Pick<Failure, 'code' | 'message'> {
  if (thrown instanceof FaultyItem) {
    const code = thrown.cause instanceof RpcError ? thrown.cause.code : 'INVALID_ARGUMENT';
    return { code, message: thrown.message };
  }
  const { code, message } = RpcError.from(thrown);
  return { code, message: `it threw: ${message}` };
}
