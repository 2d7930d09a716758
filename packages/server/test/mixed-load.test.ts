import { expect, test } from 'vitest';
import { forked } from './forked.ts';
import { temporary } from './temporary.ts';

/** How many calls, streams and events. Run with 100,000 by hand. */
const LOAD = Number(process.env['NEARCALL_LOAD'] ?? 3000);
/** The calls that the server takes at once. */
const SLOTS = 1024;

/** The bytes by which a process may grow over half of the load. */
const MOST = 400_000;

test('a mix of everything leaves nothing behind', { timeout: 180_000 }, async () => {
  await using place = await temporary();
  await using server = await forked('mixed-load/server-child', place.at('s.sock'));
  await using client = await forked('mixed-load/client-child', place.at('s.sock'));

  /** Nothing waits on either side, and no handler goes on for nobody. */
  async function empty(): Promise<void> {
    const wait = { interval: 5, timeout: 5000 };
    await expect.poll(() => client.ask('left'), wait).toEqual({ pending: 0, serving: 0 });
    await expect.poll(() => server.ask('left'), wait).toEqual({ pending: 0, serving: 0, open: 0 });
  }

  async function half(): Promise<{ client: number; server: number }> {
    await client.ask('run', LOAD / 2);
    await empty();
    return { client: await client.ask('memory'), server: await server.ask('memory') };
  }

  // What is compiled and kept for good is there after the first half.
  const from = performance.now();
  const first = await half();
  let last = first;
  let grown = { client: Number.POSITIVE_INFINITY, server: Number.POSITIVE_INFINITY };
  // What leaks does so in every further half. What the engine keeps comes and goes.
  for (let i = 0; i < 4 && Math.max(grown.client, grown.server) >= MOST; i++) {
    const next = await half();
    grown = { client: next.client - last.client, server: next.server - last.server };
    last = next;
  }
  const took = performance.now() - from;
  if (process.env['NEARCALL_LOAD'] !== undefined) console.log({ LOAD, took, first, grown });

  expect(await client.ask('listeners')).toBe(0);
  const noted = await client.ask<number>('noted');
  expect(noted).toBeGreaterThan(LOAD / 25);
  expect(await server.ask('noted')).toBe(noted);

  // Every slot is free again: as many calls as ever run at once.
  await client.ask('fill', SLOTS);
  await expect
    .poll(() => server.ask('left'), { interval: 5, timeout: 5000 })
    .toEqual({ pending: 0, serving: SLOTS, open: SLOTS });
  expect(await client.ask('release')).toBe(0);
  await empty();

  expect(grown.client).toBeLessThan(MOST);
  expect(grown.server).toBeLessThan(MOST);
});
