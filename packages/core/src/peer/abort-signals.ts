import { RpcError } from '../error/rpc-error.ts';
import type { Pending } from './pending.ts';

/** Who gives calls up. */
interface AbortOwner {
  aborted(call: Pending, reason: unknown): void;
}

interface Watched {
  readonly calls: Set<Pending>;
  readonly listener: () => void;
}

/** What an abort means to a call: a signal that aborts because time is up says so by its reason. */
export function codeOfAbort(reason: unknown): 'CANCELLED' | 'DEADLINE_EXCEEDED' {
  const late = reason instanceof RpcError ? reason.code === 'DEADLINE_EXCEEDED' : nameOf(reason) === 'TimeoutError';
  return late ? 'DEADLINE_EXCEEDED' : 'CANCELLED';
}

function nameOf(reason: unknown): unknown {
  return reason instanceof Error ? reason.name : undefined;
}

/**
 * The signals that pending calls can be given up by. One listener serves all calls of a signal: one each would make Node
 * warn of a leak as soon as eleven calls share a signal.
 */
export class AbortSignals {
  readonly #owner: AbortOwner;
  /** Made for the first one: an empty map holds 184 bytes. */
  #watched: Map<AbortSignal, Watched> | undefined = undefined;

  constructor(owner: AbortOwner) {
    this.#owner = owner;
  }

  /** Gives the call up when the signal aborts. */
  add(signal: AbortSignal, call: Pending): void {
    const watched = this.#watched?.get(signal) ?? this.#watch(signal);
    watched.calls.add(call);
    if (call.signals === undefined) call.signals = [signal];
    else call.signals.push(signal);
  }

  /** The call has settled: its signals concern it no more. */
  delete(call: Pending): void {
    const { signals } = call;
    if (signals === undefined) return;
    call.signals = undefined;
    for (const signal of signals) this.#unwatch(signal, call);
  }

  #unwatch(signal: AbortSignal, call: Pending): void {
    const watched = this.#watched?.get(signal);
    watched?.calls.delete(call);
    if (watched?.calls.size !== 0) return;
    signal.removeEventListener('abort', watched.listener);
    this.#watched?.delete(signal);
  }

  #watch(signal: AbortSignal): Watched {
    const calls = new Set<Pending>();
    const listener = (): void => {
      for (const call of calls) this.#owner.aborted(call, signal.reason);
    };
    const watched = { calls, listener };
    signal.addEventListener('abort', listener);
    this.#watched ??= new Map();
    this.#watched.set(signal, watched);
    return watched;
  }
}
