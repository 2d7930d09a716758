import { describe, expect, test } from 'vitest';
import { type ClientWorld, clientWorld, fateOf } from './client-world.ts';
import { quiet } from './fake-clock.ts';

async function connected(...setting: Parameters<typeof clientWorld>): Promise<ClientWorld> {
  const world = clientWorld(...setting);
  await world.channel.whenReady();
  return world;
}

/** Nothing is left that would keep a process running, or wake it. */
async function expectNothingLeft({ channel, clock, servers }: ClientWorld): Promise<void> {
  // The servers' ends hear of it; and a transport is held for a moment after a call, and let go of in time.
  await quiet();
  for (const server of servers) for (const peer of server.peers) await peer.close({ grace: 0 });
  const dials = servers.map((server) => server.dials);
  await clock.pass(1000);
  expect([clock.timers, clock.holds, channel.invoker.pending]).toEqual([0, 0, 0]);
  await clock.pass(300_000);
  expect(servers.map((server) => server.dials)).toEqual(dials);
}

describe('closing a client', () => {
  test.each(['up', 'gone', 'busy', 'silent'] as const)('that never called, of a server that is %s', async (mood) => {
    for (const settled of [false, true]) {
      const world = clientWorld({ moods: [mood] });
      if (settled) await quiet();
      const [closed, alsoClosed] = [fateOf(world.channel.close()), fateOf(world.channel.whenClosed())];
      expect(world.channel.connectivity).toBe('SHUTDOWN');
      // A transport whose other end says nothing is let go of after a moment.
      await world.clock.pass(1000);
      expect([closed.outcome, alsoClosed.outcome]).toEqual(['done', 'done']);
      await expectNothingLeft(world);
    }
  });

  test('that waits for its next attempt', async () => {
    const world = await connected();
    world.server.kill();
    await world.clock.pass(50);
    await world.channel.close();
    await expectNothingLeft(world);
  });

  test('twice is closing once, and new calls fail at once', async () => {
    const world = await connected();
    expect(world.channel.close()).toBe(world.channel.close({ grace: 0 }));
    const calls = [fateOf(world.client.upper('a')), fateOf(world.client.note('a', { waitForReady: true }))];
    await quiet();
    expect(calls.map(({ outcome }) => outcome)).toEqual(['UNAVAILABLE not-sent', 'UNAVAILABLE not-sent']);
    await world.channel.close();
    await expectNothingLeft(world);
  });

  test('lets its open calls finish, and fails them when the grace is over', async () => {
    const world = await connected();
    const [quick, slow] = [fateOf(world.client.hold('a')), fateOf(world.client.again('b'))];
    await quiet();
    const closed = fateOf(world.channel.close({ grace: 500 }));
    world.server.held.shift()?.();
    await world.clock.pass(499);
    expect([quick.outcome, slow.outcome, closed.outcome]).toEqual(['A', undefined, undefined]);
    await world.clock.pass(1);
    expect(slow.outcome).toBe('UNAVAILABLE unknown');
    await world.clock.pass(1000);
    expect(closed.outcome).toBe('done');
    await expectNothingLeft(world);
  });

  test('lets calls go on that wait for a connection, within the grace', async () => {
    const world = clientWorld({ moods: ['gone'], waitForReady: true });
    const call = fateOf(world.client.upper('a'));
    await quiet();
    const closed = fateOf(world.channel.close({ grace: 500 }));
    world.server.mood = 'up';
    await world.clock.pass(100);
    await quiet();
    expect([call.outcome, closed.outcome]).toEqual(['A', 'done']);
    await expectNothingLeft(world);
  });

  test('fails them with the true reason where there will be none', async () => {
    const world = clientWorld({ moods: ['silent'] });
    const call = fateOf(world.client.upper('a', { deadline: 60_000 }));
    const closed = fateOf(world.channel.close({ grace: 30_000 }));
    await world.clock.pass(11_000);
    expect(call.error?.message).toContain('did not say hello');
    expect([call.outcome, closed.outcome]).toEqual(['UNAVAILABLE not-sent', 'done']);
    await expectNothingLeft(world);
  });

  test('fails them with the reason once there will be no connection, however long the grace', async () => {
    const world = clientWorld({ moods: ['silent'], reconnect: false });
    const calls = [fateOf(world.client.upper('a', { deadline: 60_000 })), fateOf(world.client.note('b'))];
    const closed = fateOf(world.channel.close({ grace: 1_000_000 }));
    await world.clock.pass(11_000);
    for (const { error } of calls) expect(error?.message).toContain('did not say hello');
    expect([...calls.map(({ outcome }) => outcome), closed.outcome]).toEqual([
      'UNAVAILABLE not-sent',
      'UNAVAILABLE not-sent',
      'done',
    ]);
    await expectNothingLeft(world);
  });

  test('fails them when the grace is over, and tells why', async () => {
    const world = clientWorld({ moods: ['gone'], waitForReady: true });
    const calls = [fateOf(world.client.upper('a')), fateOf(world.client.note('b'))];
    const closed = fateOf(world.channel.close({ grace: 150 }));
    await world.clock.pass(149);
    expect([...calls.map(({ outcome }) => outcome), closed.outcome]).toEqual([undefined, undefined, undefined]);
    await world.clock.pass(1);
    expect(calls.map(({ error }) => error?.message)).toEqual([
      'The client was closed, and its grace is over.',
      'The client was closed, and its grace is over.',
    ]);
    expect(closed.outcome).toBe('done');
    await expectNothingLeft(world);
  });

  test('does not wait for calls that wait no more: given up, or come to their deadlines', async () => {
    const world = clientWorld({ moods: ['gone'], waitForReady: true });
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [world.client.upper('a', { signal }), world.client.upper('b', { deadline: 50 })].map(fateOf);
    await quiet();
    // One had given up before.
    controller.abort();
    const closed = fateOf(world.channel.close());
    await world.clock.pass(49);
    expect(closed.outcome).toBeUndefined();
    await world.clock.pass(1);
    expect(calls.map(({ outcome }) => outcome)).toEqual(['CANCELLED not-sent', 'DEADLINE_EXCEEDED not-sent']);
    expect(closed.outcome).toBe('done');
    await expectNothingLeft(world);
  });

  test('closes all of its connections, those too that are being replaced', async () => {
    const world = await connected({ moods: ['up', 'up'] });
    const calls = [fateOf(world.client.hold('a')), fateOf(world.client.hold('b'))];
    await quiet();
    const [first, second] = world.servers;
    void first?.drain();
    await quiet();
    const closed = fateOf(world.channel.close());
    await quiet();
    first?.held.shift()?.();
    await quiet();
    expect(closed.outcome).toBeUndefined();
    second?.held.shift()?.();
    await world.clock.pass(0);
    expect([...calls.map(({ outcome }) => outcome), closed.outcome]).toEqual(['A', 'B', 'done']);
    await expectNothingLeft(world);
  });
});

describe('a client that nobody closes', () => {
  test('holds its process only while calls wait', async () => {
    const world = clientWorld({ moods: ['gone'] });
    await world.clock.pass(5000);
    expect(world.clock.holds).toBe(0);
    const calls = [1, 2].map(() => fateOf(world.client.upper('a', { waitForReady: true, deadline: 100 })));
    expect(world.clock.holds).toBe(1);
    await world.clock.pass(100);
    expect([calls.map(({ outcome }) => outcome), world.clock.holds]).toEqual([
      ['DEADLINE_EXCEEDED not-sent', 'DEADLINE_EXCEEDED not-sent'],
      0,
    ]);
    const closed = fateOf(world.channel.whenClosed());
    expect(world.clock.holds).toBe(1);
    await world.channel.close();
    await quiet();
    expect(closed.outcome).toBe('done');
    await expectNothingLeft(world);
  });

  test('forgets calls that were given up while they waited', async () => {
    const world = clientWorld({ moods: ['gone'], waitForReady: true });
    const stays = fateOf(world.client.upper('stays', { deadline: Number.POSITIVE_INFINITY }));
    const fates = Array.from({ length: 1000 }, (_, i) => {
      const controller = new AbortController();
      const { signal } = controller;
      const call = world.client.upper(`${i}`, { signal, deadline: Number.POSITIVE_INFINITY });
      controller.abort();
      return fateOf(call);
    });
    await quiet();
    expect(new Set(fates.map(({ outcome }) => outcome))).toEqual(new Set(['CANCELLED not-sent']));
    expect(world.channel.invoker.pending).toBe(1);
    world.server.mood = 'up';
    await world.clock.pass(100);
    expect([stays.outcome, world.server.ran]).toEqual(['STAYS', ['stays']]);
    await world.channel.close();
    await expectNothingLeft(world);
  });
});
