import type { PendingCall } from './pending-call.ts';

interface Watched {
  readonly calls: Set<PendingCall>;
  readonly listener: () => void;
}

/**
 * The signals that pending calls can be given up by. One listener serves all calls of a signal: one each would make Node
 * warn of a leak as soon as eleven calls share a signal.
 */
export class AbortSignals {
  readonly #aborted: (call: PendingCall, reason: unknown) => void;
  readonly #watched = new Map<AbortSignal, Watched>();

  constructor(aborted: (call: PendingCall, reason: unknown) => void) {
    this.#aborted = aborted;
  }

  /** Gives the call up when the signal aborts. */
  add(signal: AbortSignal, call: PendingCall): void {
    const watched = this.#watched.get(signal) ?? this.#watch(signal);
    watched.calls.add(call);
    call.signal = signal;
  }

  /** The call has settled: its signal concerns it no more. */
  delete(call: PendingCall): void {
    const { signal } = call;
    if (signal === undefined) return;
    call.signal = undefined;
    const watched = this.#watched.get(signal);
    watched?.calls.delete(call);
    if (watched?.calls.size !== 0) return;
    signal.removeEventListener('abort', watched.listener);
    this.#watched.delete(signal);
  }

  #watch(signal: AbortSignal): Watched {
    const calls = new Set<PendingCall>();
    const listener = (): void => {
      for (const call of calls) this.#aborted(call, signal.reason);
    };
    const watched = { calls, listener };
    signal.addEventListener('abort', listener);
    this.#watched.set(signal, watched);
    return watched;
  }
}
