import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { RpcError } from '../error/rpc-error.ts';
import { failure } from './test-outcome.ts';
import { type World, worldOf } from './test-world.ts';

const files = service('files', {
  read: method({ input: z.any(), output: z.any() }),
  erase: method({ input: z.any(), output: z.any() }),
});

interface FilesWorld extends World<typeof files.methods> {
  /** What the handler of `read` was called with. */
  readonly read: unknown[];
}

/** Both ends of a connection that is open. At the end nothing may go on that would hold up its close. */
async function world(): Promise<FilesWorld> {
  const read: unknown[] = [];
  const handlers: Handlers<typeof files.methods> = {
    read: (input) => {
      read.push(input);
      return input === 'long' ? 'x'.repeat(2000) : ['read', input];
    },
    erase: (input) => ['erase', input],
  };
  const both = worldOf(files, handlers, { near: { message: 1024 } });
  await both.near.ready;
  return {
    ...both,
    read,
    async [Symbol.asyncDispose]() {
      await Promise.all([both.near.close(), both.far.close()]);
    },
  };
}

describe('an input whose getter', () => {
  test('makes a call of its own goes to the method that was called', async () => {
    await using here = await world();
    await here.client.read(1);
    await here.client.erase(1);
    let inner: Promise<unknown> = Promise.resolve();
    const input = {
      id: 7,
      get log(): number[] {
        inner = here.client.erase('log', { deadline: Number.POSITIVE_INFINITY });
        return [];
      },
    };
    expect(await here.client.read(input)).toEqual(['read', { id: 7, log: [] }]);
    expect(await inner).toEqual(['erase', 'log']);
  });

  test('gives up its own call sends nothing, and the slot serves the next call', async () => {
    await using here = await world();
    const controller = new AbortController();
    const input = {
      get log(): number[] {
        controller.abort();
        return [];
      },
    };
    const error = await failure(here.client.read(input, { signal: controller.signal }));
    expect(error.code).toBe('CANCELLED');
    expect(await here.client.erase(1)).toEqual(['erase', 1]);
    expect(here.read).toEqual([]);
  });

  test('throws fails before it is sent', async () => {
    await using here = await world();
    const input = {
      get broken(): never {
        throw new Error('no such luck');
      },
    };
    const error = await failure(here.client.read(input));
    expect([error.code, error.execution]).toEqual(['INVALID_ARGUMENT', 'not-sent']);
    expect(error.message).toContain('files.read: it threw when it was read: no such luck');
  });

  test('is plain is read once', async () => {
    await using here = await world();
    let reads = 0;
    const input = {
      get odd(): number {
        return ++reads;
      },
    };
    expect(await here.client.read(input)).toEqual(['read', { odd: 1 }]);
    expect(reads).toBe(1);
  });

  test('gives a function when it is read again is refused', async () => {
    await using here = await world();
    let reads = 0;
    const input = {
      get odd(): unknown {
        return ++reads > 1 ? () => 1 : 1;
      },
      // For this what stands beside it is read more than once.
      map: new Map(),
    };
    expect((await failure(here.client.read(input))).execution).toBe('not-sent');
  });
});

describe('a signal', () => {
  test('that is none fails the call, and leaves nothing pending', async () => {
    await using here = await world();
    const error = await failure(here.client.read(1, { signal: {} as AbortSignal }));
    expect([error.code, error.execution]).toEqual(['INVALID_ARGUMENT', 'not-sent']);
    expect(here.near.pending).toBe(0);
  });

  test('that many calls share is listened to once, and not at all when they have settled', async () => {
    await using here = await world();
    const { signal } = new AbortController();
    const calls = Array.from({ length: 50 }, (_, i) => here.client.read(i, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(calls);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('of a time-out fails its call DEADLINE_EXCEEDED', async () => {
    await using here = await world();
    const signal = AbortSignal.abort(new DOMException('Too late.', 'TimeoutError'));
    expect((await failure(here.client.read(1, { signal }))).code).toBe('DEADLINE_EXCEEDED');
  });

  test('that many calls share gives up all of them', async () => {
    await using here = await world();
    const controller = new AbortController();
    const calls = Array.from({ length: 20 }, (_, i) => here.client.read(i, { signal: controller.signal }));
    const outcomes = Promise.allSettled(calls);
    controller.abort();
    const codes = (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    expect(new Set(codes)).toEqual(new Set(['CANCELLED']));
  });
});

test('an answer over a limit is told as that, at both ends', async () => {
  await using here = await world();
  const error = await failure(here.client.read('long'));
  expect(error.code).toBe('RESOURCE_EXHAUSTED');
  expect(error.message).toContain('files.read gave an answer that is over a limit: The message is 2000 bytes long');
  expect(String(here.reported[0]?.[0])).toContain('over a limit');
});

test('whoever calls over a connection that was closed is told so', async () => {
  const here = await world();
  await here.near.close();
  expect((await failure(here.client.read(1))).message).toBe('The connection was closed here.');
});

test('an error is printed under the name of its class', () => {
  expect(RpcError.name).toBe('RpcError');
  expect(RpcError.from(new RpcError('NOT_FOUND', 'x')).code).toBe('NOT_FOUND');
});

test.each([Number.NaN, -1, 'soon'])('a grace of %s is refused, and nothing is closed', async (grace) => {
  await using here = await world();
  expect(() => here.near.close({ grace: grace as number })).toThrow(RangeError);
  await here.client.read(1).catch(() => {});
  expect(here.near.pending).toBe(0);
});
