import { PassThrough } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { gate } from './test-gate.ts';
import { endless, endlessCount, world } from './test-number-streams.ts';
import { collect, failure } from './test-outcome.ts';
import { expectNothingLeft, quiet } from './test-world.ts';

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
