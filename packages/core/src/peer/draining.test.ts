import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Context } from '../contract/context.ts';
import { method } from '../contract/method.ts';
import { service } from '../contract/service.ts';
import { gate } from './test-gate.ts';
import { type World, worldOf } from './test-world.ts';

const held = service('held', { hold: method({ input: z.void(), output: z.void() }) });

/** Calls that wait until the connection drains, as it is seen by their handlers. */
async function holding(count: number, hold: (context: Context) => void): Promise<World<typeof held.methods>> {
  const begun = gate();
  let running = 0;
  const world = worldOf(held, {
    hold: (_, context) =>
      new Promise<void>((resolve) => {
        context.draining.addEventListener('abort', () => {
          hold(context);
          resolve();
        });
        if (++running === count) begun.open();
      }),
  });
  for (let i = 0; i < count; i++) void world.client.hold();
  await begun.opened;
  return world;
}

/** More than a test has. */
const LONG = { grace: 60_000 };

describe('a handler that goes on although its caller has given up', () => {
  /** A call that was given up by its deadline, and whose handler has not returned. */
  async function deserted(): Promise<World<typeof held.methods> & { readonly release: () => void }> {
    const { opened, open } = gate();
    const world = worldOf(held, { hold: () => opened });
    await expect(world.client.hold(undefined, { deadline: 1 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    return { ...world, release: open };
  }

  test('does not keep its caller from closing', async () => {
    await using world = await deserted();
    await world.near.close(LONG);
    await world.far.closed;
    world.release();
    await new Promise(setImmediate);
    expect(world.reported).toEqual([]);
  });

  test('is waited for by the end that runs it, where that one closes', async () => {
    await using world = await deserted();
    let closed = false;
    const closing = world.far.close(LONG).then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect([closed, world.far.serving]).toEqual([false, 1]);
    world.release();
    await closing;
  });

  test('can call nobody back once the connection is over', async () => {
    const { opened, open } = gate();
    const told = gate();
    let outcome: unknown;
    await using world = worldOf(held, {
      hold: async (_, { peer }) => {
        await opened;
        outcome = await peer
          .client(held)
          .hold()
          .catch(({ code, execution }) => [code, execution]);
        told.open();
      },
    });
    await expect(world.client.hold(undefined, { deadline: 1 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await world.near.close(LONG);
    open();
    await told.opened;
    expect(outcome).toEqual([expect.stringMatching(/^(UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED)$/), 'not-sent']);
  });
});

describe('context.draining', () => {
  const warned = vi.fn();
  beforeEach(() => void process.on('warning', warned));
  afterEach(() => void process.off('warning', warned));

  test('says UNAVAILABLE where it is the end that serves which closes', async () => {
    const reasons: unknown[] = [];
    await using world = await holding(1, ({ draining }) => reasons.push(draining.reason));
    await world.far.close();
    expect(reasons).toMatchObject([{ code: 'UNAVAILABLE', message: expect.stringContaining('This end is closing') }]);
  });

  test('says CANCELLED where it is the end that called', async () => {
    const reasons: unknown[] = [];
    await using world = await holding(1, ({ draining }) => reasons.push(draining.reason));
    await world.near.close();
    expect(reasons).toMatchObject([{ code: 'CANCELLED', message: expect.stringContaining('The other end') }]);
  });

  test('says the same to who asks only afterwards', async () => {
    const reasons: unknown[] = [];
    const asked = gate();
    const begun = gate();
    await using world = worldOf(held, {
      hold: async (_, context) => {
        begun.open();
        await asked.opened;
        reasons.push(context.draining.reason);
      },
    });
    const call = world.client.hold();
    await begun.opened;
    const closing = world.far.close();
    asked.open();
    await Promise.all([call, closing]);
    expect(reasons).toMatchObject([{ code: 'UNAVAILABLE' }]);
  });

  test('takes a listener of each call of a connection, and Node does not call that a leak', async () => {
    await using world = await holding(100, () => {});
    await world.far.close();
    // A warning comes a turn later.
    await new Promise(setImmediate);
    expect(warned.mock.calls).toEqual([]);
  });
});
