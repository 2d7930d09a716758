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
