import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CallOptions } from '../contract/call-options.ts';
import type { Context } from '../contract/context.ts';
import { event } from '../contract/event.ts';
import { method } from '../contract/method.ts';
import { type Client, service } from '../contract/service.ts';
import { type ResponseStream, stream } from '../contract/stream.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { gate } from './test-gate.ts';
import { collect, failure } from './test-outcome.ts';
import { expectNothingLeft, quiet, type World, worldOf } from './test-world.ts';

const words = service('words', {
  ask: method({ input: z.string(), output: z.string() }),
  read: method({ input: z.string(), output: stream(z.string()) }),
  write: method({ input: stream(z.string()), output: z.string() }),
  talk: method({ input: stream(z.string()), output: stream(z.string()) }),
  note: event(z.string()),
});

type Words = Client<typeof words.methods>;

/** Both ends of a connection. Every handler does this with its context before it answers `['one', 'two']` or `'one'`. */
function world(act: (context: Context) => unknown): World<typeof words.methods> {
  async function* items(_: unknown, context: Context): AsyncGenerator<string> {
    await act(context);
    yield* ['one', 'two'];
  }
  const answer = async (_: unknown, context: Context): Promise<string> => {
    await act(context);
    return 'one';
  };
  return worldOf(words, { ask: answer, read: items, write: answer, talk: items, note: (_, c) => void act(c) });
}

const CALLS: Record<string, (client: Words, options?: CallOptions) => Promise<unknown>> = {
  unary: (client, options) => client.ask('x', options),
  'server stream': (client, options) => collect(client.read('x', options)),
  'client stream': (client, options) => client.write(['x'], options),
  'both ways': (client, options) => collect(client.talk(['x'], options)),
};
const STREAMS: Record<string, (client: Words, options?: CallOptions) => ResponseStream<string>> = {
  'server stream': (client, options) => client.read('x', options),
  'both ways': (client, options) => client.talk(['x'], options),
};

/** Listeners that note what they hear. */
function listening(): { readonly heard: unknown[]; readonly options: CallOptions } {
  const heard: unknown[] = [];
  const note = (what: string) => (metadata: Metadata) => void heard.push([what, { ...metadata }]);
  return { heard, options: { onHeader: note('header'), onTrailer: note('trailer') } };
}

describe.each(Object.entries(CALLS))('what a handler says besides its answer, %s', (_, call) => {
  test('is heard once, before the call settles', async () => {
    await using ends = world((context) => {
      context.sendHeader({ h: '1', bytes: Uint8Array.of(1, 2) });
      context.setTrailer({ t: '1', u: '1' });
      context.setTrailer({ t: '2' });
    });
    const { heard, options } = listening();
    await call(ends.client, options).then(() => heard.push('settled'));
    expect(heard).toEqual([
      ['header', { h: '1', bytes: Uint8Array.of(1, 2) }],
      ['trailer', { t: '2', u: '1' }],
      'settled',
    ]);
    await quiet();
    expectNothingLeft(ends);
  });

  test('is not heard where it says nothing', async () => {
    await using ends = world(() => {});
    const { heard, options } = listening();
    await call(ends.client, options);
    await quiet();
    expect(heard).toEqual([]);
  });

  test('comes with an error, which has the trailer as its metadata', async () => {
    await using ends = world((context) => {
      context.sendHeader({ h: '1' });
      context.setTrailer({ t: '1', both: 'trailer' });
      throw new RpcError('ABORTED', 'No.', { metadata: { e: '1', both: 'error' } });
    });
    const { heard, options } = listening();
    const error = await failure(call(ends.client, options));
    const metadata = { t: '1', both: 'error', e: '1' };
    expect([error.code, { ...error.metadata }]).toEqual(['ABORTED', metadata]);
    expect(heard).toEqual([
      ['header', { h: '1' }],
      ['trailer', metadata],
    ]);
  });

  test('comes with the error of a handler that fails without meaning to', async () => {
    await using ends = world((context) => {
      context.setTrailer({ t: '1' });
      throw new TypeError('oops');
    });
    const error = await failure(call(ends.client));
    expect([error.code, { ...error.metadata }]).toEqual(['INTERNAL', { t: '1' }]);
  });

  test('reaches its caller at once, however long the handler takes', async () => {
    const { open, opened } = gate();
    await using ends = world(async (context) => {
      // Nothing else is to be sent by now.
      await quiet();
      context.sendHeader({ h: '1' });
      await opened;
    });
    await call(ends.client, { onHeader: open });
  });

  test('is quietly lost with the connection', async () => {
    const here = gate();
    const done = gate();
    let told: unknown;
    await using ends = world(async (context) => {
      here.open();
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      try {
        context.sendHeader({ h: '1' });
        context.setTrailer({ t: '1' });
      } catch (error) {
        told = error;
      }
      done.open();
    });
    const outcome = failure(call(ends.client));
    await here.opened;
    ends.line.destroy();
    await done.opened;
    expect([(await outcome).code, told]).toEqual(['UNAVAILABLE', undefined]);
  });

  test('is told at this end where a listener throws, which has no say in the call', async () => {
    await using ends = world((context) => {
      context.sendHeader({ h: '1' });
      context.setTrailer({ t: '1' });
    });
    const options: CallOptions = {
      onHeader: () => {
        throw new TypeError('header');
      },
      onTrailer: (async () => {
        throw new TypeError('trailer');
      }) as () => void,
    };
    const before = await call(ends.client);
    expect(await call(ends.client, options)).toEqual(before);
    await quiet();
    expect(ends.reported.map(([error]) => (error as Error).message)).toEqual(['header', 'trailer']);
    expect(new Set(ends.reported.map(([, method]) => method.slice(0, 6)))).toEqual(new Set(['words.']));
    expect(await call(ends.client)).toEqual(before);
  });

  test('is heard in the asynchronous context of whoever called', async () => {
    const storage = new AsyncLocalStorage<string>();
    await using ends = world((context) => {
      context.sendHeader({ h: '1' });
      context.setTrailer({ t: '1' });
    });
    const seen: unknown[] = [];
    const see = (): void => void seen.push(storage.getStore());
    await Promise.all(
      ['a', 'b'].map((name) => storage.run(name, () => call(ends.client, { onHeader: see, onTrailer: see }))),
    );
    expect(seen.sort()).toEqual(['a', 'a', 'b', 'b']);
  });

  test('is not heard by a caller that has given up', async () => {
    const giveUp = new AbortController();
    const { open, opened } = gate();
    const here = gate();
    let after: unknown = 'not yet';
    await using ends = world(async (context) => {
      here.open();
      await opened;
      // Nobody waits any more: it is as if it had been said.
      context.sendHeader({ h: '1' });
      context.setTrailer({ t: '1' });
      after = undefined;
    });
    const { heard, options } = listening();
    const outcome = failure(call(ends.client, { ...options, signal: giveUp.signal }));
    await here.opened;
    giveUp.abort();
    expect((await outcome).code).toBe('CANCELLED');
    await quiet();
    open();
    await quiet();
    expect([heard, after]).toEqual([[], undefined]);
    expectNothingLeft(ends);
  });
});

const HANDLER_FAULTS: readonly (readonly [string, string, (context: Context) => unknown])[] = [
  ['a second header', 'a call has one', (c) => [c.sendHeader({}), c.sendHeader({})]],
  ['a header of a number', 'neither text nor bytes', (c) => c.sendHeader({ n: 5 as unknown as string })],
  ['a header that is none', 'a plain object', (c) => c.sendHeader(['x'] as unknown as Metadata)],
  ['a header that is too long', '(limit "metadata")', (c) => c.sendHeader({ n: 'x'.repeat(20_000) })],
  ['a trailer of a number', 'neither text nor bytes', (c) => c.setTrailer({ n: 5 as unknown as string })],
  ['a trailer that is none', 'a plain object', (c) => c.setTrailer(['x'] as unknown as Metadata)],
  ['a trailer that is too long', '(limit "metadata")', (c) => c.setTrailer({ n: 'x'.repeat(20_000) })],
  [
    'a trailer that is too long by what is added',
    '(limit "metadata")',
    (c) => [c.setTrailer({ a: 'x'.repeat(9000) }), c.setTrailer({ b: 'x'.repeat(9000) })],
  ],
];

test.each(HANDLER_FAULTS)('a handler that gives %s is told so, and its caller is not', async (_, words, act) => {
  await using ends = world(act);
  const error = await failure(ends.client.ask('x'));
  expect([error.code, error.message]).toEqual(['INTERNAL', "words.ask failed; the server's log says why."]);
  expect(ends.reported).toHaveLength(1);
  expect(String(ends.reported[0]?.[0])).toContain(words);
  expect(String(ends.reported[0]?.[0])).toContain('words.ask');
});

test('a handler that catches what it is told of its metadata can go on', async () => {
  await using ends = world((context) => {
    context.setTrailer({ t: '1' });
    for (const set of [context.sendHeader, context.setTrailer]) {
      expect(() => set.call(context, { n: 5 as unknown as string })).toThrow(TypeError);
      expect(() => set.call(context, { n: 'x'.repeat(20_000) })).toThrow(RangeError);
    }
    context.sendHeader({ h: '1' });
  });
  const { heard, options } = listening();
  expect(await ends.client.ask('x', options)).toBe('one');
  expect(heard).toEqual([
    ['header', { h: '1' }],
    ['trailer', { t: '1' }],
  ]);
});

test('what comes behind the items or the answer comes too late', async () => {
  const contexts: Context[] = [];
  const thrown: unknown[] = [];
  await using ends = worldOf(words, {
    ask: (_, context) => `${contexts.push(context)}`,
    write: (_, context) => `${contexts.push(context)}`,
    async *read(_, context) {
      contexts.push(context);
      yield 'one';
      try {
        context.sendHeader({});
      } catch (error) {
        thrown.push((error as Error).message);
      }
      context.setTrailer({ t: '1' });
      yield 'two';
    },
    talk: () => [],
    note: () => {},
  });
  const { heard, options } = listening();
  await ends.client.ask('x');
  await ends.client.write([]);
  expect(await collect(ends.client.read('x', options))).toEqual(['one', 'two']);
  expect(thrown).toEqual(['words.read sends a header too late: items have gone before it.']);
  expect(heard).toEqual([['trailer', { t: '1' }]]);
  for (const context of contexts) {
    expect(() => context.sendHeader({})).toThrow(`${context.method} gives a header too late: its answer has gone.`);
    expect(() => context.setTrailer({})).toThrow(`${context.method} gives a trailer too late: its answer has gone.`);
  }
});

test('what goes along with an answer is checked and ignored for an event, around which the same middleware stands', async () => {
  const seen: unknown[] = [];
  const { open, opened } = gate();
  await using ends = world((context) => {
    for (const set of [context.sendHeader, context.setTrailer]) {
      for (const metadata of [{ took: '1 ms' }, { took: 1 as never }]) {
        try {
          set.call(context, metadata);
        } catch (error) {
          seen.push((error as Error).message);
        }
      }
    }
    open();
  });
  const { heard, options } = listening();
  await ends.client.note('x', options);
  await opened;
  const wrong = 'cannot be sent. The metadata "took" is neither text nor bytes.';
  expect(seen).toEqual(['header', 'trailer'].map((what) => `words.note gives a ${what} that ${wrong}`));
  expect(heard).toEqual([]);
});

test('a handler knows the name of the method that it serves', async () => {
  const names: string[] = [];
  await using ends = world(({ method }) => void names.push(method));
  for (const call of Object.values(CALLS)) await call(ends.client);
  await ends.client.note('x');
  await expect
    .poll(() => names, { interval: 1 })
    .toEqual(['ask', 'read', 'write', 'talk', 'note'].map((n) => `words.${n}`));
});

test.each([
  ['onHeader', { onHeader: 5 }],
  ['onTrailer', { onTrailer: {} }],
])('a call whose %s is no function is not made', async (name, options) => {
  await using ends = world(() => {});
  const error = await failure(ends.client.ask('x', options as unknown as CallOptions));
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', execution: 'not-sent' });
  expect(error.message).toBe(`A call to words.ask: its ${name} is not a function.`);
});

describe.each(Object.entries(STREAMS))('the header and trailer of a stream, %s', (_, open) => {
  test('can be awaited, the header before anything is read, and both again and again', async () => {
    await using ends = world((context) => {
      context.sendHeader({ h: '1' });
      context.setTrailer({ t: '1' });
    });
    const answers = open(ends.client);
    expect({ ...(await answers.header) }).toEqual({ h: '1' });
    const { trailer } = answers;
    expect(await collect(answers)).toEqual(['one', 'two']);
    expect({ ...(await trailer) }).toEqual({ t: '1' });
    expect([await answers.header, await answers.trailer]).toMatchObject([{ h: '1' }, { t: '1' }]);
    expectNothingLeft(ends);
  });

  test('can be asked for when all is over', async () => {
    await using ends = world((context) => {
      context.sendHeader({ h: '1' });
      context.setTrailer({ t: '1' });
    });
    const answers = open(ends.client);
    await collect(answers);
    expect([{ ...(await answers.header) }, { ...(await answers.trailer) }]).toEqual([{ h: '1' }, { t: '1' }]);
  });

  test('are empty where there is none, which the first item tells, and the end', async () => {
    const { open: letGo, opened } = gate();
    let items = 0;
    await using ends = worldOf(words, {
      ask: () => '',
      write: () => '',
      async *read() {
        yield `${items++}`;
        await opened;
      },
      async *talk() {
        yield `${items++}`;
        await opened;
      },
      note: () => {},
    });
    const answers = open(ends.client);
    expect({ ...(await answers.header) }).toEqual({});
    letGo();
    expect(await collect(answers)).toEqual(['0']);
    expect({ ...(await answers.trailer) }).toEqual({});
  });

  test('are empty where the call fails before, and nobody hears of an unhandled rejection', async () => {
    await using ends = world(() => {
      throw new RpcError('ABORTED', 'No.', { metadata: { e: '1' } });
    });
    const answers = open(ends.client);
    expect({ ...(await answers.header) }).toEqual({});
    expect({ ...(await answers.trailer) }).toEqual({ e: '1' });
    expect((await failure(answers.next())).code).toBe('ABORTED');
  });

  test('are empty where the stream was left before it was opened, and do not open it then', async () => {
    const called: unknown[] = [];
    await using ends = world((context) => called.push(context));
    const answers = open(ends.client);
    await answers.return();
    expect([{ ...(await answers.header) }, { ...(await answers.trailer) }]).toEqual([{}, {}]);
    await quiet();
    expect(called).toEqual([]);
    expectNothingLeft(ends);
  });

  test('are there where the reader leaves in between', async () => {
    await using ends = world((context) => context.sendHeader({ h: '1' }));
    const answers = open(ends.client);
    await answers.header;
    await answers.return();
    expect([{ ...(await answers.header) }, { ...(await answers.trailer) }]).toEqual([{ h: '1' }, {}]);
    await quiet();
    expectNothingLeft(ends);
  });

  test('are empty where the connection is lost', async () => {
    await using ends = world(() => new Promise(() => {}));
    const answers = open(ends.client);
    const { header, trailer } = answers;
    await quiet();
    ends.line.destroy();
    expect([{ ...(await header) }, { ...(await trailer) }]).toEqual([{}, {}]);
    expect((await failure(answers.next())).code).toBe('UNAVAILABLE');
  });
});
