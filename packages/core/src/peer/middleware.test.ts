import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import type { Context } from '../contract/context.ts';
import { Implementations } from '../contract/implementations.ts';
import { type Middleware, type MiddlewareContext, type Next, type Proceed, use } from '../contract/middleware.ts';
import { RpcError } from '../error/rpc-error.ts';
import { gate } from './test-gate.ts';
import { CALLS, serving, words, worldWithin, worldWithinAny } from './test-middleware.ts';
import { collect, failure } from './test-outcome.ts';
import { ends, expectNothingLeft, quiet } from './test-world.ts';

/** Notes when it is entered and left, and how. */
function noting(log: unknown[], name: string): Middleware {
  return async (_, next) => {
    log.push(`${name} in`);
    try {
      const result = await next();
      log.push(`${name} out`);
      return result;
    } catch (error) {
      log.push(`${name} threw ${(error as Error).message}`);
      throw error;
    }
  };
}

describe.each(Object.entries(CALLS))('middleware around a call, %s', (kind, call) => {
  const streams = kind === 'server stream' || kind === 'both ways';
  const expected = streams ? ['one', 'two'] : 'one';

  test('runs in the order in which it is written, the first one outermost', async () => {
    const log: unknown[] = [];
    const layers = use(noting(log, 'a')).use(noting(log, 'b')).use(noting(log, 'c'));
    await using world = worldWithin(layers, () => log.push('handler'));
    expect(await call(world.client)).toEqual(expected);
    expect(log).toEqual(['a in', 'b in', 'c in', 'handler', 'c out', 'b out', 'a out']);
    await quiet();
    expectNothingLeft(world);
  });

  test('adds to the context what handlers and later ones find there', async () => {
    const seen: unknown[] = [];
    const layers = use((_, next) => next({ user: 'Ann', n: 1 })).use((context, next) => {
      seen.push([context.user, context.n]);
      return next({ n: `${context.n + 1}` });
    });
    await using world = worldWithin(layers, ({ user, n }) => seen.push([user, n]));
    expect(await call(world.client)).toEqual(expected);
    expect(seen).toEqual([
      ['Ann', 1],
      ['Ann', '2'],
    ]);
  });

  test('knows the method, the parsed input, and all that a context holds', async () => {
    let seen: MiddlewareContext | undefined;
    await using world = worldWithin(
      use((context, next) => {
        seen = context;
        return next();
      }),
    );
    await call(world.client);
    const { method, input, signal, draining, deadline, metadata, peer } = seen as MiddlewareContext;
    expect(method).toMatch(/^words\.(ask|read|write|talk)$/);
    expect(kind === 'unary' || kind === 'server stream' ? input : typeof input).toBe(
      kind === 'unary' || kind === 'server stream' ? 'x' : 'object',
    );
    expect([signal, draining].map((each) => each instanceof AbortSignal)).toEqual([true, true]);
    expect([typeof deadline, metadata, typeof peer.client]).toEqual(['number', {}, 'function']);
  });

  test('gets the output where it is one message, and returns what it was given', async () => {
    const outputs: unknown[] = [];
    await using world = worldWithin(
      use(async (_, next) => {
        const result = await next();
        outputs.push(result.output);
        return result;
      }),
    );
    await call(world.client);
    expect(outputs).toEqual([streams ? undefined : 'one']);
  });

  test('hears of what the handler throws, and its caller gets what the outermost one makes of it', async () => {
    const log: unknown[] = [];
    const layers = use(async (_, next) => {
      try {
        return await next();
      } catch (error) {
        throw new RpcError('NOT_FOUND', `mapped: ${(error as Error).message}`);
      }
    }).use(noting(log, 'inner'));
    await using world = worldWithin(layers, () => {
      throw new TypeError('oops');
    });
    expect(await failure(call(world.client))).toMatchObject({ code: 'NOT_FOUND', message: 'mapped: oops' });
    expect(log).toEqual(['inner in', 'inner threw oops']);
    await quiet();
    expectNothingLeft(world);
  });

  test('passes on what the handler throws as if it were not there', async () => {
    const layers = use((_, next) => next()).use((_, next) => next());
    await using known = worldWithin(layers, () => {
      throw new RpcError('ABORTED', 'No.', { metadata: { a: 'b' } });
    });
    expect(await failure(call(known.client))).toMatchObject({ code: 'ABORTED', message: 'No.', metadata: { a: 'b' } });
    await using unknown = worldWithin(layers, () => {
      throw new TypeError('secret');
    });
    expect((await failure(call(unknown.client))).message).not.toContain('secret');
    expect(unknown.reported.map(([error]) => (error as Error).message)).toEqual(['secret']);
  });

  test('refuses a call by throwing before it goes on, and the handler never runs', async () => {
    let ran = false;
    const layers = use((_, next) => next()).use(async () => {
      throw new RpcError('UNAUTHENTICATED', 'Who are you?');
    });
    await using world = worldWithin(layers, () => {
      ran = true;
    });
    expect(await failure(call(world.client))).toMatchObject({ code: 'UNAUTHENTICATED', execution: 'unknown' });
    expect(ran).toBe(false);
    await quiet();
    expectNothingLeft(world);
  });

  test('sets a trailer when the handler is done, and also where it fails', async () => {
    const timing: Middleware = async (context, next) => {
      try {
        return await next();
      } finally {
        context.setTrailer({ took: '5 ms' });
      }
    };
    let fails = false;
    await using world = worldWithin(use(timing), () => {
      if (fails) throw new RpcError('ABORTED', 'No.');
    });
    const trailers: unknown[] = [];
    const onTrailer = (trailer: unknown): void => void trailers.push({ ...(trailer as object) });
    await world.client.ask('x', { onTrailer });
    await collect(world.client.read('x', { onTrailer }));
    fails = true;
    expect((await failure(call(world.client))).metadata).toEqual({ took: '5 ms' });
    expect(trailers).toEqual([{ took: '5 ms' }, { took: '5 ms' }]);
  });

  test('holds the answer back until the outermost one is done', async () => {
    const { open, opened } = gate();
    const reached = gate();
    await using world = worldWithin(
      use(async (_, next) => {
        const result = await next();
        reached.open();
        await opened;
        return result;
      }),
    );
    let settled = false;
    const outcome = call(world.client).then((value) => {
      settled = true;
      return value;
    });
    await reached.opened;
    await quiet();
    expect(settled).toBe(false);
    open();
    expect(await outcome).toEqual(expected);
  });

  test('runs the handler in the asynchronous context that it goes on in', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await using world = worldWithin(
      use((context, next) => storage.run(context.method, () => next())),
      async () => {
        seen.push(storage.getStore());
        await quiet();
        seen.push(storage.getStore());
      },
    );
    await call(world.client);
    expect(seen[0]).toMatch(/^words\./);
    expect(seen[1]).toBe(seen[0]);
  });

  test('is left when the caller gives up, as soon as the handler has returned', async () => {
    const giveUp = new AbortController();
    const here = gate();
    const left = gate();
    let code: unknown;
    await using world = worldWithin(
      use(async ({ signal }, next) => {
        try {
          return await next();
        } finally {
          code = (signal.reason as RpcError).code;
          left.open();
        }
      }),
      async ({ signal }) => {
        here.open();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    );
    const outcome = failure(call(world.client, giveUp.signal));
    await here.opened;
    giveUp.abort();
    expect((await outcome).code).toBe('CANCELLED');
    await left.opened;
    expect(code).toBe('CANCELLED');
    await quiet();
    expectNothingLeft(world);
  });

  test('that does not wait for the call gives it up: the handler is told, and waited for', async () => {
    const log: unknown[] = [];
    await using world = worldWithin(
      use(async (_, next) => {
        void next();
        throw new RpcError('RESOURCE_EXHAUSTED', 'It takes too long.');
      }),
      async (context) => {
        await quiet();
        // Also where it asks for its signal only now.
        log.push(context.signal.aborted);
        await quiet();
        log.push('returned');
      },
    );
    expect(await failure(call(world.client))).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(log).toEqual([true, 'returned']);
    await quiet();
    expectNothingLeft(world);
  });

  test.each(FAULTS)('that $name fails the call, and is told by its name', async ({ layer, words, runs }) => {
    let ran = 0;
    await using world = worldWithinAny([noting([], 'outer'), layer], () => {
      ran++;
    });
    const error = await failure(call(world.client));
    expect(error).toMatchObject({ code: 'INTERNAL', execution: 'unknown' });
    expect(error.message).toMatch(/^words\.\w+ failed; the server's log says why\.$/);
    expect(world.reported.map(([thrown]) => (thrown as Error).message)).toEqual([expect.stringMatching(words)]);
    expect(world.reported[0]?.[1]).toMatch(/^words\./);
    expect(ran).toBe(runs);
    await quiet();
    expect([world.near.pending, world.far.serving]).toEqual([0, 0]);
  });
});

const made = {} as Next<object>;

/** What the compiler does not let through, as JavaScript would have it. */
const FAULTS: readonly { name: string; layer: unknown; words: RegExp; runs: number }[] = [
  {
    name: 'goes on twice',
    layer: async function twice(_: unknown, next: Proceed) {
      await next();
      return next();
    },
    words: /^The middleware "twice" \(2 of 2 around words\.\w+\) called next\(\) a second time\.$/,
    runs: 1,
  },
  {
    name: 'goes on twice, and says nothing of it',
    layer: async (_: unknown, next: Proceed) => {
      const result = await next();
      void next();
      return result;
    },
    words: /called next\(\) a second time\.$/,
    runs: 1,
  },
  {
    name: 'goes on twice at once',
    layer: (_: unknown, next: Proceed) => Promise.all([next(), next()]).then(([first]) => first),
    words: /called next\(\) a second time\.$/,
    runs: 1,
  },
  {
    name: 'goes on twice, and throws something else',
    layer: async (_: unknown, next: Proceed) => {
      await next();
      await next().catch(() => {});
      throw new RpcError('ABORTED', 'No.');
    },
    words: /called next\(\) a second time\.$/,
    runs: 1,
  },
  {
    name: 'forgets to return',
    layer: async (_: unknown, next: Proceed) => void (await next()),
    words: /^The middleware "layer" \(2 of 2 around words\.\w+\) did not return what its next\(\) gave\.$/,
    runs: 1,
  },
  {
    name: 'is skipped',
    layer: async () => {},
    words: /returned without having called next\(\)\.$/,
    runs: 0,
  },
  {
    name: 'returns what it made itself',
    layer: async (_: unknown, next: Proceed) => {
      await next();
      return made;
    },
    words: /did not return what its next\(\) gave\.$/,
    runs: 1,
  },
  {
    name: 'returns the output',
    layer: async (_: unknown, next: Proceed) => (await next()).output,
    words: /did not return what its next\(\) gave\.$/,
    runs: 1,
  },
  {
    name: 'is not waited for by itself, and returns nothing',
    layer: (_: unknown, next: Proceed) => void next(),
    words: /did not return what its next\(\) gave\.$/,
    runs: 1,
  },
  {
    name: 'hides what the context has',
    layer: (_: unknown, next: (added: object) => unknown) => next({ user: 5, signal: 5 }),
    words: /^A middleware cannot add "signal" to the context, which has one of its own\.$/,
    runs: 0,
  },
  {
    name: 'hides what every object has',
    layer: (_: unknown, next: (added: object) => unknown) => next({ constructor: 5 }),
    words: /cannot add "constructor"/,
    runs: 0,
  },
  {
    name: 'adds what would be a prototype',
    layer: (_: unknown, next: (added: object) => unknown) => next(JSON.parse('{"__proto__":{}}')),
    words: /cannot add "__proto__"/,
    runs: 0,
  },
  {
    name: 'adds what is no object',
    layer: (_: unknown, next: (added: unknown) => unknown) => next('user'),
    words: /next\(\) takes an object/,
    runs: 0,
  },
];

test('a middleware that swallows an error fails the call all the same, and the error is not lost', async () => {
  const layer = async (_: unknown, next: Proceed): Promise<unknown> => {
    try {
      return await next();
    } catch {
      return undefined;
    }
  };
  const thrown = new TypeError('oops');
  await using world = worldWithinAny([layer], () => {
    throw thrown;
  });
  expect((await failure(world.client.ask('x'))).code).toBe('INTERNAL');
  expect(world.reported.map(([error]) => (error as Error).cause)).toEqual([thrown]);
});

test('a middleware that goes on after it has returned runs no handler, and is told of', async () => {
  const late: Proceed[] = [];
  let ran = false;
  const layer = async (_: unknown, next: Proceed): Promise<never> => {
    late.push(next);
    throw new RpcError('ABORTED', 'No.');
  };
  await using world = worldWithinAny([layer], () => {
    ran = true;
  });
  expect((await failure(world.client.ask('x'))).code).toBe('ABORTED');
  await expect(late[0]?.()).rejects.toThrow('called next() after it had returned.');
  await quiet();
  expect(ran).toBe(false);
  expect(world.reported).toHaveLength(1);
});

test('items flow while the call goes on, through middleware that waits for its end', async () => {
  const { open, opened } = gate();
  const within = use(async (_, next) => next());
  const implementation = within.implement(words, {
    ask: () => '',
    async *read() {
      yield 'one';
      await opened;
      yield 'two';
    },
    write: () => '',
    talk: () => [],
    note: () => {},
  });
  await using both = ends({}, { implementations: new Implementations([implementation]) });
  const items = both.near.client(words).read('x');
  expect(await items.next()).toEqual({ done: false, value: 'one' });
  open();
  expect(await collect(items)).toEqual(['two']);
});

test('a reader that leaves a stream ends what stands around it', async () => {
  const left = gate();
  const seen: unknown[] = [];
  const within = use(async ({ signal }, next) => {
    const result = await next();
    seen.push(signal.aborted, result.output);
    left.open();
    return result;
  });
  const implementation = within.implement(words, {
    ask: () => '',
    async *read() {
      try {
        for (;;) yield 'again';
      } finally {
        seen.push('returned');
      }
    },
    write: () => '',
    talk: () => [],
    note: () => {},
  });
  await using both = ends({}, { implementations: new Implementations([implementation]) });
  for await (const _ of both.near.client(words).read('x')) break;
  await left.opened;
  expect(seen).toEqual(['returned', true, undefined]);
  await quiet();
  expectNothingLeft(both);
});

test('an answer or an item that does not match the contract is an error to middleware, too', async () => {
  const log: unknown[] = [];
  const wrong = 5 as unknown as string;
  const implementation = use(noting(log, 'it')).implement(words, {
    ask: () => wrong,
    read: () => ['one', wrong],
    write: () => wrong,
    talk: () => 5 as unknown as string[],
    note: () => {},
  });
  await using both = ends({}, { implementations: new Implementations([implementation]) });
  const client = both.near.client(words);
  expect((await failure(client.ask('x'))).message).toBe('words.ask gave an answer that does not match its contract.');
  const items = client.read('x');
  await items.next();
  expect((await failure(items.next())).message).toBe('words.read gave an item that does not match its contract.');
  expect((await failure(collect(client.talk([])))).message).toBe('words.talk gave no stream.');
  expect(log.filter((line) => String(line).includes('threw'))).toHaveLength(3);
  expect(both.reported).toHaveLength(3);
});

test('a call whose input is not valid does not come to middleware', async () => {
  const log: unknown[] = [];
  await using world = worldWithin(use(noting(log, 'it')));
  const error = await failure(world.client.ask(5 as unknown as string));
  expect([error.code, error.execution, log]).toEqual(['INVALID_ARGUMENT', 'rejected', []]);
});

test('events have middleware, too: it is done when their handler has returned', async () => {
  const log: unknown[] = [];
  const { open, opened } = gate();
  const done = gate();
  const layers = use(async ({ method, input }, next) => {
    log.push([method, input]);
    const result = await next({ user: 'Ann' });
    log.push(['output', result.output]);
    done.open();
    return result;
  });
  await using world = worldWithin(layers, async ({ user }) => {
    log.push(user);
    await opened;
    log.push('returned');
  });
  await world.client.note('hello');
  await expect.poll(() => log.length, { interval: 1 }).toBe(2);
  open();
  await done.opened;
  expect(log).toEqual([['words.note', 'hello'], 'Ann', 'returned', ['output', undefined]]);
  await quiet();
  expectNothingLeft(world);
});

test('what goes wrong around an event is told at this end, once', async () => {
  await using world = worldWithinAny([noting([], 'outer'), async () => {}]);
  await world.client.note('x');
  await expect.poll(() => world.reported.length, { interval: 1 }).toBe(1);
  await quiet();
  expect(world.reported.map(([error]) => (error as Error).message)).toEqual([
    'The middleware (2 of 2 around words.note) returned without having called next().',
  ]);
  await using refusing = worldWithinAny([
    async () => {
      throw new RpcError('ABORTED', 'No.');
    },
  ]);
  await refusing.client.note('x');
  await expect.poll(() => refusing.reported.length, { interval: 1 }).toBe(1);
  expect(refusing.reported).toMatchObject([[{ code: 'ABORTED' }, 'words.note']]);
});

test('the context of a handler behind middleware is the parent of the calls that it makes', async () => {
  const implementation = serving(
    use((_, next) => next({ user: 'Ann' })),
    async (context: Context & { user: string }) => {
      if (context.method !== 'words.ask') return;
      for (const options of [{}, { parent: context }]) await context.peer.client(words).ask(context.user, options);
    },
  );
  const nesting: unknown[] = [];
  const near = use((context, next) => {
    nesting.push([context.input, context.deadline <= 1000]);
    return next();
  });
  await using both = ends(
    { implementations: new Implementations([serving(near, () => {})]) },
    { implementations: new Implementations([implementation]) },
  );
  await both.near.client(words).ask('x', { deadline: 1000 });
  expect(nesting).toEqual([
    ['Ann', true],
    ['Ann', true],
  ]);
});

test('a concurrency counts the calls that middleware holds up', async () => {
  const { open, opened } = gate();
  const within = use(async (_, next) => {
    await opened;
    return next();
  });
  const handlers = { ask: () => 'one', read: () => [], write: () => '', talk: () => [], note: () => {} };
  const implementation = within.implement(words, handlers, { concurrency: { ask: 1 } });
  await using both = ends({}, { implementations: new Implementations([implementation]) });
  const client = both.near.client(words);
  const first = client.ask('x');
  expect(await failure(client.ask('x'))).toMatchObject({ code: 'RESOURCE_EXHAUSTED', execution: 'rejected' });
  open();
  expect(await first).toBe('one');
});

test('a signal that nobody asks for is not made, with middleware or without', async () => {
  const before = globalThis.AbortController;
  let made = 0;
  globalThis.AbortController = class extends before {
    constructor() {
      super();
      made++;
    }
  };
  try {
    await using world = worldWithin(use((_, next) => next({ user: 'Ann' })).use((_, next) => next()));
    expect(await world.client.ask('x')).toBe('one');
    expect(made).toBe(0);
  } finally {
    globalThis.AbortController = before;
  }
});

test('middleware that is no function is refused where it is given', () => {
  for (const given of [undefined, null, {}, 'text']) {
    expect(() => use(given as unknown as Middleware)).toThrow(TypeError);
    expect(() => use((_, next) => next()).use(given as unknown as Middleware)).toThrow('A middleware is a function');
  }
});

test('implement within middleware refuses handlers as implement does', () => {
  const within = use((_, next) => next());
  expect(() => within.implement(words, {} as never)).toThrow('words.ask has no handler');
  expect(() => within.implement(words, { typo: () => {} } as never)).toThrow(TypeError);
});
