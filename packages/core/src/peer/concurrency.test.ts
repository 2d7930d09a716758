import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ImplementOptions, implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import { RpcError } from '../error/rpc-error.ts';
import { collect, failure } from './test-outcome.ts';
import { type Ends, ends, quiet, type World } from './test-world.ts';

const jobs = service('jobs', {
  run: method({ input: z.number(), output: z.number() }),
  other: method({ input: z.number(), output: z.number() }),
  flow: method({ input: z.number(), output: stream(z.number()) }),
  take: method({ input: stream(z.number()), output: z.number() }),
});

type Jobs = Handlers<typeof jobs.methods>;

interface Server extends AsyncDisposable {
  /** Connects once more to what serves. */
  connect(): World<typeof jobs.methods>;
}

/** One that serves many connections. */
function world(handlers: Partial<Jobs>, concurrency: ImplementOptions<Jobs>['concurrency']): Server {
  const served: Jobs = { run: (n) => n, other: (n) => n, flow: () => [], take: () => 0, ...handlers };
  const implementations = new Implementations([implement(jobs, served, { concurrency })]);
  const connected: Ends[] = [];
  return {
    connect() {
      const both = ends({}, { implementations });
      connected.push(both);
      return { ...both, client: both.near.client(jobs) };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connected.map((both) => both[Symbol.asyncDispose]()));
    },
  };
}

/** Handlers that are let go by hand. */
class Waiting {
  readonly #waiting: (() => void)[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  letGo(): void {
    this.#waiting.shift()?.();
  }
}

describe('a method with a concurrency', () => {
  test('turns away what is over it before it runs, and takes more as soon as one has ended', async () => {
    const waiting = new Waiting();
    await using here = world({ run: (n) => waiting.wait().then(() => n) }, { run: 2 });
    const { client } = here.connect();
    const running = [client.run(1), client.run(2)];
    const error = await failure(client.run(3));
    expect([error.code, error.execution, error.method]).toEqual(['RESOURCE_EXHAUSTED', 'rejected', 'jobs.run']);
    expect(error.message).toBe('As many calls of jobs.run run as may at once: 2 (its "concurrency").');
    expect([waiting.size, await client.other(5)]).toEqual([2, 5]);
    waiting.letGo();
    expect(await running[0]).toBe(1);
    running.push(client.run(4));
    await quiet();
    expect(waiting.size).toBe(2);
    waiting.letGo();
    waiting.letGo();
    expect(await Promise.all(running)).toEqual([1, 2, 4]);
  });

  test('counts the calls of all connections', async () => {
    const waiting = new Waiting();
    await using here = world({ run: (n) => waiting.wait().then(() => n) }, { run: 2 });
    const [one, two, three] = [here.connect(), here.connect(), here.connect()];
    const running = [one.client.run(1), two.client.run(2)];
    expect((await failure(three.client.run(3))).code).toBe('RESOURCE_EXHAUSTED');
    waiting.letGo();
    await running[0];
    const last = three.client.run(3);
    await quiet();
    waiting.letGo();
    waiting.letGo();
    expect(await Promise.all([...running, last])).toEqual([1, 2, 3]);
  });

  test('counts no call whose input is not valid, and every one that fails, however it does, until it has', async () => {
    await using here = world(
      {
        run(n) {
          if (n === 1) throw new Error('at once');
          if (n === 2) return Promise.reject(new Error('later'));
          return n === 3 ? ('wrong' as unknown as number) : n;
        },
      },
      { run: 1 },
    );
    const { client } = here.connect();
    for (const [input, code] of [
      [1, 'INTERNAL'],
      [2, 'INTERNAL'],
      [3, 'INTERNAL'],
      ['x' as unknown as number, 'INVALID_ARGUMENT'],
    ] as const) {
      expect((await failure(client.run(input))).code).toBe(code);
    }
    expect(await client.run(4)).toBe(4);
  });

  test('counts a call that was given up until its handler has really returned', async () => {
    const waiting = new Waiting();
    await using here = world(
      {
        run: (n) => waiting.wait().then(() => n),
        async *flow() {
          try {
            for (;;) yield 1;
          } finally {
            await waiting.wait();
          }
        },
      },
      { run: 1, flow: 1 },
    );
    const { client } = here.connect();
    const controller = new AbortController();
    const call = failure(client.run(1, { signal: controller.signal }));
    await quiet();
    controller.abort();
    await call;
    await quiet();
    expect((await failure(client.run(2))).code).toBe('RESOURCE_EXHAUSTED');
    waiting.letGo();
    await quiet();
    const run = client.run(3);
    await quiet();
    waiting.letGo();
    expect(await run).toBe(3);

    for await (const _ of client.flow(0)) break;
    expect((await failure(collect(client.flow(0)))).code).toBe('RESOURCE_EXHAUSTED');
    waiting.letGo();
    await quiet();
    for await (const n of client.flow(0)) {
      expect(n).toBe(1);
      break;
    }
    await quiet();
    waiting.letGo();
  });

  test('counts a call of a connection that is lost until its handler has really returned', async () => {
    const waiting = new Waiting();
    await using here = world({ run: (n) => waiting.wait().then(() => n) }, { run: 1 });
    const [one, two] = [here.connect(), here.connect()];
    const lost = failure(one.client.run(1));
    await quiet();
    one.line.destroy();
    expect((await lost).code).toBe('UNAVAILABLE');
    expect((await failure(two.client.run(2))).code).toBe('RESOURCE_EXHAUSTED');
    waiting.letGo();
    await quiet();
    const next = two.client.run(3);
    await quiet();
    waiting.letGo();
    expect(await next).toBe(3);
  });

  test('counts streams from their call to their end', async () => {
    const waiting = new Waiting();
    await using here = world(
      {
        async *flow(n) {
          yield n;
          await waiting.wait();
          yield n;
        },
        take: async (items) => (await collect(items)).length,
      },
      { flow: 1, take: 1 },
    );
    const { client } = here.connect();
    const first = client.flow(1);
    await first.next();
    expect((await failure(collect(client.flow(2)))).code).toBe('RESOURCE_EXHAUSTED');
    waiting.letGo();
    expect(await collect(first)).toEqual([1]);
    const second = client.flow(2);
    await second.next();
    // On a slow machine the handler is asked for more only in the next turn.
    await quiet();
    waiting.letGo();
    expect(await collect(second)).toEqual([2]);

    async function* slow(): AsyncGenerator<number> {
      yield 1;
      await waiting.wait();
    }
    const taking = client.take(slow());
    await quiet();
    let returned = false;
    async function* refused(): AsyncGenerator<number> {
      try {
        for (;;) yield 1;
      } finally {
        returned = true;
      }
    }
    const error = await failure(client.take(refused()));
    expect([error.code, error.execution]).toEqual(['RESOURCE_EXHAUSTED', 'rejected']);
    await quiet();
    expect(returned).toBe(true);
    waiting.letGo();
    expect(await taking).toBe(1);
    expect(await client.take([1, 2, 3])).toBe(3);
  });

  test('keeps to it under any load: as many run as may, and never more', async () => {
    let running = 0;
    let most = 0;
    await using here = world(
      {
        async run(n) {
          most = Math.max(most, ++running);
          await quiet();
          running--;
          if (n % 5 === 0) throw new RpcError('NOT_FOUND', 'x');
          return n;
        },
      },
      { run: 7 },
    );
    const clients = [here.connect(), here.connect(), here.connect()];
    const codes = new Set<string>();
    await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        for (let tries = 0; tries < 3; tries++) {
          const { client } = clients[n % 3] as World<typeof jobs.methods>;
          await client.run(n).catch((error: RpcError) => codes.add(error.code));
        }
      }),
    );
    expect([most, running]).toEqual([7, 0]);
    expect(codes).toEqual(new Set(['RESOURCE_EXHAUSTED', 'NOT_FOUND']));
    expect(await clients[0]?.client.run(1)).toBe(1);
  });
});

test('two implementations of one service count apart', async () => {
  const waiting = new Waiting();
  const run = (n: number): Promise<number> => waiting.wait().then(() => n);
  await using one = world({ run }, { run: 1 });
  await using two = world({ run }, { run: 1 });
  const calls = [one.connect().client.run(1), two.connect().client.run(2)];
  await quiet();
  waiting.letGo();
  waiting.letGo();
  expect(await Promise.all(calls)).toEqual([1, 2]);
});
