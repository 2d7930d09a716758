import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { event } from '../contract/event.ts';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import type { RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { gate } from './test-gate.ts';
import { failure } from './test-outcome.ts';
import { ends, quiet, type World, worldOf } from './test-world.ts';

const board = service('board', {
  log: event(z.any()),
  post: event(z.object({ text: z.string(), tag: z.string().default('none') })),
  ping: event(z.void()),
  ask: method({ input: z.number(), output: z.number() }),
});

type Served = Handlers<typeof board.methods>;

interface BoardWorld extends World<typeof board.methods> {
  /** What `log` was handed. */
  readonly logged: unknown[];
}

/** Both ends of a connection. */
function world(served: Partial<Served> = {}, limits: Partial<Limits> = {}): BoardWorld {
  const logged: unknown[] = [];
  const handlers: Served = {
    log: (line) => {
      logged.push(line);
    },
    post: () => {},
    ping: () => {},
    ask: (n) => n,
    ...served,
  };
  return { ...worldOf(board, handlers, { far: limits }), logged };
}

/** How many of the promises have fulfilled. */
async function fulfilled(promises: readonly Promise<unknown>[]): Promise<number> {
  let count = 0;
  for (const promise of promises) {
    promise.then(
      () => count++,
      () => {},
    );
  }
  await quiet();
  return count;
}

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});

afterEach(() => {
  process.off('unhandledRejection', note);
});

describe('an event', () => {
  test('is sent when its promise fulfils, whatever its handler does', async () => {
    let begun = 0;
    await using here = world({
      log: () => {
        begun++;
        return new Promise(() => {});
      },
    });
    expect(await here.client.log('x')).toBeUndefined();
    await here.client.ask(1);
    expect([begun, here.near.pending, here.far.serving]).toEqual([1, 0, 0]);
  });

  test('is handled in the order in which it was sent, among the calls and events before and after it', async () => {
    const order: unknown[] = [];
    await using here = world({
      log: (line) => {
        order.push(line);
      },
      ask: (n) => order.push(n),
    });
    const sent: Promise<unknown>[] = [];
    await here.near.ready;
    for (let i = 0; i < 50; i++) {
      sent.push(here.client.log(`event ${i}`));
      if (i % 3 === 0) sent.push(here.client.ask(i));
    }
    await Promise.all(sent);
    await quiet();
    expect(order).toEqual(
      Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? [`event ${i}`, i] : [`event ${i}`])).flat(),
    );
  });

  test('keeps its turn among other events where it is long', async () => {
    await using here = world();
    const lines = Array.from({ length: 9 }, (_, i) => `${i}`.repeat(i % 3 === 0 ? 300_000 : 3));
    for (const line of lines) void here.client.log(line);
    const bytes = Buffer.alloc(2_000_000, 'bytes');
    await here.client.log(bytes);
    await here.client.log('last');
    await quiet();
    expect(here.logged.splice(0, 9)).toEqual(lines);
    const [there, last] = here.logged as [Uint8Array, string];
    expect([bytes.equals(there), last]).toEqual([true, 'last']);
  });

  test('that is long lets calls pass by', async () => {
    const order: string[] = [];
    await using here = world({ log: () => void order.push('event') });
    const sent = here.client.log('x'.repeat(5_000_000));
    await here.client.ask(1).then(() => order.push('call'));
    await sent;
    await quiet();
    expect(order).toEqual(['call', 'event']);
  });

  test('is parsed where it arrives, once, and may be nothing', async () => {
    const got: unknown[] = [];
    await using here = world({ post: (post) => void got.push(post), ping: (nothing) => void got.push(nothing) });
    await here.client.post({ text: 'a' });
    await here.client.ping();
    await here.client.ping(undefined, { deadline: 1000 });
    await quiet();
    expect(got).toEqual([{ text: 'a', tag: 'none' }, undefined, undefined]);
  });

  test('that is made while the connection is still being made keeps its turn, among calls, too', async () => {
    const order: unknown[] = [];
    await using here = world({
      log: (line) => {
        order.push(line);
      },
      ask: (n) => order.push(n),
    });
    const { client } = here;
    await Promise.all([client.log('a'), client.ask(1), client.log('b'), client.log('c'), client.ask(2), client.ask(3)]);
    await quiet();
    expect(order).toEqual(['a', 1, 'b', 'c', 2, 3]);
  });

  test('that nobody serves is dropped, as it has no answer, and told of once where it came', async () => {
    await using here = world();
    const other = service('other', { log: event(z.string()) });
    await here.near.client(other).log('x');
    await here.near.client(other).log('y');
    expect(await here.client.ask(1)).toBe(1);
    expect(here.reported.map(([error, method]) => [(error as Error).message, method])).toEqual([
      [
        'The other side sends the event other.log, which nobody handles here. Are the contracts of both the same?',
        'other.log',
      ],
    ]);
  });

  test('has a context: metadata, no deadline, a signal that nothing aborts, and the peer to be called back', async () => {
    const contexts: unknown[] = [];
    await using here = world({
      log: (_, { metadata, deadline, signal, peer }) => {
        contexts.push({ ...metadata }, deadline, signal.aborted, typeof peer.client);
      },
    });
    await here.client.log('x', { metadata: { trace: 'abc' }, deadline: 1000 });
    await here.client.log('x');
    await quiet();
    const rest = [Number.POSITIVE_INFINITY, false, 'function'];
    expect(contexts).toEqual([{ trace: 'abc' }, ...rest, {}, ...rest]);
  });

  test('can be sent by a handler, to the end that called it', async () => {
    const heard: string[] = [];
    const told = service('told', { progress: event(z.string()) });
    const implementations = new Implementations([implement(told, { progress: (text) => void heard.push(text) })]);
    const handlers = implement(board, {
      log: async (_, { peer }) => await peer.client(told).progress('of an event'),
      post: () => {},
      ping: () => {},
      async ask(n, { peer }) {
        await peer.client(told).progress('of a call');
        return n;
      },
    });
    await using here = ends({ implementations }, { implementations: new Implementations([handlers]) });
    await here.near.client(board).log('x');
    await here.near.client(board).ask(1);
    await quiet();
    expect(heard).toEqual(['of an event', 'of a call']);
  });
});

describe('what goes wrong with an event where it arrives', () => {
  test('is told there, with the method, and nowhere else', async () => {
    const failures = [new Error('at once'), new Error('later')];
    let calls = 0;
    await using here = world({
      log: () => {
        const error = failures[calls++];
        if (calls === 1) throw error;
        return Promise.reject(error);
      },
    });
    await here.client.log(1);
    await here.client.log(2);
    await here.client.post({ text: 5 as unknown as string });
    await quiet();
    expect(here.reported.slice(0, 2)).toEqual([
      [failures[0], 'board.log'],
      [failures[1], 'board.log'],
    ]);
    expect(here.reported.slice(2).map(([error, method]) => [String(error), method])).toEqual([
      [expect.stringContaining('at text: Invalid input: expected string, received number'), 'board.post'],
    ]);
    expect(unhandled).toEqual([]);
  });

  test('gives its credit back all the same', async () => {
    await using here = world(
      {
        log: async () => {
          throw new Error('no');
        },
        post: () => {
          throw new Error('no');
        },
      },
      { events: 1024 },
    );
    for (let i = 0; i < 100; i++) {
      await here.client.log('x'.repeat(100));
      await here.client.post({ text: 'x'.repeat(100) });
    }
    await quiet();
    expect(here.reported).toHaveLength(200);
  });
});

describe('events that are sent faster than they are handled', () => {
  test('wait where they are made, and go on as handlers settle', async () => {
    const waiting: (() => void)[] = [];
    await using here = world({ log: () => new Promise<void>((resolve) => waiting.push(resolve)) }, { events: 1024 });
    // An event of 36 bytes costs 100 of the 1,024 that the other end takes.
    const sent = Array.from({ length: 30 }, () => here.client.log('x'.repeat(34)));
    expect(await fulfilled(sent)).toBe(10);
    expect([waiting.length, here.near.pending]).toEqual([10, 20]);
    for (const done of waiting.splice(0, 5)) done();
    const more = await fulfilled(sent);
    expect(more).toBeGreaterThan(10);
    expect(more).toBeLessThanOrEqual(15);
    expect(waiting).toHaveLength(more - 5);
    while (here.near.pending > 0) {
      for (const done of waiting.splice(0)) done();
      await quiet();
    }
    expect(await fulfilled(sent)).toBe(30);
  });

  test('hold up no calls', async () => {
    await using here = world({ log: () => new Promise(() => {}) }, { events: 1024 });
    for (let i = 0; i < 30; i++) void here.client.log('x'.repeat(100));
    expect(await here.client.ask(5)).toBe(5);
  });

  test('may be longer than all that the other end takes at once', async () => {
    await using here = world({}, { events: 1024 });
    const lines = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(5000));
    await Promise.all(lines.map((line) => here.client.log(line)));
    await quiet();
    expect(here.logged).toEqual(lines);
  });

  test('arrive in order, each once, however many there are', async () => {
    await using here = world({
      log: async (n) => {
        if (Number(n) % 100 === 0) await quiet();
        got.push(n);
      },
    });
    const got: unknown[] = [];
    for (let i = 1; i < 20_000; i++) void here.client.log(i);
    await here.client.log(20_000);
    await quiet();
    await quiet();
    expect(got.filter((n) => Number(n) % 100 !== 0)).toEqual(
      Array.from({ length: 20_000 }, (_, i) => i + 1).filter((n) => n % 100 !== 0),
    );
    expect(got).toHaveLength(20_000);
  });

  test('are given up in time, also the first of them, which is under way', async () => {
    const controller = new AbortController();
    await using here = world({ log: () => new Promise(() => {}) }, { events: 1024 });
    await Promise.all(Array.from({ length: 10 }, () => here.client.log('x'.repeat(34))));
    const late = [1, 2, 3].map(() => failure(here.client.log('x'.repeat(34), { deadline: 20 })));
    for (const { code } of await Promise.all(late)) expect(code).toBe('DEADLINE_EXCEEDED');
    const { signal } = controller;
    const aborted = [1, 2, 3].map(() => failure(here.client.log('x'.repeat(34), { signal })));
    await quiet();
    controller.abort();
    for (const { code } of await Promise.all(aborted)) expect(code).toBe('CANCELLED');
    expect(here.near.pending).toBe(0);
  });

  test('fail when the connection ends, also the first of them, which is under way', async () => {
    for (const end of [
      (here: BoardWorld) => here.near.close({ grace: 0 }),
      (here: BoardWorld) => here.line.destroy(),
    ]) {
      await using here = world({ log: () => new Promise(() => {}) }, { events: 1024 });
      await Promise.all(Array.from({ length: 10 }, () => here.client.log('x'.repeat(34))));
      const sent = [1, 2, 3].map(() => failure(here.client.log('x'.repeat(34))));
      await quiet();
      await end(here);
      const errors = await Promise.all(sent);
      expect(errors.map(({ code }) => code)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
      expect(here.near.pending).toBe(0);
    }
  });

  test('are told what became of them when the other end closes: those that fulfil have been handled', async () => {
    const here = world({ log: (line) => new Promise(() => here.logged.push(line)) }, { events: 1024 });
    const lines = Array.from({ length: 30 }, (_, i) => `${i}`.padStart(34));
    const sent = Promise.allSettled(lines.map((line) => here.client.log(line)));
    await quiet();
    await here.far.close();
    const left = (await sent).map(({ status }) => status === 'fulfilled');
    expect(here.logged).toEqual(lines.filter((_, i) => left[i]));
    expect(here.logged.length).toBeGreaterThanOrEqual(10);
  });

  test('by a deadline or a signal leave the others their turn', async () => {
    const waiting: (() => void)[] = [];
    await using here = world(
      {
        log: (line) => {
          here.logged.push(line);
          return new Promise<void>((resolve) => waiting.push(resolve));
        },
      },
      { events: 1024 },
    );
    await Promise.all(Array.from({ length: 10 }, () => here.client.log('x'.repeat(34))));
    const controller = new AbortController();
    const { signal } = controller;
    const first = failure(here.client.log('1', { signal }));
    const second = here.client.log('2');
    const third = failure(here.client.log('3', { signal }));
    const fourth = here.client.log('4');
    await quiet();
    controller.abort();
    await Promise.all([first, third]);
    for (const done of waiting.splice(0)) done();
    await Promise.all([second, fourth]);
    await quiet();
    // The first stands in line for its credit already, and may still go.
    expect(here.logged.slice(10).filter((line) => line !== '1')).toEqual(['2', '4']);
  });
});

describe('an event that cannot be sent', () => {
  const wrong: Record<string, (here: BoardWorld) => Promise<void>> = {
    'INVALID_ARGUMENT, as it cannot cross': ({ client }) => client.log(() => 1),
    'INVALID_ARGUMENT, as its deadline is none': ({ client }) => client.log(1, { deadline: 'x' as unknown as number }),
    'INVALID_ARGUMENT, as its metadata is none': ({ client }) =>
      client.log(1, { metadata: { n: 1 as unknown as string } }),
    'RESOURCE_EXHAUSTED, as it is over a limit': ({ client }) => client.log('x'.repeat(5000)),
    'RESOURCE_EXHAUSTED, as its metadata is over a limit': ({ client }) =>
      client.log(1, { metadata: { x: 'x'.repeat(50_000) } }),
    'CANCELLED, as it was given up': ({ client }) => client.log(1, { signal: AbortSignal.abort() }),
    'DEADLINE_EXCEEDED, as it is late': ({ client }) => client.log(1, { deadline: 0 }),
  };

  test.each(Object.entries(wrong))('tells whoever awaits it: %s', async (name, send) => {
    await using here = world({}, { message: 4096 });
    const error = await failure(send(here));
    expect([error.code, error.execution, error.method]).toEqual([name.split(',')[0], 'not-sent', 'board.log']);
    expect([here.near.pending, here.logged]).toEqual([0, []]);
    expect(await here.client.ask(1)).toBe(1);
  });

  test('because the connection is cut in the moment in which it is made tells whoever awaits it', async () => {
    const here = world();
    await here.near.ready;
    const sent = failure(here.client.log(1));
    here.line.destroy();
    const error = await sent;
    expect([error.code, error.method, here.near.pending]).toEqual(['UNAVAILABLE', 'board.log', 0]);
    await quiet();
    expect(here.logged).toEqual([]);
  });

  test('because the connection is over tells whoever awaits it UNAVAILABLE', async () => {
    const here = world();
    await here.near.ready;
    await here.far.close();
    await here.near.closed;
    const error = await failure(here.client.log(1));
    expect([error.code, error.execution, error.method]).toEqual(['UNAVAILABLE', 'not-sent', 'board.log']);
  });

  test('ends no process where nobody awaits it', async () => {
    const here = world({ log: () => new Promise(() => {}) }, { message: 4096, events: 4096 });
    for (const send of Object.values(wrong)) void send(here);
    for (let i = 0; i < 10; i++) void here.client.log('x'.repeat(2000));
    await quiet();
    await here.near.close({ grace: 0 });
    void here.client.log(1);
    await quiet();
    // Node tells of unhandled rejections once all jobs are done; those here would have come by now.
    expect(unhandled).toEqual([]);
    expect(here.near.pending).toBe(0);
  });

  test('is told to whoever chains something to its promise', async () => {
    await using here = world();
    const heard: string[] = [];
    await here.client.log(() => 1).catch((error: RpcError) => heard.push(error.code));
    await here.client.log(() => 1).then(undefined, (error: RpcError) => heard.push(error.code));
    expect(heard).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT']);
  });
});

test('events are still sent while a connection is closing and calls go on', async () => {
  const go = gate();
  await using here = world({
    async ask(n) {
      await go.opened;
      return n;
    },
  });
  const call = here.client.ask(1);
  await quiet();
  const closed = here.near.close();
  await here.client.log('last words');
  go.open();
  expect(await call).toBe(1);
  await closed;
  expect(here.logged).toEqual(['last words']);
});
