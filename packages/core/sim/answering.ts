import type { Invoke } from './breakage.ts';

/** Treats the answers of calls in another way; streams stay as they are. */
export function answering(how: (promise: PromiseLike<unknown>) => PromiseLike<unknown>): (invoke: Invoke) => Invoke {
  return (invoke) =>
    (...call) => {
      const result = invoke(...call);
      return result instanceof Promise ? how(result) : result;
    };
}
