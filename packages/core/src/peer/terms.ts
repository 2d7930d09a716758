import type { CallOptions } from '../contract/call-options.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { encodeMetadata } from '../wire/metadata.ts';
import type { AbortSignals } from './abort-signals.ts';
import { GrownContext } from './grown-context.ts';
import type { Pending } from './pending.ts';

/** Who gives a call up before it is made. */
export interface Giving {
  aborted(call: Pending, reason: unknown): void;
  late(call: Pending): void;
}

/** Takes over what a caller says about one call. Returns false where that has settled it. */
export function admit(
  call: Pending,
  options: CallOptions,
  remote: Limits,
  giving: Giving,
  signals: AbortSignals,
): boolean {
  const wrong = faultOf(call.deadline, options);
  if (wrong !== undefined) {
    const message = `A call to ${call.method.fullName}: ${wrong}.`;
    call.failed({ code: 'INVALID_ARGUMENT', message, execution: 'not-sent' });
    return false;
  }
  const { signal, parent, metadata, waitForReady, onHeader, onTrailer } = options;
  call.waits = waitForReady;
  if (onHeader !== undefined || onTrailer !== undefined) call.hear(options);
  if (metadata !== undefined && !addMetadata(call, metadata, remote)) return false;
  const all = signal === undefined ? [] : [signal];
  const served = GrownContext.callOf(parent);
  if (served !== undefined) {
    call.parent = served;
    call.nesting = served.nesting + 1;
    call.deadline = Math.min(call.deadline, Math.ceil(served.deadline));
    all.push(served.signal);
  }
  for (const each of all) if (each.aborted) giving.aborted(call, each.reason);
  if (!call.settled && call.deadline <= 0) giving.late(call);
  if (call.settled) return false;
  for (const each of all) signals.add(each, call);
  return true;
}

/** Encodes the call's metadata. Returns false where that failed the call. */
function addMetadata(call: Pending, metadata: Metadata, remote: Limits): boolean {
  try {
    call.metadata = encodeMetadata(metadata, remote);
    return true;
  } catch (error) {
    const { code, message } = RpcError.from(error);
    call.failed({
      code,
      message: `A call to ${call.method.fullName}: ${message}`,
      execution: 'not-sent',
      cause: error,
    });
    return false;
  }
}

function faultOf(deadline: unknown, options: CallOptions): string | undefined {
  if (typeof options !== 'object' || options === null) return 'its options are no object';
  const { signal, parent, onHeader, onTrailer } = options;
  if (typeof deadline !== 'number' || Number.isNaN(deadline)) {
    return `its deadline is ${deadline}; it must be a number of milliseconds`;
  }
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') return 'its signal is not an AbortSignal';
  if (parent !== undefined && GrownContext.callOf(parent) === undefined) {
    return 'its parent is not the context of a handler';
  }
  if (!isListener(onHeader)) return 'its onHeader is not a function';
  if (!isListener(onTrailer)) return 'its onTrailer is not a function';
  return undefined;
}

function isListener(listener: unknown): boolean {
  return listener === undefined || typeof listener === 'function';
}
