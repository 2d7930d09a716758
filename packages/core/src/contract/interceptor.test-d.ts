// Checked by the compiler, and never run: what compiles is the test, and so is what must not.
import { expectTypeOf } from 'vitest';
import type { CallOptions } from './call-options.ts';
import type { Interceptor } from './interceptor.ts';

export const interceptors: readonly Interceptor[] = [
  (_, next) => next(),
  async (call, next) => {
    expectTypeOf(call.method).toEqualTypeOf<string>();
    expectTypeOf(call.kind).toEqualTypeOf<'unary' | 'serverStream' | 'clientStream' | 'duplex' | 'event'>();
    expectTypeOf(call.input).toEqualTypeOf<unknown>();
    expectTypeOf(call.options).toEqualTypeOf<CallOptions>();
    const result = await next({ deadline: 5, metadata: { ...call.options.metadata, token: 'x' } });
    expectTypeOf(result.output).toEqualTypeOf<unknown>();
    return result;
  },
  // @ts-expect-error Nothing is returned.
  async (_, next) => {
    await next();
  },
  // @ts-expect-error It never goes on.
  async () => {},
  // @ts-expect-error What stands for a call that is over is not to be made.
  async () => ({ output: 5 }),
  // @ts-expect-error Something else is returned.
  async (_, next) => (await next()).output,
  // @ts-expect-error An option that is none.
  (_, next) => next({ timeout: 5 }),
  (call, next) => {
    // @ts-expect-error A call is not to be changed but through next.
    call.options = {};
    return next();
  },
];
