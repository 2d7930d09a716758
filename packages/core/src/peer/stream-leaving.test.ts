import { PassThrough, Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { type Client, type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import { RpcError } from '../error/rpc-error.ts';
import { memoryTransports } from '../transport/memory.ts';
import type { Transport } from '../transport/transport.ts';
import type { Limits } from '../wire/limits.ts';
import { Peer } from './peer.ts';

const streams = service('streams', {
  count: method({ input: z.number(), output: stream(z.number()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  chat: method({ input: stream(z.number()), output: stream(z.number()) }),
  unary: method({ input: z.number(), output: z.number() }),
});

type Served = Handlers<typeof streams.methods>;

interface World extends AsyncDisposable {
  readonly client: Client<typeof streams.methods>;
  readonly near: Peer;
  readonly far: Peer;
  /** The near end's side of the line, to be cut. */
  readonly line: Transport;
  readonly reported: unknown[];
}

/** Both ends of a connection. */
function world(served: Partial<Served>, limits: Partial<Limits> = {}): World {
  const reported: unknown[] = [];
  const [a, b] = memoryTransports();
  const near = new Peer(a, { role: 'dialer' });
  const handlers: Served = { count: () => [], sum: () => 0, chat: () => [], unary: (n) => n, ...served };
  const far = new Peer(b, {
    role: 'acceptor',
    implementations: new Implementations([implement(streams, handlers)]),
    limits,
    onError: (error) => reported.push(error),
  });
  return {
    client: near.client(streams),
    near,
    far,
    line: a,
    reported,
    async [Symbol.asyncDispose]() {
      await Promise.all([near.close({ grace: 0 }), far.close({ grace: 0 })]);
    },
  };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function failure(outcome: Promise<unknown>): Promise<RpcError> {
  const error: unknown = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RpcError)) throw new Error(`It did not fail as it should: ${String(error)}`);
  return error;
}

interface Gate {
  readonly open: () => void;
  readonly opened: Promise<void>;
}

function gate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Whatever is under way within the process has arrived. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** Numbers without end, and what became of whoever makes them. */
function endless(): { readonly items: AsyncGenerator<number>; begun: boolean; returned: number; given: number } {
  async function* make(): AsyncGenerator<number> {
    source.begun = true;
    try {
      for (;;) yield source.given++;
    } finally {
      source.returned++;
    }
  }
  const source = { items: make(), begun: false, returned: 0, given: 0 };
  return source;
}

/** A handler of `count` that tells how it was left. */
function endlessCount(): { readonly count: Served['count']; readonly told: unknown[] } {
  const told: unknown[] = [];
  return {
    told,
    async *count(_, { signal }) {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        told.push(signal.aborted, (signal.reason as RpcError).code);
      }
    },
  };
}

/** What it looks like when everything has been cleaned up. */
function expectNothingLeft({ near, far, reported }: World): void {
  expect([near.pending, near.serving, far.pending, far.serving]).toEqual([0, 0, 0, 0]);
  expect(reported).toEqual([]);
}

describe('whoever leaves the loop over a stream', () => {
  test('makes its handler stop: its signal aborts and its generator returns', async () => {
    const { count, told } = endlessCount();
    await using here = world({ count });
    for await (const n of here.client.count(0)) if (n === 3) break;
    expect(here.near.pending).toBe(0);
    await quiet();
    expect(told).toEqual([true, 'CANCELLED']);
    expectNothingLeft(here);
  });

  test('by throwing does the same, and what was thrown comes out', async () => {
    const { count, told } = endlessCount();
    await using here = world({ count });
    const reading = async (): Promise<void> => {
      for await (const n of here.client.count(0)) if (n === 3) throw new Error('enough');
    };
    await expect(reading()).rejects.toThrow('enough');
    await quiet();
    expect(told).toEqual([true, 'CANCELLED']);
    expectNothingLeft(here);
  });

  test('makes its own input stop, too', async () => {
    const source = endless();
    await using here = world({ chat: (items) => items });
    for await (const n of here.client.chat(source.items)) if (n === 3) break;
    await quiet();
    expect(source.returned).toBe(1);
    expectNothingLeft(here);
  });

  test('ends the loop of a handler that waits for its input, with an error', async () => {
    let thrown: unknown;
    async function* silent(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => {});
    }
    await using here = world({
      async *chat(items) {
        try {
          for await (const n of items) yield n;
        } catch (error) {
          thrown = error;
        }
      },
    });
    const answer = here.client.chat(silent());
    expect((await answer.next()).value).toBe(1);
    const more = answer.next();
    await quiet();
    await answer.return();
    expect((await more).done).toBe(true);
    await quiet();
    expect((thrown as RpcError).code).toBe('CANCELLED');
    expectNothingLeft(here);
  });

  test('returns a generator that runs at once, and an iterator by hand, which may be asked for its next item', async () => {
    const returned: string[] = [];
    function* atOnce(): Generator<number> {
      try {
        for (;;) yield 1;
      } finally {
        returned.push('at once');
      }
    }
    let stop = (_: IteratorResult<number>): void => {};
    const byHand = {
      next: () =>
        new Promise<IteratorResult<number>>((resolve) => {
          stop = resolve;
        }),
      async return(): Promise<IteratorResult<number>> {
        returned.push('by hand');
        stop({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => byHand,
    };
    await using here = world({ count: (n) => (n === 0 ? atOnce() : byHand) });
    for await (const _ of here.client.count(0)) break;
    const waiting = here.client.count(1);
    const next = waiting.next();
    await quiet();
    await waiting.return();
    expect((await next).done).toBe(true);
    await quiet();
    expect(returned).toEqual(['at once', 'by hand']);
    expectNothingLeft(here);
  });

  test('makes an iterator without return() be asked for nothing more', async () => {
    let asked = 0;
    const plain = {
      next: async () => ({ done: false, value: asked++ }),
      [Symbol.asyncIterator]: () => plain,
    };
    await using here = world({ count: () => plain });
    for await (const n of here.client.count(0)) if (n === 3) break;
    await quiet();
    const so = asked;
    await quiet();
    expect(asked).toBe(so);
    expectNothingLeft(here);
  });

  test('destroys a Node stream and cancels a web stream that its handler gave, or that its call was given', async () => {
    const nodes: Readable[] = [];
    let cancelled = 0;
    const node = (): Readable => {
      const made = Readable.from(endless().items);
      nodes.push(made);
      return made;
    };
    const web = (): ReadableStream<number> =>
      new ReadableStream<number>({
        pull: (controller) => controller.enqueue(1),
        cancel() {
          cancelled++;
        },
      });
    await using here = world({ count: (n) => (n === 0 ? node() : web()), chat: (items) => items });
    for (const answer of [
      here.client.count(0),
      here.client.count(1),
      here.client.chat(node()),
      here.client.chat(web()),
    ]) {
      for await (const _ of answer) break;
    }
    await quiet();
    expect([nodes.map(({ destroyed }) => destroyed), cancelled]).toEqual([[true, true], 2]);
    expectNothingLeft(here);
  });

  test('lets go of a Node stream or web stream that gives nothing just then, at either end', async () => {
    const made: Readable[] = [];
    let cancelled = 0;
    const node = (): Readable => {
      const idle = new PassThrough({ objectMode: true });
      made.push(idle);
      return idle;
    };
    const web = (): ReadableStream<number> =>
      new ReadableStream<number>({
        cancel() {
          cancelled++;
        },
      });
    await using here = world({
      count: (n) => (n === 0 ? node() : web()),
      async *chat(items) {
        await items.next();
        yield 1;
      },
    });
    for (const answer of [
      here.client.count(0),
      here.client.count(1),
      here.client.chat(node()),
      here.client.chat(web()),
    ]) {
      const next = answer.next();
      await quiet();
      await answer.return();
      expect((await next).done).toBe(true);
      await quiet();
    }
    expect([made.map(({ destroyed }) => destroyed), cancelled]).toEqual([[true, true], 2]);
    expectNothingLeft(here);
  });

  test('is not told what its handler throws because of it, and neither is anybody else', async () => {
    await using here = world({
      async *count() {
        try {
          for (;;) yield 1;
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is what happens here
          throw new Error('on the way out');
        }
      },
    });
    for await (const _ of here.client.count(0)) break;
    await quiet();
    expectNothingLeft(here);
  });

  test('is not told what a handler makes of it, and neither is anybody else', async () => {
    await using here = world({
      count: (_, context) => givingUp(context.signal),
      sum: (_, context) => givingUp(context.signal),
      unary: (_, context) => givingUp(context.signal),
    });
    const givingUp = async (left: AbortSignal): Promise<never> => {
      await new Promise((resolve) => left.addEventListener('abort', resolve));
      throw new Error('I was told to stop.');
    };
    for (const call of [
      (left: AbortSignal) => here.client.count(0, { signal: left }).next(),
      (left: AbortSignal) => here.client.sum([], { signal: left }),
      (left: AbortSignal) => here.client.unary(0, { signal: left }),
    ]) {
      const controller = new AbortController();
      const error = failure(call(controller.signal));
      await quiet();
      controller.abort();
      expect((await error).code).toBe('CANCELLED');
    }
    await quiet();
    expectNothingLeft(here);
  });

  test('before the handler has given its stream never has it iterated for nothing', async () => {
    const begun = gate();
    const go = gate();
    const source = endless();
    await using here = world({
      async count() {
        begun.open();
        await go.opened;
        return source.items;
      },
    });
    const answer = here.client.count(0);
    const next = answer.next();
    await begun.opened;
    await answer.return();
    expect((await next).done).toBe(true);
    await quiet();
    expect(here.far.serving).toBe(1);
    go.open();
    await quiet();
    expect([source.begun, (await source.items.next()).done]).toEqual([false, true]);
    expectNothingLeft(here);
  });
});

describe('a signal', () => {
  test('that aborts ends the loop with CANCELLED, the handler, and the input', async () => {
    const { count, told } = endlessCount();
    const source = endless();
    await using here = world({ count, chat: (items) => items });
    for (const open of [
      (signal: AbortSignal) => here.client.count(0, { signal }),
      (signal: AbortSignal) => here.client.chat(source.items, { signal }),
    ]) {
      const controller = new AbortController();
      const reading = async (): Promise<void> => {
        for await (const n of open(controller.signal)) if (n === 3) controller.abort();
      };
      const error = await failure(reading());
      expect([error.code, error.execution]).toEqual(['CANCELLED', 'unknown']);
      await quiet();
    }
    expect([told, source.returned]).toEqual([[true, 'CANCELLED'], 1]);
    expectNothingLeft(here);
  });

  test('that aborts ends a call whose input streams: its handler hears, and its input is returned', async () => {
    const source = endless();
    const begun = gate();
    let thrown: unknown;
    await using here = world({
      async sum(items) {
        begun.open();
        await collect(items).catch((error: unknown) => {
          thrown = error;
        });
        return 1;
      },
    });
    const controller = new AbortController();
    const call = here.client.sum(source.items, { signal: controller.signal });
    await begun.opened;
    controller.abort();
    expect((await failure(call)).code).toBe('CANCELLED');
    await quiet();
    expect([(thrown as RpcError).code, source.returned]).toEqual(['CANCELLED', 1]);
    expectNothingLeft(here);
  });

  test('of a time-out that aborts ends the loop with DEADLINE_EXCEEDED', async () => {
    const { count, told } = endlessCount();
    await using here = world({ count });
    const controller = new AbortController();
    const reading = async (): Promise<void> => {
      for await (const n of here.client.count(0, { signal: controller.signal })) {
        if (n === 3) controller.abort(new DOMException('Too late.', 'TimeoutError'));
      }
    };
    expect((await failure(reading())).code).toBe('DEADLINE_EXCEEDED');
    await quiet();
    expect(told).toEqual([true, 'DEADLINE_EXCEEDED']);
  });

  test('that has aborted already sends nothing and draws nothing from the input', async () => {
    let served = 0;
    const source = endless();
    const serve = (): number[] => {
      served++;
      return [];
    };
    await using here = world({ count: serve, chat: serve, sum: () => serve().length });
    const signal = AbortSignal.abort();
    for (const error of [
      await failure(collect(here.client.count(0, { signal }))),
      await failure(collect(here.client.chat(source.items, { signal }))),
      await failure(here.client.sum(source.items, { signal })),
      await failure(here.client.unary(0, { signal })),
    ]) {
      expect([error.code, error.execution]).toEqual(['CANCELLED', 'not-sent']);
    }
    await quiet();
    expect([served, source.given]).toEqual([0, 0]);
    expectNothingLeft(here);
  });

  test('that has aborted already lets go of what was to be the input, and so does a call that is never sent', async () => {
    await using here = world({}, { calls: 0 });
    const inputs = Array.from({ length: 6 }, () => new PassThrough({ objectMode: true }));
    const take = (): Readable => inputs.pop() as Readable;
    const [one, two, three, four, five, six] = inputs;
    await here.near.ready;
    await failure(here.client.sum(take(), { signal: AbortSignal.abort() }));
    await failure(here.client.sum(take(), { deadline: 5 }));
    await failure(here.client.sum(take(), { deadline: 'x' as unknown as number }));
    await here.client.chat(take()).return();
    await here.near.close();
    await failure(here.client.sum(take()));
    await failure(collect(here.client.chat(take())));
    expect([six, five, four, three, two, one].map((input) => input?.destroyed)).toEqual(Array(6).fill(true));
  });

  test('that aborts while all items are here, but unread, ends the loop with an error all the same', async () => {
    await using here = world({ count: () => [1, 2, 3, 4, 5] });
    const controller = new AbortController();
    const read: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const n of here.client.count(0, { signal: controller.signal })) {
        read.push(n);
        await quiet();
        if (n === 2) {
          expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
          controller.abort();
        }
      }
    };
    expect((await failure(reading())).code).toBe('CANCELLED');
    expect(read).toEqual([1, 2]);
    expectNothingLeft(here);
  });

  test('that aborts after the loop has ended does nothing', async () => {
    await using here = world({ count: () => [1] });
    const controller = new AbortController();
    const answer = here.client.count(0, { signal: controller.signal });
    expect(await collect(answer)).toEqual([1]);
    controller.abort();
    expect(await answer.next()).toEqual({ done: true, value: undefined });
  });

  test('of a handler whose input is all here, but unread, ends its loop with an error and not as if that was all', async () => {
    const go = gate();
    const outcome: unknown[] = [];
    await using here = world({
      async sum(items) {
        try {
          for await (const n of items) {
            outcome.push(n);
            await go.opened;
          }
          outcome.push('whole');
        } catch (error) {
          outcome.push((error as RpcError).code);
        }
        return 0;
      },
    });
    const controller = new AbortController();
    const call = here.client.sum([1, 2, 3], { signal: controller.signal });
    await quiet();
    controller.abort();
    expect((await failure(call)).code).toBe('CANCELLED');
    await quiet();
    go.open();
    await quiet();
    expect(outcome).toEqual([1, 'CANCELLED']);
    expectNothingLeft(here);
  });
});

describe('a deadline', () => {
  test('ends a stream that goes on: at its reader, in its handler, and in its input', async () => {
    const { count, told } = endlessCount();
    const source = endless();
    await using here = world({ count, chat: (items) => items });
    const late = { deadline: 20 };
    const patient = async (items: AsyncIterable<number>): Promise<void> => {
      for await (const _ of items) await quiet();
    };
    const errors = await Promise.all([
      failure(patient(here.client.count(0, late))),
      failure(patient(here.client.chat(source.items, late))),
    ]);
    for (const error of errors) expect([error.code, error.execution]).toEqual(['DEADLINE_EXCEEDED', 'unknown']);
    await quiet();
    expect([told, source.returned]).toEqual([[true, 'DEADLINE_EXCEEDED'], 1]);
    expectNothingLeft(here);
  });

  test('runs from when the stream is opened, not from when it was made', async () => {
    await using here = world({
      async *count(_, { deadline }) {
        yield deadline;
      },
    });
    const answer = here.client.count(0, { deadline: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { value } = await answer.next();
    expect(value).toBeGreaterThan(980);
    await answer.return();
  });

  test('is none for what streams, and 30 seconds for a unary call, where nobody names one', async () => {
    const deadlines: number[] = [];
    const note = ({ deadline }: { readonly deadline: number }): number => deadlines.push(deadline);
    await using here = world({
      count: (_, context) => [note(context)],
      sum: (_, context) => note(context),
      chat: (_, context) => [note(context)],
      unary: (_, context) => note(context),
    });
    await collect(here.client.count(0));
    await here.client.sum([]);
    await collect(here.client.chat([]));
    await here.client.unary(0);
    const never = Number.POSITIVE_INFINITY;
    expect(deadlines.map((deadline) => Math.round(deadline / 1000))).toEqual([never, never, never, 30]);
  });
});

describe('the end of the connection', () => {
  test('ends what its handlers give: the signal aborts and generators return', async () => {
    const { count, told } = endlessCount();
    const here = world({ count });
    const answer = here.client.count(0);
    await answer.next();
    here.line.destroy();
    await here.far.closed;
    await quiet();
    expect(told).toEqual([true, 'CANCELLED']);
    expect(here.reported).toEqual([]);
  });

  test('ends a loop over a stream with UNAVAILABLE, behind the items that had come', async () => {
    await using here = world({
      async *count(_, { signal }) {
        yield* [1, 2, 3];
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    });
    const read: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const n of here.client.count(0)) {
        read.push(n);
        await quiet();
        if (n === 1) here.line.destroy();
      }
    };
    const error = await failure(reading());
    expect([error.code, error.execution, error.method]).toEqual(['UNAVAILABLE', 'unknown', 'streams.count']);
    expect(read).toEqual([1, 2, 3]);
  });

  test('ends an input, and the loop of the handler that reads it', async () => {
    const source = endless();
    const begun = gate();
    const outcome: unknown[] = [];
    await using here = world({
      async sum(items) {
        try {
          for await (const _ of items) {
            begun.open();
            await quiet();
          }
          outcome.push('whole');
        } catch (error) {
          outcome.push((error as RpcError).code);
        }
        return 0;
      },
    });
    const call = failure(here.client.sum(source.items));
    await begun.opened;
    here.line.destroy();
    expect((await call).code).toBe('UNAVAILABLE');
    await quiet();
    await quiet();
    expect([outcome, source.returned]).toEqual([['CANCELLED'], 1]);
  });

  test('by closing lets streams that were opened go on to their end, within the grace', async () => {
    await using here = world({
      async *count(n) {
        for (let i = 0; i < n; i++) {
          await quiet();
          yield i;
        }
      },
      chat: (items) => items,
    });
    const answer = here.client.count(20);
    const talk = here.client.chat(endless().items);
    const numbers = [await answer.next(), await talk.next()].map(({ value }) => value);
    expect(numbers).toEqual([0, 0]);
    const closed = here.near.close();
    expect((await collect(answer)).length).toBe(19);
    await talk.return();
    await closed;
    const late = await failure(collect(here.client.count(1)));
    expect([late.code, late.execution]).toEqual(['UNAVAILABLE', 'not-sent']);
  });

  test('by closing ends streams that go on when the grace is over', async () => {
    const { count, told } = endlessCount();
    await using here = world({ count });
    const answer = here.client.count(0);
    await answer.next();
    const closed = here.far.close({ grace: 20 });
    const reading = async (): Promise<void> => {
      for await (const _ of answer) await quiet();
    };
    expect((await failure(reading())).code).toBe('UNAVAILABLE');
    await closed;
    await quiet();
    expect(told).toEqual([true, 'CANCELLED']);
  });
});

describe('a handler that leaves the loop over its input', () => {
  test('makes the caller return its input, and goes on to its answer', async () => {
    const source = endless();
    const go = gate();
    await using here = world({
      async sum(items) {
        let sum = 0;
        for await (const n of items) {
          sum += n;
          if (n === 3) break;
        }
        await go.opened;
        return sum;
      },
    });
    const call = here.client.sum(source.items);
    while (source.returned === 0) await quiet();
    expect([here.near.pending, here.far.serving]).toEqual([1, 1]);
    go.open();
    expect(await call).toBe(6);
    expect(source.returned).toBe(1);
    expectNothingLeft(here);
  });

  test('may go on giving items, and the call ends when it does', async () => {
    const source = endless();
    await using here = world({
      async *chat(items) {
        await items.next();
        await items.return?.();
        while (source.returned === 0) await quiet();
        yield* [1, 2, 3];
      },
    });
    expect(await collect(here.client.chat(source.items))).toEqual([1, 2, 3]);
    expectNothingLeft(here);
  });

  test('finds nothing more in it', async () => {
    const found: unknown[] = [];
    await using here = world({
      async sum(items) {
        for await (const n of items) {
          found.push(n);
          break;
        }
        found.push(await items.next(), ...(await collect(items)));
        return 0;
      },
    });
    await here.client.sum([1, 2, 3]);
    expect(found).toEqual([1, { done: true, value: undefined }]);
  });

  test('by answering, or by throwing, makes the caller return its input', async () => {
    const sources = [endless(), endless()] as const;
    await using here = world({
      async sum(items, { deadline }) {
        await items.next();
        if (deadline < Infinity) throw new RpcError('NOT_FOUND', 'No.');
        return 5;
      },
    });
    expect(await here.client.sum(sources[0].items)).toBe(5);
    expect((await failure(here.client.sum(sources[1].items, { deadline: 10_000 }))).code).toBe('NOT_FOUND');
    await quiet();
    expect(sources.map(({ returned }) => returned)).toEqual([1, 1]);
    expectNothingLeft(here);
  });

  test('may read on what has come, and then finds the end, once it has answered', async () => {
    let input: AsyncIterableIterator<number> | undefined;
    await using here = world({
      sum(items) {
        input = items;
        return 0;
      },
    });
    await here.client.sum([1]);
    await quiet();
    expect((await collect(input as AsyncIterableIterator<number>)).length).toBeLessThan(2);
    expectNothingLeft(here);
  });

  test('lets go of a Node stream or a web stream that gives nothing just then, and answers all the same', async () => {
    const node = new PassThrough({ objectMode: true });
    let cancelled = 0;
    const web = new ReadableStream<number>({
      start: (controller) => controller.enqueue(1),
      cancel() {
        cancelled++;
      },
    });
    node.write(1);
    await using here = world({
      async sum(items) {
        for await (const _ of items) break;
        await quiet();
        return 5;
      },
    });
    expect([await here.client.sum(node), await here.client.sum(web)]).toEqual([5, 5]);
    expect([node.destroyed, cancelled]).toEqual([true, 1]);
    expectNothingLeft(here);
  });

  test('destroys a Node stream that gives it', async () => {
    const input = new PassThrough({ objectMode: true });
    input.write(1);
    await using here = world({
      async sum(items) {
        for await (const n of items) if (n === 2) break;
        return 0;
      },
    });
    const call = here.client.sum(input);
    await quiet();
    input.write(2);
    input.write(3);
    await call;
    input.write(4);
    await quiet();
    expect(input.destroyed).toBe(true);
    expectNothingLeft(here);
  });
});

describe('the slot of a call that was given up', () => {
  test('is free when its generator has really returned, and not before', async () => {
    const go = gate();
    const leaving = gate();
    await using here = world(
      {
        async *count() {
          try {
            for (;;) yield 1;
          } finally {
            leaving.open();
            await go.opened;
          }
        },
      },
      { calls: 1 },
    );
    for await (const _ of here.client.count(0)) break;
    let answered = false;
    const next = here.client.unary(7).then((n) => {
      answered = true;
      return n;
    });
    await leaving.opened;
    await quiet();
    expect([answered, here.far.serving, here.near.pending]).toEqual([false, 1, 1]);
    go.open();
    expect(await next).toBe(7);
    expectNothingLeft(here);
  });

  test('is free when its handler has really returned, and not before, where its input streams', async () => {
    const go = gate();
    const aborted = gate();
    await using here = world(
      {
        async sum(_, { signal }) {
          signal.addEventListener('abort', aborted.open);
          await go.opened;
          return 1;
        },
      },
      { calls: 1 },
    );
    const controller = new AbortController();
    const call = failure(here.client.sum(endless().items, { signal: controller.signal }));
    await quiet();
    controller.abort();
    await call;
    await aborted.opened;
    let answered = false;
    const next = here.client.unary(7).then(() => {
      answered = true;
    });
    await quiet();
    expect([answered, here.far.serving]).toEqual([false, 1]);
    go.open();
    await next;
    expectNothingLeft(here);
  });

  test('is waited for by other calls only as long as their deadlines', async () => {
    await using here = world({ count: () => endless().items }, { calls: 1 });
    const answer = here.client.count(0);
    await answer.next();
    const late = await failure(here.client.unary(1, { deadline: 15 }));
    expect([late.code, late.execution]).toEqual(['DEADLINE_EXCEEDED', 'not-sent']);
    const source = endless();
    const never = await failure(here.client.sum(source.items, { deadline: 15 }));
    expect([never.code, never.execution, source.given]).toEqual(['DEADLINE_EXCEEDED', 'not-sent', 0]);
    await answer.return();
    expect(await here.client.unary(1)).toBe(1);
    expectNothingLeft(here);
  });
});

test('a producer is asked for no more than the window holds while its consumer does not read', async () => {
  const source = endless();
  const other = endless();
  const go = gate();
  await using here = world({
    count: () => source.items,
    async sum(items) {
      await go.opened;
      await items.return?.();
      return 0;
    },
  });
  const answer = here.client.count(0);
  await answer.next();
  const call = here.client.sum(other.items);
  for (let i = 0; i < 10; i++) await quiet();
  const so = [source.given, other.given];
  for (let i = 0; i < 10; i++) await quiet();
  expect([source.given, other.given]).toEqual(so);
  for (const given of so) expect(given).toBeLessThan(262_144 / 64 + 10);
  go.open();
  expect(await call).toBe(0);
  await answer.return();
});
