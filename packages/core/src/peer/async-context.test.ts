import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { event } from '../contract/event.ts';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { safe } from '../contract/safe.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import { RpcError } from '../error/rpc-error.ts';
import { memoryTransports } from '../transport/memory.ts';
import type { Limits } from '../wire/limits.ts';
import { Peer } from './peer.ts';
import { collect } from './test-outcome.ts';
import { quiet, type World, worldOf } from './test-world.ts';

const texts = service('texts', {
  ask: method({ input: z.any(), output: z.any() }),
  read: method({ input: z.any(), output: stream(z.any()) }),
  write: method({ input: stream(z.any()), output: z.any() }),
  talk: method({ input: stream(z.string()), output: stream(z.any()) }),
  log: event(z.any()),
});

type Served = Handlers<typeof texts.methods>;

type TextsWorld = World<typeof texts.methods>;

/** Both ends of a connection. */
function world(served: Partial<Served>, limits: Partial<Limits> = {}): TextsWorld {
  const handlers: Served = { ask: (x) => x, read: (x) => x, write: collect, talk: (x) => x, log: () => {}, ...served };
  return worldOf(texts, handlers, { far: limits });
}

async function thrownBy(action: () => Promise<unknown>): Promise<RpcError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}

describe('the stack of an error shows the function that', () => {
  const broken = async (): Promise<never> => {
    await quiet();
    throw new RpcError('NOT_FOUND', 'x');
  };
  const served: Partial<Served> = {
    ask: broken,
    write: broken,
    async *read(kind) {
      yield 1;
      if (kind === 'slowly') await quiet();
      if (kind === 'wrongly') yield () => 1;
      throw new RpcError('NOT_FOUND', 'x');
    },
  };

  test.each<[how: string, call: (world: TextsWorld) => Promise<unknown>]>([
    [
      'awaits a call',
      async function theCaller({ client }) {
        return await client.ask(1);
      },
    ],
    [
      'awaits a call among others',
      async function theCaller({ client }) {
        return await Promise.all([client.ask(1), client.ask(2)]);
      },
    ],
    [
      'awaits a call whose input cannot be sent',
      async function theCaller({ client }) {
        return await client.ask(() => 1);
      },
    ],
    [
      'awaits a call whose options are wrong',
      async function theCaller({ client }) {
        return await client.ask(1, { deadline: Number.NaN });
      },
    ],
    [
      'awaits a call that is late',
      async function theCaller({ client }) {
        return await client.ask(1, { deadline: 1 });
      },
    ],
    [
      'awaits a call that is given up',
      async function theCaller({ client }) {
        const controller = new AbortController();
        setImmediate(() => controller.abort());
        return await client.ask(1, { signal: controller.signal });
      },
    ],
    [
      'awaits a call that loses its connection',
      async function theCaller({ client, near }) {
        setImmediate(() => void near.close({ grace: 0 }));
        return await client.ask(1);
      },
    ],
    [
      'awaits a call on a connection that is over',
      async function theCaller({ client, near }) {
        await near.close();
        return await client.ask(1);
      },
    ],
    [
      'awaits a call and is given its error',
      async function theCaller({ client }) {
        const settled = await safe(client.ask(1));
        throw settled.error;
      },
    ],
    [
      'awaits a call with a stream as its input',
      async function theCaller({ client }) {
        return await client.write(['x']);
      },
    ],
    [
      'awaits a call whose input throws',
      async function theCaller({ client }) {
        const failing = function* (): Generator<string> {
          yield 'x';
          throw new Error('no');
        };
        return await client.write(failing());
      },
    ],
    [
      'awaits an event that cannot be sent',
      async function theCaller({ client }) {
        return await client.log(() => 1);
      },
    ],
    [
      'loops over a stream that fails while it waits',
      async function theCaller({ client }) {
        for await (const _ of client.read('slowly'));
      },
    ],
    [
      'loops over a stream that has failed already',
      async function theCaller({ client }) {
        for await (const _ of client.read('at once')) await quiet();
      },
    ],
    [
      'loops over a stream with an item that cannot be sent',
      async function theCaller({ client }) {
        for await (const _ of client.read('wrongly'));
      },
    ],
    [
      'loops over a stream that is given up',
      async function theCaller({ client }) {
        const controller = new AbortController();
        for await (const _ of client.read('slowly', { signal: controller.signal })) controller.abort();
      },
    ],
    [
      'loops over a stream that cannot be opened',
      async function theCaller({ client, near }) {
        await near.close();
        for await (const _ of client.read(1));
      },
    ],
    [
      'asks a stream for its next item',
      async function theCaller({ client }) {
        const answer = client.read('slowly');
        await answer.next();
        await answer.next();
      },
    ],
  ])('%s', async (_, call) => {
    await using here = world(served);
    await here.near.ready;
    const { stack } = await thrownBy(() => call(here));
    expect(stack).toContain('theCaller');
  });

  test('reads an input of which an item is not valid', async () => {
    let stack: string | undefined;
    await using here = world({
      talk: async function theHandler(lines) {
        try {
          for await (const _ of lines);
        } catch (error) {
          stack = (error as Error).stack;
        }
        return [];
      },
    });
    await collect(here.client.talk([5 as unknown as string]));
    expect(stack).toContain('theHandler');
  });
});

describe('AsyncLocalStorage', () => {
  const storage = new AsyncLocalStorage<string>();

  test('holds where a call, a stream, or an event is awaited', async () => {
    await using here = world({ read: (n) => Array.from({ length: n }, (_, i) => i) });
    const caller = async (name: string): Promise<void> => {
      const seen: unknown[] = [];
      const look = (): void => void seen.push(storage.getStore());
      await here.client.ask(1);
      look();
      await here.client.log(1);
      look();
      for await (const _ of here.client.read(5000)) look();
      look();
      await here.client.write([1, 2, 3]);
      look();
      await here.client.ask(() => 1).catch(look);
      await here.client.ask(1, { deadline: 0 }).catch(look);
      expect(new Set(seen)).toEqual(new Set([name]));
    };
    await Promise.all(['a', 'b', 'c'].map((name) => storage.run(name, () => caller(name))));
  });

  test('holds in what a handler does, from its input to its answer', async () => {
    await using here = world({
      async ask(name, { peer }) {
        return await storage.run(name, async () => {
          await quiet();
          const first = storage.getStore();
          await peer
            .client(texts)
            .ask(1, { deadline: 5 })
            .catch(() => {});
          return [first, storage.getStore()];
        });
      },
      async talk(lines) {
        const [name] = [(await lines.next()).value ?? ''];
        return await storage.run(name, async () => {
          const seen = new Set<unknown>();
          for await (const _ of lines) seen.add(storage.getStore());
          return [...seen];
        });
      },
    });
    const asked = ['a', 'b', 'c'].map((name) => here.client.ask(name));
    const talked = ['d', 'e', 'f'].map((name) => {
      async function* lines(): AsyncGenerator<string> {
        for (let i = 0; i < 20; i++) {
          yield name;
          await quiet();
        }
      }
      return collect(here.client.talk(lines()));
    });
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c'].map((name) => [name, name]));
    expect(await Promise.all(talked)).toEqual([['d'], ['e'], ['f']]);
  });

  /** Where each of many items was made. */
  async function* places(): AsyncGenerator<unknown> {
    yield storage.getStore();
    await quiet();
    yield storage.getStore();
    // More than the other end takes at once, so that it waits for credit.
    for (let i = 0; i < 500; i++) {
      const place = storage.getStore();
      yield [place, 'x'.repeat(2000)];
    }
    yield storage.getStore();
  }

  const placesOf = (items: unknown[]): unknown[] => [
    ...new Set(items.map((item) => (Array.isArray(item) ? item[0] : item))),
  ];

  test('holds in the input of a call, from its first item to its last', async () => {
    await using here = world({});
    await here.near.ready;
    const results = await Promise.all(
      ['a', 'b', 'c'].map((name) => storage.run(name, () => here.client.write(places()))),
    );
    expect(results.map(placesOf)).toEqual([['a'], ['b'], ['c']]);
  });

  test('holds in the input of a call that waited for the connection, or for another call', async () => {
    await using here = world({}, { calls: 1 });
    const results = await Promise.all(
      ['a', 'b', 'c'].map((name) => storage.run(name, () => here.client.write(places()))),
    );
    expect(results.map(placesOf)).toEqual([['a'], ['b'], ['c']]);
  });

  test('is one and the same in a generator that gives an output, from its first item to its last', async () => {
    await using here = world({ read: places });
    await here.near.ready;
    const items = await storage.run('reader', () => collect(here.client.read(1)));
    expect(placesOf(items)).toHaveLength(1);
  });

  test('holds in what hears of an error that a handler throws', async () => {
    const heard: unknown[] = [];
    const [a, b] = memoryTransports();
    const near = new Peer(a, { role: 'dialer' });
    const handlers: Served = { ask: () => 0, read: () => [], write: () => 0, talk: () => [], log: () => {} };
    const ask = (name: string): Promise<never> => {
      storage.enterWith(name);
      return quiet().then(() => {
        throw new Error(name);
      });
    };
    const implementations = new Implementations([implement(texts, { ...handlers, ask })]);
    const onError = (error: unknown): void => void heard.push([(error as Error).message, storage.getStore()]);
    const far = new Peer(b, { role: 'acceptor', implementations, onError });
    await Promise.allSettled(['a', 'b'].map((name) => near.client(texts).ask(name)));
    expect(heard).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    await Promise.all([near.close({ grace: 0 }), far.close({ grace: 0 })]);
  });
});
