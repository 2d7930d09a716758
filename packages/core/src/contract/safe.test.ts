import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { RpcError } from '../error/rpc-error.ts';
import { method } from './method.ts';
import { safe } from './safe.ts';
import { service } from './service.ts';

const texts = service('texts', {
  parse: method({ input: z.string(), output: z.string(), errors: { syntax: z.object({ line: z.number() }) } }),
});

describe('safe', () => {
  test('gives the value of a call that succeeds, whatever it is', async () => {
    for (const value of ['x', undefined, null, 0, false, { ok: false }]) {
      expect(await safe(Promise.resolve(value))).toEqual({ ok: true, value });
    }
  });

  test('gives the error of a call that fails, the very one, instead of throwing it', async () => {
    const declared = texts.methods.parse.error('syntax', { line: 3 });
    const plain = new RpcError('NOT_FOUND', 'None.');
    for (const error of [declared, plain]) {
      const settled = await safe(Promise.reject(error));
      expect(settled).toEqual({ ok: false, error });
      expect(settled.error).toBe(error);
    }
  });

  test.each([new Error('a mistake'), new TypeError('another'), undefined, 'text'])(
    'throws what is no outcome of a call: %s',
    async (thrown) => {
      await expect(safe(Promise.reject(thrown))).rejects.toBe(thrown);
    },
  );

  test('takes what is no promise at all, as await does', async () => {
    expect(await safe(7 as unknown as Promise<number>)).toEqual({ ok: true, value: 7 });
  });

  test('leaves no rejection unhandled, even where nobody awaits it in time', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const settled = safe(Promise.reject(new RpcError('NOT_FOUND', 'None.')));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    process.off('unhandledRejection', note);
    expect([(await settled).ok, unhandled]).toEqual([false, []]);
  });
});
