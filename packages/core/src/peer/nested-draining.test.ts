import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Context } from '../contract/context.ts';
import { event } from '../contract/event.ts';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import type { Limits } from '../wire/limits.ts';
import { gate } from './test-gate.ts';
import { collect, failure } from './test-outcome.ts';
import { type Ends, ends, expectNothingLeft, quiet } from './test-world.ts';

/** What both ends serve. */
const both = service('both', {
  run: method({ input: z.any(), output: z.any() }),
  flow: method({ input: z.any(), output: stream(z.any()) }),
  take: method({ input: stream(z.any()), output: z.any() }),
  note: event(z.any()),
});

type Served = Partial<Handlers<typeof both.methods>>;

function world(near: Served, far: Served, limits: Partial<Limits> = {}): Ends {
  const rest = { run: () => {}, flow: () => [], take: () => {}, note: () => {} };
  const serving = (handlers: Served) => new Implementations([implement(both, { ...rest, ...handlers })]);
  return ends({ limits, implementations: serving(near) }, { limits, implementations: serving(far) });
}

/** Two ends of which the far one's handler, once it runs, waits until it may call back. */
function callingBack(back: (context: Context) => unknown, near: Served = {}, limits: Partial<Limits> = {}) {
  const begun = gate();
  const may = gate();
  const run = async (_: unknown, context: Context): Promise<unknown> => {
    begun.open();
    await may.opened;
    return back(context);
  };
  const here = world({ run: (text) => `${text}!`, ...near }, { run }, limits);
  return { ...here, begun, may };
}

describe.each([
  ['the end that called', (here: Ends) => here.near.close()],
  ['the end that serves', (here: Ends) => here.far.close()],
  ['each end', (here: Ends) => Promise.all([here.near.close(), here.far.close()])],
])('while %s closes', (_, closing) => {
  test('a handler whose caller still waits can call it back, in every way that there is', async () => {
    await using here = callingBack(
      async ({ peer }) => {
        const back = peer.client(both);
        return [await back.run('a'), await collect(back.flow('ab')), await back.take(['a', 'b']), await back.note('n')];
      },
      { flow: (text) => [...text], take: async (items) => (await collect(items)).join('+') },
    );
    const call = here.near.client(both).run('x');
    await here.begun.opened;
    const closed = closing(here);
    await quiet();
    here.may.open();
    expect(await call).toEqual(['a!', ['a', 'b'], 'a+b', undefined]);
    await closed;
    expectNothingLeft(here);
  });

  test('what it calls back can call it back in turn, and so on', async () => {
    const begun = gate();
    const may = gate();
    const down = async (depth: number, { peer }: Context): Promise<string> => {
      begun.open();
      await may.opened;
      return depth === 0 ? '.' : `(${await peer.client(both).run(depth - 1)})`;
    };
    await using here = world({ run: down }, { run: down });
    const call = here.near.client(both).run(6);
    await begun.opened;
    const closed = closing(here);
    await quiet();
    may.open();
    expect(await call).toBe('((((((.))))))');
    await closed;
    expectNothingLeft(here);
  });

  test('no other call is made, nor one of a handler whose call is over', async () => {
    let peer: Context['peer'] | undefined;
    await using here = callingBack((context) => {
      ({ peer } = context);
    });
    const hold = gate();
    const held = callHeld(here, hold);
    const call = here.near.client(both).run('x');
    await here.begun.opened;
    const closed = closing(here);
    here.may.open();
    await call;
    const refused = { code: 'UNAVAILABLE', execution: expect.stringMatching(/^(not-sent|rejected)$/) };
    expect(await failure(here.near.client(both).run('new'))).toMatchObject(refused);
    expect(await failure(here.far.client(both).run('new'))).toMatchObject(refused);
    expect(await failure(peer?.client(both).run('late') as Promise<unknown>)).toMatchObject(refused);
    hold.open();
    await Promise.all([held, closed]);
    expectNothingLeft(here);
  });
});

/** Keeps the connection from being over. */
function callHeld(here: Ends, hold: { readonly opened: Promise<void> }): Promise<unknown> {
  async function* items(): AsyncGenerator<number> {
    await hold.opened;
    yield 1;
  }
  return here.near.client(both).take(items());
}

test('a handler of an event cannot call back while the connection closes: nobody waits for it', async () => {
  const begun = gate();
  const may = gate();
  const called: unknown[] = [];
  await using here = world(
    {},
    {
      note: async (_, { peer }) => {
        begun.open();
        await may.opened;
        called.push((await failure(peer.client(both).run('x'))).code);
      },
      take: async (items) => void (await collect(items)),
    },
  );
  const hold = gate();
  const held = callHeld(here, hold);
  void here.near.client(both).note('x');
  await begun.opened;
  const closed = here.near.close();
  await quiet();
  may.open();
  await expect.poll(() => called).toEqual(['UNAVAILABLE']);
  hold.open();
  await Promise.all([held, closed]);
});

test('calls back that are open when the grace is over fail with all the others', async () => {
  const inner = gate();
  const signals: boolean[] = [];
  await using here = callingBack(async ({ peer }) => await failure(peer.client(both).run('x')), {
    run: async (_, { signal }) => {
      inner.open();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      signals.push(signal.aborted);
    },
  });
  const call = failure(here.near.client(both).run('x'));
  await here.begun.opened;
  const closed = here.far.close({ grace: 30 });
  here.may.open();
  await inner.opened;
  expect(await call).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
  await closed;
  await quiet();
  expect(signals).toEqual([true]);
});

test('calls back that find no slot free fail at once, also while the connection closes', async () => {
  await using here = callingBack(
    async ({ peer }) => {
      const back = peer.client(both);
      const outcomes = await Promise.allSettled([back.run('a'), back.run('b')]);
      return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code));
    },
    {},
    { calls: 1 },
  );
  const call = here.near.client(both).run('x');
  await here.begun.opened;
  const closed = here.near.close();
  await quiet();
  here.may.open();
  expect(await call).toEqual(['a!', 'RESOURCE_EXHAUSTED']);
  await closed;
});

test('calls back fail where the caller has ended its side: it could not answer them', async () => {
  await using here = callingBack(async ({ peer }) => (await failure(peer.client(both).run('x'))).code);
  const call = here.near.client(both).run('x');
  await here.begun.opened;
  here.line.end();
  await quiet();
  here.may.open();
  expect(await call).toBe('UNAVAILABLE');
});
