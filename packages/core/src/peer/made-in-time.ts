import { type CallOptions, DEFAULT_DEADLINE } from '../contract/call-options.ts';
import { KIND } from '../contract/kind.ts';
import type { NamedMethod } from '../contract/service.ts';
import { RpcError } from '../error/rpc-error.ts';
import { codeOfAbort } from './abort-signals.ts';
import { LONGEST } from './clock.ts';

/**
 * What `running` comes to; but a call that is not `made` when its time is up, or its signal aborts, will not be: an
 * interceptor may wait for something that never comes. Once it is made it keeps its time itself.
 */
export function madeInTime<T>(
  running: Promise<T>,
  { fullName, kind, deadline: usual }: NamedMethod,
  { signal, deadline = usual ?? (kind === KIND.unary ? DEFAULT_DEADLINE : LONGEST) }: CallOptions,
  made: () => boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (code: 'CANCELLED' | 'DEADLINE_EXCEEDED', why: string, cause?: unknown): void => {
      if (made()) return;
      const message = `${fullName}: ${why}, and it was not sent: its interceptors had not let it through.`;
      reject(new RpcError(code, message, { execution: 'not-sent', method: fullName, cause }));
    };
    const late = (): void => giveUp('DEADLINE_EXCEEDED', `no answer within ${deadline} ms`);
    const timer = deadline < LONGEST ? setTimeout(late, deadline) : undefined;
    // A signal of its own: one that many calls share would warn of too many listeners.
    const own = signal === undefined ? undefined : AbortSignal.any([signal]);
    const aborted = (): void => giveUp(codeOfAbort(own?.reason), 'given up by its signal', own?.reason);
    own?.addEventListener('abort', aborted);
    if (own?.aborted === true) aborted();
    running.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      own?.removeEventListener('abort', aborted);
    });
  });
}
