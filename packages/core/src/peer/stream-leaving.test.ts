import { PassThrough, Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, test } from 'vitest';
import type { RpcError } from '../error/rpc-error.ts';
import { gate } from './test-gate.ts';
import { endless, endlessCount, world } from './test-number-streams.ts';
import { collect, failure } from './test-outcome.ts';
import { expectNothingLeft, quiet } from './test-world.ts';

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
