import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CallOptions } from '../contract/call-options.ts';
import type { Context } from '../contract/context.ts';
import { event } from '../contract/event.ts';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import type { RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { gate } from './test-gate.ts';
import { collect, failure } from './test-outcome.ts';
import { type Ends, ends, quiet } from './test-world.ts';

/** What the far end serves. */
const outer = service('outer', {
  run: method({ input: z.any(), output: z.any() }),
  flow: method({ input: z.any(), output: stream(z.any()) }),
  note: event(z.any()),
});

/** What the near end serves: what the far end's handlers call. */
const inner = service('inner', {
  run: method({ input: z.any(), output: z.any() }),
  flow: method({ input: z.any(), output: stream(z.any()) }),
  take: method({ input: stream(z.any()), output: z.any() }),
  note: event(z.any()),
});

type Outer = Handlers<typeof outer.methods>;
type Inner = Handlers<typeof inner.methods>;

interface Served {
  readonly outer?: Partial<Outer>;
  readonly inner?: Partial<Inner>;
  /** What both ends take. */
  readonly limits?: Partial<Limits>;
}

/** Two ends that call each other. */
function world({ limits, ...served }: Served): Ends {
  const outerHandlers: Outer = { run: () => {}, flow: () => [], note: () => {}, ...served.outer };
  const innerHandlers: Inner = { run: () => {}, flow: () => [], take: () => {}, note: () => {}, ...served.inner };
  return ends(
    { limits, implementations: new Implementations([implement(inner, innerHandlers)]) },
    { limits, implementations: new Implementations([implement(outer, outerHandlers)]) },
  );
}

/** What never ends by itself. */
function untilAborted({ signal }: Context): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

describe('a handler', () => {
  test('calls whoever called it, in every way that there is', async () => {
    const noted: unknown[] = [];
    await using here = world({
      outer: {
        async run(text, { peer }) {
          const back = peer.client(inner);
          await back.note(text);
          return [
            await back.run(text),
            await collect(back.flow(text)),
            await back.take([text, text]),
            await peer.client({ inner }).inner.run(text),
          ];
        },
      },
      inner: {
        run: (text) => `${text}!`,
        flow: (text) => [...text],
        take: async (items) => (await collect(items)).join('+'),
        note: (text) => void noted.push(text),
      },
    });
    expect(await here.near.client(outer).run('ab')).toEqual(['ab!', ['a', 'b'], 'ab+ab', 'ab!']);
    expect(noted).toEqual(['ab']);
  });

  test('of an event does, too', async () => {
    const noted: unknown[] = [];
    await using here = world({
      outer: { note: async (text, { peer }) => await peer.client(inner).note(await peer.client(inner).run(text)) },
      inner: { run: (text) => `${text}!`, note: (text) => void noted.push(text) },
    });
    await here.near.client(outer).note('ab');
    await quiet();
    expect(noted).toEqual(['ab!']);
  });

  test('learns when whoever called it is gone, and may send them away', async () => {
    const peers: Promise<void>[] = [];
    await using here = world({
      outer: {
        run(_, { peer }) {
          peers.push(peer.closed, peer.close({ grace: 1000 }));
          return 'bye';
        },
      },
    });
    expect(await here.near.client(outer).run(1)).toBe('bye');
    await Promise.all([...peers, here.near.closed]);
  });

  test('gets a client for a contract only', async () => {
    await using here = world({ outer: { run: (_, { peer }) => peer.client({} as typeof inner).run === undefined } });
    expect(await here.near.client(outer).run(1)).toBe(true);
    await using there = world({ outer: { run: (_, { peer }) => peer.client('inner' as unknown as typeof inner) } });
    expect((await failure(there.near.client(outer).run(1))).code).toBe('INTERNAL');
  });
});

describe('a nested call', () => {
  test('has at most the deadline that is left of the one that is served', async () => {
    const left: number[] = [];
    const note = (_: unknown, { deadline }: Context): void => void left.push(deadline);
    await using here = world({
      outer: {
        async run(deadline, { peer }) {
          const back = peer.client(inner);
          const options: CallOptions = deadline === undefined ? {} : { deadline };
          await back.run(0, options);
          await collect(back.flow(0, options));
          await back.take([], options);
        },
      },
      inner: {
        run: note,
        take: note,
        flow: (_, context) => [note(_, context)],
      },
    });
    const call = here.near.client(outer).run;
    await call(undefined, { deadline: 5000 });
    await call(60_000, { deadline: 5000 });
    for (const ms of left.splice(0)) {
      expect(ms).toBeLessThanOrEqual(5000);
      expect(ms).toBeGreaterThan(4000);
    }
    await call(700, { deadline: 5000 });
    for (const ms of left.splice(0)) expect(ms).toBeLessThanOrEqual(700);
    await call(undefined, { deadline: Number.POSITIVE_INFINITY });
    const never = Number.POSITIVE_INFINITY;
    expect(left.map((ms) => Math.round(ms / 1000))).toEqual([30, never, never]);
  });

  test('is given up when the one that is served is: its caller gets CANCELLED, its handler a signal', async () => {
    const seen: unknown[] = [];
    await using here = world({
      outer: {
        async run(_, { peer }) {
          const error = await failure(peer.client(inner).run(1));
          seen.push(error.code, error.method);
        },
      },
      inner: {
        run: (_, context) => untilAborted(context).finally(() => seen.push(context.signal.reason.code)),
      },
    });
    const controller = new AbortController();
    const call = here.near.client(outer).run(1, { signal: controller.signal });
    await quiet();
    controller.abort();
    expect((await failure(call)).code).toBe('CANCELLED');
    await quiet();
    expect(seen).toEqual(['CANCELLED', 'inner.run', 'CANCELLED']);
    expect([here.near.serving, here.far.serving, here.near.pending, here.far.pending]).toEqual([0, 0, 0, 0]);
  });

  test('is given up when the deadline of the one that is served has passed', async () => {
    const codes: string[] = [];
    await using here = world({
      outer: {
        async run(_, { peer }) {
          const error = await failure(peer.client(inner).run(1));
          codes.push(error.code);
          throw error;
        },
      },
      inner: { run: (_, context) => untilAborted(context) },
    });
    const error = await failure(here.near.client(outer).run(1, { deadline: 20 }));
    expect([error.code, error.method]).toEqual(['DEADLINE_EXCEEDED', 'outer.run']);
    expect(error.message).not.toMatch(/\d\.\d/);
    while (here.far.serving > 0) await quiet();
    expect(codes).toEqual(['DEADLINE_EXCEEDED']);
  });

  test('is given up when the reader of the stream that is served leaves', async () => {
    const codes: string[] = [];
    await using here = world({
      outer: {
        async *flow(_, { peer }) {
          yield 1;
          const error = await failure(collect(peer.client(inner).flow(1)));
          codes.push(error.code);
        },
      },
      inner: {
        async *flow(_, context) {
          yield 1;
          await untilAborted(context);
        },
      },
    });
    const answer = here.near.client(outer).flow(1);
    await answer.next();
    const more = answer.next();
    await quiet();
    await answer.return();
    await more;
    await quiet();
    expect(codes).toEqual(['CANCELLED']);
    expect([here.near.serving, here.far.serving]).toEqual([0, 0]);
  });

  test('over another connection is given up with the one that is served, too', async () => {
    const codes: string[] = [];
    const another = world({ outer: { run: (_, context) => untilAborted(context) } });
    const here = world({
      outer: {
        async run(_, parent) {
          codes.push((await failure(another.near.client(outer).run(1, { parent }))).code);
        },
      },
    });
    const call = failure(here.near.client(outer).run(1));
    await quiet();
    expect(another.far.serving).toBe(1);
    here.line.destroy();
    expect((await call).code).toBe('UNAVAILABLE');
    await quiet();
    expect([codes, another.far.serving]).toEqual([['CANCELLED'], 0]);
    await another[Symbol.asyncDispose]();
  });

  test('can be given up by a signal of its own as well', async () => {
    const controller = new AbortController();
    const codes: string[] = [];
    await using here = world({
      outer: {
        async run(_, { peer }) {
          const { signal } = controller;
          codes.push((await failure(peer.client(inner).run(1, { signal }))).code);
          codes.push((await failure(peer.client(inner).run(1, { signal }))).execution);
          return 'went on';
        },
      },
      inner: { run: (_, context) => untilAborted(context) },
    });
    const call = here.near.client(outer).run(1);
    await quiet();
    controller.abort();
    expect(await call).toBe('went on');
    expect(codes).toEqual(['CANCELLED', 'not-sent']);
  });

  test('of a call that is given up already is not made', async () => {
    let parent: Context | undefined;
    let ran = 0;
    await using here = world({
      outer: {
        async run(_, context) {
          parent = context;
          await untilAborted(context);
        },
      },
      inner: { run: () => void ran++ },
    });
    const controller = new AbortController();
    const call = failure(here.near.client(outer).run(1, { signal: controller.signal }));
    await quiet();
    controller.abort();
    await call;
    await quiet();
    const late = await failure(here.far.client(inner).run(1, { parent }));
    expect([late.code, late.execution, ran]).toEqual(['CANCELLED', 'not-sent', 0]);
  });

  test('fails at once where no slot is free, which other calls wait for', async () => {
    const errors: RpcError[] = [];
    const go = gate();
    await using here = world({
      outer: {
        async run(_, { peer }) {
          const back = peer.client(inner);
          const first = back.run('first');
          await quiet();
          errors.push(await failure(back.run('second')));
          errors.push(await failure(collect(back.flow('third'))));
          errors.push(await failure(back.take([])));
          await back.note('events wait for no slot');
          go.open();
          return await first;
        },
      },
      inner: {
        run: async (text) => {
          await go.opened;
          return text;
        },
      },
      limits: { calls: 1 },
    });
    expect(await here.near.client(outer).run(1)).toBe('first');
    expect(errors.map(({ code, execution }) => [code, execution])).toEqual(
      Array.from({ length: 3 }, () => ['RESOURCE_EXHAUSTED', 'not-sent']),
    );
    expect(errors[0]?.message).toContain('limit "calls"');
    expect(await Promise.all([1, 2, 3].map((n) => here.far.client(inner).run(n)))).toEqual([1, 2, 3]);
  });

  test('does wait for a connection that is still being made', async () => {
    let another: Ends | undefined;
    await using here = world({
      outer: {
        run(_, parent) {
          another = world({ outer: { run: () => 'there' } });
          return another.near.client(outer).run(1, { parent });
        },
      },
    });
    expect(await here.near.client(outer).run(1)).toBe('there');
    await another?.[Symbol.asyncDispose]();
  });

  test('is counted, back and forth, and one too many fails before it is sent', async () => {
    const depths: number[] = [];
    const down = async (depth: number, next: (depth: number) => Promise<unknown>): Promise<unknown> => {
      depths.push(depth);
      return await next(depth + 1);
    };
    await using here = world({
      outer: { run: (depth, { peer }) => down(depth, (deeper) => peer.client(inner).run(deeper)) },
      inner: { run: (depth, { peer }) => down(depth, (deeper) => peer.client(outer).run(deeper)) },
      limits: { nesting: 4 },
    });
    const error = await failure(here.near.client(outer).run(0));
    expect([error.code, error.execution]).toEqual(['RESOURCE_EXHAUSTED', 'unknown']);
    expect(error.message).toBe(
      "outer.run failed, because inner.run did (RESOURCE_EXHAUSTED); the server's log says why.",
    );
    expect(here.reported.map(([reason]) => (reason as Error).message)[0]).toContain('limit "nesting"');
    expect(depths).toEqual([0, 1, 2, 3, 4]);
    expect([here.near.serving, here.far.serving, here.near.pending, here.far.pending]).toEqual([0, 0, 0, 0]);
  });

  test('counts from the one that is served, over whatever connection, and an event is one to count', async () => {
    const codes: unknown[] = [];
    const another = world({
      outer: { run: (_, parent) => here.far.client(inner).run(1, { parent }) },
      limits: { nesting: 1 },
    });
    const here: Ends = world({
      outer: {
        run: (_, parent) => another.near.client(outer).run(1, { parent }),
        note: async (_, parent) => {
          codes.push(
            await another.near
              .client(outer)
              .run(1, { parent })
              .catch((error: RpcError) => error.code),
          );
        },
      },
      inner: { run: () => 'done' },
      limits: { nesting: 1 },
    });
    const error = await failure(here.near.client(outer).run(1));
    expect(error.code).toBe('RESOURCE_EXHAUSTED');
    const told = [...here.reported, ...another.reported].map(([reason]) => (reason as Error).message);
    expect(told.some((message) => message.includes('nested in 2 others'))).toBe(true);
    await here.near.client(outer).note(1);
    await quiet();
    expect(codes).toEqual(['RESOURCE_EXHAUSTED']);
    await Promise.all([here[Symbol.asyncDispose](), another[Symbol.asyncDispose]()]);
  });
});

describe('a parent', () => {
  test('that is no context of a handler fails the call, which is not sent', async () => {
    await using here = world({ outer: { run: (_, context) => wrong(context) } });
    const wrong = async (context: Context): Promise<unknown> => {
      const call = (parent: unknown): Promise<RpcError> =>
        failure(here.far.client(inner).run(1, { parent: parent as Context }));
      return (await Promise.all([call({}), call({ ...context }), call(null), call(7)])).map((error) => [
        error.code,
        error.execution,
        error.message,
      ]);
    };
    expect(await here.near.client(outer).run(1)).toEqual(
      Array.from({ length: 4 }, () => [
        'INVALID_ARGUMENT',
        'not-sent',
        'A call to inner.run: its parent is not the context of a handler.',
      ]),
    );
  });

  test('is not what the calls of a client outside of any call have', async () => {
    const nested: unknown[] = [];
    await using here = world({
      inner: { run: (_, { deadline }) => void nested.push(Math.round(deadline / 1000)) },
      limits: { nesting: 0 },
    });
    await here.far.client(inner).run(1);
    expect(nested).toEqual([30]);
  });
});

test('two ends that fill each other up with calls that call back fail some, and never stand still', async () => {
  await using here = world({
    outer: { run: (n, { peer }) => (n === 0 ? 0 : peer.client(inner).run(n - 1)) },
    inner: { run: (n, { peer }) => (n === 0 ? 0 : peer.client(outer).run(n - 1)) },
    limits: { calls: 4 },
  });
  const calls = Array.from({ length: 40 }, (_, i) => [
    here.near.client(outer).run(i % 10),
    here.far.client(inner).run(i % 10),
  ]).flat();
  const outcomes = await Promise.allSettled(calls);
  const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code));
  expect(new Set(codes)).toEqual(new Set([0, 'RESOURCE_EXHAUSTED']));
  expect([here.near.serving, here.far.serving, here.near.pending, here.far.pending]).toEqual([0, 0, 0, 0]);
});
