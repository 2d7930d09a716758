import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import type { CallOptions } from '../contract/call-options.ts';
import type { Context } from '../contract/context.ts';
import { Implementations } from '../contract/implementations.ts';
import { type CallResult, checkInterceptors, type InterceptedCall, type Interceptor } from '../contract/interceptor.ts';
import { use } from '../contract/middleware.ts';
import type { NamedMethod } from '../contract/service.ts';
import { RpcError } from '../error/rpc-error.ts';
import { intercepted } from './intercepted.ts';
import type { StubOwner } from './stub.ts';
import { gate } from './test-gate.ts';
import { type Act, CALLS, serving, type Words, type WordsWorld, words } from './test-middleware.ts';
import { collect, failure } from './test-outcome.ts';
import { ends, expectNothingLeft, quiet } from './test-world.ts';

/** Both ends of a connection, whose near one calls through interceptors. */
function world(interceptors: readonly unknown[], act: Act<object> = () => {}): WordsWorld {
  const implementations = new Implementations([
    serving(
      use((_, next) => next()),
      act,
    ),
  ]);
  const both = ends({ interceptors: interceptors as readonly Interceptor[] }, { implementations });
  return { ...both, client: both.near.client(words) as Words };
}

function noting(log: unknown[], name: string): Interceptor {
  return async (_, next) => {
    log.push(`${name} in`);
    try {
      const result = await next();
      log.push(`${name} out`);
      return result;
    } catch (error) {
      log.push(`${name} threw ${(error as RpcError).code}`);
      throw error;
    }
  };
}

const KIND_NAMES: Record<string, string> = {
  unary: 'unary',
  'server stream': 'serverStream',
  'client stream': 'clientStream',
  'both ways': 'duplex',
};

describe.each(Object.entries(CALLS))('interceptors around a call, %s', (kind, call) => {
  const streams = kind === 'server stream' || kind === 'both ways';
  const expected = streams ? ['one', 'two'] : 'one';

  test('run in the order in which they are written, the first one outermost', async () => {
    const log: unknown[] = [];
    await using both = world([noting(log, 'a'), noting(log, 'b')], () => log.push('handler'));
    expect(await call(both.client)).toEqual(expected);
    expect(log).toEqual(['a in', 'b in', 'handler', 'b out', 'a out']);
    await quiet();
    expectNothingLeft(both);
  });

  test('know what is called, with what, and what is said of it', async () => {
    const calls: InterceptedCall[] = [];
    const note: Interceptor = (intercepted, next) => {
      calls.push(intercepted);
      return next();
    };
    await using both = world([note]);
    const { signal } = new AbortController();
    await call(both.client, signal);
    const [seen] = calls as [InterceptedCall];
    expect([seen.kind, seen.options]).toEqual([KIND_NAMES[kind], { signal }]);
    expect(seen.method).toMatch(/^words\./);
    expect(seen.input).toEqual(kind === 'unary' || kind === 'server stream' ? 'x' : ['x']);
  });

  test('replace options of the call, which those further in see, and the handler', async () => {
    const seen: unknown[] = [];
    const adds: Interceptor = ({ options }, next) => next({ metadata: { ...options.metadata, a: '1' } });
    const adding: Interceptor = ({ options }, next) => {
      seen.push({ ...options.metadata });
      return next({ metadata: { ...options.metadata, b: '2' }, deadline: 1000 });
    };
    await using both = world([adds, adding], ({ metadata, deadline }) => seen.push({ ...metadata }, deadline <= 1000));
    await call(both.client);
    expect(seen).toEqual([{ a: '1' }, { a: '1', b: '2' }, true]);
  });

  test('get the output where it is one message', async () => {
    const outputs: unknown[] = [];
    const note: Interceptor = async (_, next) => {
      const result = await next();
      outputs.push(result.output);
      return result;
    };
    await using both = world([note]);
    await call(both.client);
    expect(outputs).toEqual([streams ? undefined : 'one']);
  });

  test('hear of the error of the call, and may throw another one', async () => {
    const log: unknown[] = [];
    const mapping: Interceptor = async (_, next) => {
      try {
        return await next();
      } catch (error) {
        throw new RangeError('mapped', { cause: error });
      }
    };
    await using both = world([mapping, noting(log, 'inner')], () => {
      throw new RpcError('ABORTED', 'No.');
    });
    await expect(call(both.client)).rejects.toThrow(RangeError);
    expect(log).toEqual(['inner in', 'inner threw ABORTED']);
    await using passing = world([noting(log, 'it')], () => {
      throw new RpcError('ABORTED', 'No.', { metadata: { a: 'b' } });
    });
    expect(await failure(call(passing.client))).toMatchObject({
      code: 'ABORTED',
      message: 'No.',
      metadata: { a: 'b' },
    });
  });

  test('refuse a call by throwing before it is made', async () => {
    let ran = false;
    const refusing: Interceptor = async () => {
      throw new RpcError('PERMISSION_DENIED', 'Not today.', { execution: 'not-sent' });
    };
    await using both = world([refusing], () => {
      ran = true;
    });
    expect(await failure(call(both.client))).toMatchObject({ code: 'PERMISSION_DENIED', execution: 'not-sent' });
    await quiet();
    expect(ran).toBe(false);
    expectNothingLeft(both);
  });

  test('may wait before they go on, and the time counts into a stated deadline', async () => {
    const slow: Interceptor = async (_, next) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return next();
    };
    const seen: unknown[] = [];
    await using both = world(
      [(_: unknown, next: (o: CallOptions) => unknown) => next({ deadline: 60_000 }), slow],
      (c) => seen.push(c.deadline < 59_997),
    );
    expect(await call(both.client)).toEqual(expected);
    expect(seen).toEqual([true]);
    await using late = world([(_: unknown, next: (o: CallOptions) => unknown) => next({ deadline: 3 }), slow]);
    expect(await failure(call(late.client))).toMatchObject({ code: 'DEADLINE_EXCEEDED', execution: 'not-sent' });
  });

  test('are left when the caller gives up', async () => {
    const giveUp = new AbortController();
    const here = gate();
    const log: unknown[] = [];
    await using both = world([noting(log, 'it')], async ({ signal }) => {
      here.open();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    const outcome = failure(call(both.client, giveUp.signal));
    await here.opened;
    giveUp.abort();
    expect((await outcome).code).toBe('CANCELLED');
    expect(log).toEqual(['it in', 'it threw CANCELLED']);
    await quiet();
    expectNothingLeft(both);
  });

  test('run in the asynchronous context of the caller', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note: Interceptor = async (_, next) => {
      seen.push(storage.getStore());
      const result = await next();
      seen.push(storage.getStore());
      return result;
    };
    await using both = world([note]);
    await storage.run('mine', () => call(both.client));
    expect(seen).toEqual(['mine', 'mine']);
  });

  test.each(FAULTS)('that $name fails the call, and it says which', async ({ layer, words, execution }) => {
    await using both = world([noting([], 'outer'), layer]);
    const error = await failure(call(both.client));
    expect(error).toMatchObject({ code: 'INTERNAL', execution });
    expect(error.message).toMatch(words);
    expect(error.method).toMatch(/^words\./);
    await quiet();
    expect(both.reported).toEqual([]);
  });
});

type Next = (changes?: unknown) => Promise<CallResult>;

/** What the compiler does not let through, as JavaScript would have it. */
const FAULTS: readonly { name: string; layer: unknown; words: RegExp; execution: string }[] = [
  {
    name: 'goes on twice',
    layer: async function twice(_: unknown, next: Next) {
      await next();
      return next();
    },
    words: /^The interceptor "twice" \(2 of 2 around words\.\w+\) called next\(\) a second time\.$/,
    execution: 'unknown',
  },
  {
    name: 'goes on twice, and says nothing of it',
    layer: async (_: unknown, next: Next) => {
      const result = await next();
      void next();
      return result;
    },
    words: /called next\(\) a second time\.$/,
    execution: 'unknown',
  },
  {
    name: 'forgets to return',
    layer: async (_: unknown, next: Next) => void (await next()),
    words: /did not return what its next\(\) gave\.$/,
    execution: 'unknown',
  },
  {
    name: 'is skipped',
    layer: async () => {},
    words: /returned without having called next\(\)\.$/,
    execution: 'not-sent',
  },
  {
    name: 'returns what it made itself',
    layer: async (_: unknown, next: Next) => {
      await next();
      return { output: 'one' };
    },
    words: /did not return what its next\(\) gave\.$/,
    execution: 'unknown',
  },
];

test('an interceptor that changes options to what are none is told so', async () => {
  await using both = world([(_: unknown, next: Next) => next('metadata')]);
  await expect(both.client.ask('x')).rejects.toThrow('next() takes an object, whose properties replace options');
});

test('interceptors stand around events: they are done when the event has left', async () => {
  const log: unknown[] = [];
  const came = gate();
  await using both = world([noting(log, 'it')], () => came.open());
  await both.client.note('x');
  expect(log).toEqual(['it in', 'it out']);
  await came.opened;
  await using refusing = world([
    async () => {
      throw new RpcError('ABORTED', 'No.');
    },
  ]);
  // Not awaited: nobody is to be ended by an unhandled rejection.
  void refusing.client.note('x');
  await quiet();
  expect((await failure(refusing.client.note('x'))).code).toBe('ABORTED');
});

test('they stand around the calls of an end that serves, and around those of its handlers', async () => {
  const log: string[] = [];
  const note: Interceptor = ({ method, input, options }, next) => {
    log.push(`${method} ${input} ${options.parent === undefined ? 'free' : 'nested'}`);
    return next();
  };
  const echo = serving(
    use((_, next) => next()),
    () => {},
  );
  const calling = serving(
    use((_, next) => next()),
    async ({ method, peer }: Context) => {
      if (method === 'words.ask') await peer.client(words).write(['from a handler']);
    },
  );
  await using both = ends(
    { implementations: new Implementations([echo]) },
    { implementations: new Implementations([calling]), interceptors: [note] },
  );
  expect(await both.near.client(words).ask('x')).toBe('one');
  expect(await both.far.client(words).ask('from an end')).toBe('one');
  expect(log).toEqual(['words.write from a handler nested', 'words.ask from an end free']);
});

test('what is no list of functions is refused', () => {
  for (const given of [null, {}, 'text', [null], [{}], (_: unknown, next: Next) => next()]) {
    expect(() => checkInterceptors(given)).toThrow('The interceptors are a list of functions');
  }
  for (const given of [undefined, [], [noting([], 'it')]]) checkInterceptors(given);
});

test('without interceptors there is nothing on the path', () => {
  const owner: StubOwner = { call: () => Promise.resolve(), stream: () => undefined as never };
  expect(intercepted(owner, undefined)).toBe(owner);
  expect(intercepted(owner, [])).toBe(owner);
});

describe('a stream within interceptors', () => {
  test('is called when its first item is asked for, once', async () => {
    const log: unknown[] = [];
    await using both = world([noting(log, 'it')]);
    const items = both.client.read('x');
    await quiet();
    expect(log).toEqual([]);
    expect(await items.next()).toEqual({ done: false, value: 'one' });
    expect(log).toEqual(['it in']);
    expect(await collect(items)).toEqual(['two']);
    expect(log).toEqual(['it in', 'it out']);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test('gives items as they come, and its end when the outermost is done', async () => {
    const { open, opened } = gate();
    const holding: Interceptor = async (_, next) => {
      const result = await next();
      await opened;
      return result;
    };
    await using both = world([holding]);
    const items = both.client.read('x');
    expect([await items.next(), await items.next()].map(({ value }) => value)).toEqual(['one', 'two']);
    let ended = false;
    const end = items.next().then((step) => {
      ended = true;
      return step;
    });
    await quiet();
    expect(ended).toBe(false);
    open();
    expect(await end).toEqual({ done: true, value: undefined });
  });

  test('is left as any: by its reader in the middle, which ends what stands around it', async () => {
    const log: unknown[] = [];
    await using both = world([noting(log, 'it')]);
    for await (const _ of both.client.read('x')) break;
    await quiet();
    expect(log).toEqual(['it in', 'it out']);
    expectNothingLeft(both);
  });

  test('that is left before it was called calls nothing, and lets go of its input', async () => {
    const log: unknown[] = [];
    await using both = world([noting(log, 'it')]);
    let returned = false;
    const input = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        async return() {
          returned = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const items = both.client.talk(input);
    await items.return();
    expect([log, returned]).toEqual([[], true]);
    expect(await items.next()).toEqual({ done: true, value: undefined });
    expect([await items.header, await items.trailer]).toEqual([{}, {}]);
    expectNothingLeft(both);
  });

  test('that is left while interceptors still wait is not called either', async () => {
    const { open, opened } = gate();
    let ran = false;
    const waiting: Interceptor = async (_, next) => {
      await opened;
      return next();
    };
    await using both = world([waiting], () => {
      ran = true;
    });
    const items = both.client.read('x');
    const first = items.next();
    await items.return();
    open();
    expect(await first).toEqual({ done: true, value: undefined });
    await quiet();
    expect(ran).toBe(false);
    expectNothingLeft(both);
  });

  test('lets go of its input where an interceptor refuses it', async () => {
    const refusing: Interceptor = async () => {
      throw new RpcError('ABORTED', 'No.');
    };
    await using both = world([refusing]);
    let returned = 0;
    const input = (): AsyncIterable<string> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        async return() {
          returned++;
          return { done: true as const, value: undefined };
        },
      }),
    });
    await failure(both.client.talk(input()).next());
    await failure(both.client.write(input()));
    expect(returned).toBe(2);
  });

  test('fails at once where an interceptor does not wait for its end', async () => {
    const { open, opened } = gate();
    const impatient: Interceptor = (_, next) =>
      Promise.race([
        next(),
        opened.then(() => {
          throw new RpcError('ABORTED', 'It takes too long.');
        }),
      ]);
    const told = gate();
    await using both = world([impatient], async ({ signal }) => {
      open();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      told.open();
    });
    expect((await failure(both.client.read('x').next())).code).toBe('ABORTED');
    await told.opened;
    await quiet();
    expectNothingLeft(both);
  });

  test('gives as many as are asked for at once in order, and its error once', async () => {
    await using both = world([noting([], 'it')]);
    const items = both.client.read('x');
    const steps = await Promise.all(Array.from({ length: 4 }, () => items.next()));
    expect(steps.map(({ value }) => value)).toEqual(['one', 'two', undefined, undefined]);
    await using failing = world([noting([], 'it')], () => {
      throw new RpcError('ABORTED', 'No.');
    });
    const none = failing.client.read('x');
    const outcomes = await Promise.allSettled(Array.from({ length: 3 }, () => none.next()));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });

  test('has a header and a trailer, and is called by whoever asks for them', async () => {
    const log: unknown[] = [];
    await using both = world([noting(log, 'it')], (context) => {
      context.sendHeader({ h: '1' });
      context.setTrailer({ t: '1' });
    });
    const items = both.client.read('x');
    expect({ ...(await items.header) }).toEqual({ h: '1' });
    expect(log).toEqual(['it in']);
    expect(await collect(items)).toEqual(['one', 'two']);
    expect({ ...(await items.trailer) }).toEqual({ t: '1' });
    await using refusing = world([
      async () => {
        throw new RpcError('ABORTED', 'No.');
      },
    ]);
    const refused = refusing.client.read('x');
    expect([await refused.header, await refused.trailer]).toEqual([{}, {}]);
    expect((await failure(refused.next())).code).toBe('ABORTED');
  });

  test('is disposed of as any', async () => {
    const log: unknown[] = [];
    await using both = world([noting(log, 'it')]);
    {
      await using items = both.client.read('x');
      await items.next();
    }
    await quiet();
    expect(log).toEqual(['it in', 'it out']);
  });
});

test('an owner gets what the interceptors have made of the options, and nothing else changes', async () => {
  const made: unknown[] = [];
  const owner: StubOwner = {
    call: (method, input, options) => {
      made.push([method, input, options]);
      return Promise.resolve('out');
    },
    stream: () => undefined as never,
  };
  const method = { fullName: 's.m', kind: 0, deadline: undefined } as unknown as NamedMethod;
  const input = {};
  const calls = intercepted(owner, [(_, next) => next({ waitForReady: true }), (_, next) => next()]);
  expect(await calls.call(method, input, { deadline: Number.POSITIVE_INFINITY })).toBe('out');
  expect(await calls.call(method, input)).toBe('out');
  expect(made).toEqual([
    [method, input, { deadline: Number.POSITIVE_INFINITY, waitForReady: true }],
    [method, input, { waitForReady: true }],
  ]);
});

describe('an interceptor that never lets its call through', () => {
  const stuck: Interceptor = () => new Promise(() => {});

  test.each(Object.entries(CALLS))('does not outlast the deadline of the call, %s', async (_, call) => {
    await using both = world([(_: unknown, next: (o: CallOptions) => unknown) => next({ deadline: 20 }), stuck]);
    // The outer one has said the deadline, which only the inner ones know of.
    const outcome = failure(call(both.client, AbortSignal.timeout(40)));
    expect(await outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED', execution: 'not-sent' });
  });

  test('does not outlast its signal, and cannot make the call any more', async () => {
    let go = (): void => {};
    const waits: Interceptor = async (_, next) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return next();
    };
    let ran = false;
    await using both = world([waits], () => {
      ran = true;
    });
    const giveUp = new AbortController();
    const outcome = failure(CALLS['unary']!(both.client, giveUp.signal));
    giveUp.abort();
    const error = await outcome;
    expect([error.code, error.execution]).toEqual(['CANCELLED', 'not-sent']);
    expect(error.message).toContain('its interceptors had not let it through');
    go();
    await quiet();
    expect(ran).toBe(false);
    expectNothingLeft(both);
  });
});
