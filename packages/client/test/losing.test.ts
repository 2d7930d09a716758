import { getEventListeners } from 'node:events';
import { type Client, clientOf, event, method, service, type Transport } from '@nearcall/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ClientWorld, clientWorld, fateOf } from './client-world.ts';
import { FakeClock, quiet } from './fake-clock.ts';
import { FakeServer } from './fake-server.ts';

async function connected(...setting: Parameters<typeof clientWorld>): Promise<ClientWorld> {
  const world = clientWorld(...setting);
  await world.channel.whenReady();
  return world;
}

/** Lets each call go that a handler holds. */
async function letGo({ servers }: ClientWorld): Promise<void> {
  for (const { held } of servers) for (const open of held.splice(0)) open();
  await quiet();
}

describe('a call that is open when its connection is lost', () => {
  test('is made again only where its method is idempotent; others say that it may have run', async () => {
    const world = await connected();
    const [once, twice] = [fateOf(world.client.hold('a')), fateOf(world.client.again('b'))];
    await quiet();
    world.server.kill();
    await quiet();
    expect([once.outcome, twice.outcome]).toEqual(['UNAVAILABLE unknown', undefined]);
    expect([world.channel.connectivity, world.clock.holds]).toEqual(['CONNECTING', 1]);
    world.server.mood = 'up';
    await world.clock.pass(100);
    await letGo(world);
    expect([twice.outcome, world.server.ran]).toEqual(['B', ['a', 'b', 'b']]);
    expect([world.channel.invoker.pending, world.clock.holds]).toEqual([0, 0]);
    await world.channel.close();
  });

  test('is made again at another address at once, where there is one', async () => {
    const world = await connected({ moods: ['up', 'up'] });
    await quiet();
    const calls = [fateOf(world.client.again('a')), fateOf(world.client.again('b'))];
    await quiet();
    expect(world.servers.map(({ ran }) => ran.length)).toEqual([1, 1]);
    world.servers[0]?.kill();
    await quiet();
    expect(world.servers.map(({ ran }) => ran.length)).toEqual([1, 2]);
    await letGo(world);
    expect([calls.map(({ outcome }) => outcome), world.channel.connectivity]).toEqual([['A', 'B'], 'READY']);
    await world.channel.close();
  });

  test('fails where no connection comes, and says so of the attempt before', async () => {
    const world = await connected();
    const call = fateOf(world.client.again('a'));
    await quiet();
    world.server.kill();
    await world.clock.pass(200);
    expect(call.outcome).toBe('UNAVAILABLE unknown');
    expect(call.error?.message).toBe(
      'An attempt before was lost, and the handler may have run. Nothing listens at fake:a.',
    );
    await world.channel.close();
  });

  test('keeps the deadline and the signal that it had', async () => {
    const world = await connected();
    const controller = new AbortController();
    const { signal } = controller;
    const late = fateOf(world.client.again('a', { deadline: 60, waitForReady: true }));
    const aborted = fateOf(world.client.again('b', { signal, waitForReady: true }));
    await quiet();
    world.server.kill();
    await world.clock.pass(59);
    expect([late.outcome, aborted.outcome]).toEqual([undefined, undefined]);
    await world.clock.pass(1);
    controller.abort();
    await quiet();
    expect([late.outcome, aborted.outcome]).toEqual(['DEADLINE_EXCEEDED unknown', 'CANCELLED unknown']);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    world.server.mood = 'up';
    await world.clock.pass(100);
    expect(world.server.ran).toEqual(['a', 'b']);
    await world.channel.close();
  });

  test('is not made for the sixth time: it might be what ends its server', async () => {
    const world = await connected();
    const call = fateOf(world.client.again('a', { waitForReady: true }));
    for (let i = 0; i < 6; i++) {
      await quiet();
      world.server.kill();
      world.server.mood = 'up';
      await world.clock.pass(1000);
    }
    expect([call.outcome, world.server.ran.length]).toEqual(['UNAVAILABLE unknown', 5]);
    await world.channel.close();
  });

  test('or an event, is made again whole, also where reading its input is what ended the connection', async () => {
    const world = await connected();
    const { server, channel } = world;
    const odd = service('odd', { take: method({ input: z.any(), output: z.any() }), tell: event(z.any()) });
    const client = clientOf(channel.invoker, odd) as Client<typeof odd.methods>;
    let reads = 0;
    const input = {
      get field() {
        if (reads++ === 0) {
          server.kill();
          server.mood = 'up';
        }
        return 1;
      },
    };
    const call = fateOf(client.take(input));
    await world.clock.pass(200);
    // So says the server, which has no such method: it has heard of the call.
    expect([call.outcome, reads]).toEqual(['UNIMPLEMENTED rejected', 2]);
    reads = 0;
    const told = fateOf(client.tell(input));
    await world.clock.pass(200);
    expect([told.outcome, reads]).toEqual(['done', 2]);
    await channel.close();
  });
});

describe('a stream that is open when its connection is lost', () => {
  test('begins anew where nothing of it has come, and breaks off where something has', async () => {
    const world = await connected();
    const early = world.client.count('early')[Symbol.asyncIterator]();
    const late = world.client.count('late')[Symbol.asyncIterator]();
    const [first, second] = [fateOf(early.next()), late.next()];
    await quiet();
    world.server.held.pop()?.();
    expect(await second).toEqual({ done: false, value: 0 });
    const third = fateOf(late.next());
    world.server.kill();
    world.server.mood = 'up';
    await world.clock.pass(100);
    expect([third.outcome, world.server.ran]).toEqual(['UNAVAILABLE unknown', ['early', 'late', 'early']]);
    await letGo(world);
    expect(first.outcome).toEqual({ done: false, value: 0 });
    await early.return?.();
    await world.channel.close();
  });

  test('is not made again where its input was drawn from', async () => {
    const world = await connected();
    async function* endless() {
      yield 'a';
      await new Promise(() => {});
    }
    const call = fateOf(world.client.gather(endless()));
    await quiet();
    world.server.kill();
    await quiet();
    expect(call.outcome).toBe('UNAVAILABLE unknown');
    await world.channel.close();
  });

  test('leaves while it waits to be made again, and nothing is made', async () => {
    const world = await connected();
    const reader = world.client.count('a', { waitForReady: true })[Symbol.asyncIterator]();
    const first = fateOf(reader.next());
    await quiet();
    world.server.kill();
    await world.clock.pass(50);
    await reader.return?.();
    await quiet();
    expect([first.outcome, world.clock.holds]).toEqual([{ done: true, value: undefined }, 0]);
    world.server.mood = 'up';
    await world.clock.pass(100);
    expect(world.server.ran).toEqual(['a']);
    await world.channel.close();
  });
});

describe('a server that ends a connection', () => {
  test('lets what is open on it finish, while new calls go over a fresh one', async () => {
    const world = await connected();
    const old = fateOf(world.client.hold('old'));
    await world.clock.pass(1000);
    const drained = world.server.drain();
    world.server.mood = 'up';
    await quiet();
    expect([world.channel.connectivity, world.channel.state.reason?.message]).toEqual([
      'CONNECTING',
      'The server is ending the connection.',
    ]);
    // What had lived for long is made anew without a wait.
    await world.clock.pass(0);
    expect(world.channel.connectivity).toBe('READY');
    expect(await world.client.upper('new')).toBe('NEW');
    expect(world.channel.state.connections[0]?.pending).toBe(1);
    await letGo(world);
    await drained;
    expect([old.outcome, world.server.ran]).toEqual(['OLD', ['old', 'new']]);
    await world.channel.close();
  });

  test('turns away calls that were on their way, which are made again whatever their method', async () => {
    const world = await connected();
    // In one tick: the call leaves before the word has come that nobody takes it.
    const calls = [fateOf(world.client.upper('a')), fateOf(world.client.again('b'))];
    void world.server.drain();
    world.server.mood = 'up';
    await quiet();
    expect(world.server.ran).toEqual([]);
    await world.clock.pass(100);
    await letGo(world);
    expect(calls.map(({ outcome }) => outcome)).toEqual(['A', 'B']);
    await world.channel.close();
  });

  test('leaves a call that cannot be repeated with its own error, which says that it has not run', async () => {
    const world = await connected({ reconnect: false });
    const call = fateOf(world.client.upper('a'));
    void world.server.drain();
    await quiet();
    expect([call.outcome, call.error?.message]).toEqual(['UNAVAILABLE rejected', 'The server is shutting down.']);
  });

  test('never repeats what a handler says has not run: only the protocol knows', async () => {
    const world = await connected();
    const call = fateOf(world.client.refuse('a'));
    await quiet();
    expect([call.outcome, world.server.ran]).toEqual(['UNAVAILABLE unknown', ['a']]);
    await world.channel.close();
  });
});

describe('an event that waits', () => {
  test('leaves over the next connection, in its place', async () => {
    const world = await connected();
    world.server.kill();
    await quiet();
    const [event, call] = [fateOf(world.client.note('a')), fateOf(world.client.upper('b'))];
    await quiet();
    expect([event.outcome, world.channel.connectivity]).toEqual([undefined, 'CONNECTING']);
    world.server.mood = 'up';
    await world.clock.pass(100);
    expect([event.outcome, call.outcome, world.server.ran]).toEqual(['done', 'B', ['a', 'b']]);
    await world.channel.close();
  });

  test('is not begun for the sixth time, either', async () => {
    const server = new FakeServer(new FakeClock(), 'fake:a', 'up');
    /** A connection that breaks as soon as much was sent over it. */
    const dial = (): Transport => {
      const near = server.dial();
      const send = near.send.bind(near);
      near.send = (bytes, more) => {
        send(bytes, more);
        if (bytes.length > 10_000) queueMicrotask(() => near.destroy());
      };
      return near;
    };
    const world = clientWorld({ target: { address: 'fake:a', once: false, dial } });
    // Longer than its receiver takes at once, so that it never leaves whole.
    const event = fateOf(world.client.note('x'.repeat(1_000_000)));
    for (let i = 0; i < 8; i++) await world.clock.pass(1000);
    expect([event.outcome, server.dials, server.ran]).toEqual(['UNAVAILABLE not-sent', 6, []]);
    await world.channel.close();
  });

  test('fails where no connection comes, and is nobody else’s concern', async () => {
    const world = await connected();
    world.server.kill();
    await quiet();
    void world.client.note('not awaited');
    const event = fateOf(world.client.note('a'));
    await world.clock.pass(200);
    expect(event.outcome).toBe('UNAVAILABLE not-sent');
    await world.channel.close();
  });
});

describe('a client of one connection', () => {
  test('stays without one once it is lost, and says so', async () => {
    const world = await connected({ reconnect: false });
    const [open, closed] = [fateOf(world.client.again('a')), fateOf(world.channel.whenClosed())];
    await quiet();
    world.server.kill();
    await quiet();
    expect([open.outcome, closed.outcome, world.channel.connectivity]).toEqual([
      'UNAVAILABLE unknown',
      'done',
      'SHUTDOWN',
    ]);
    const next = fateOf(world.client.upper('b', { waitForReady: true }));
    await world.clock.pass(100_000);
    expect([next.outcome, world.server.dials, world.clock.timers, world.clock.holds]).toEqual([
      'UNAVAILABLE not-sent',
      1,
      0,
      0,
    ]);
    expect(next.error?.message).toMatch(/Connect again\.$/);
  });

  test('tells a server that has ended without a word from one that lets what is open finish', async () => {
    const world = await connected({ reconnect: false });
    world.server.end();
    await quiet();
    const next = fateOf(world.client.upper('b'));
    await quiet();
    const reason = 'The server ended the connection.';
    expect([world.channel.connectivity, world.channel.state.reason?.message]).toEqual(['SHUTDOWN', reason]);
    expect(next.error?.message).toBe(`${reason} Connect again.`);
  });

  test('is over when the last call has finished on a connection that its server ends', async () => {
    const world = await connected({ reconnect: false });
    const [open, closed] = [fateOf(world.client.hold('a')), fateOf(world.channel.whenClosed())];
    await quiet();
    void world.server.drain();
    await quiet();
    const next = fateOf(world.client.upper('b'));
    await quiet();
    expect([closed.outcome, world.channel.connectivity]).toEqual([undefined, 'SHUTDOWN']);
    expect(next.error?.message).toBe('The server is ending the connection. Connect again.');
    await letGo(world);
    expect([open.outcome, closed.outcome]).toEqual(['A', 'done']);
  });

  test('rejects "closed" and "ready" with the reason where there never was one', async () => {
    for (const mood of ['gone', 'busy'] as const) {
      const world = clientWorld({ reconnect: false, moods: [mood] });
      const fates = [fateOf(world.channel.whenReady()), fateOf(world.channel.whenClosed())];
      await quiet();
      for (const { outcome } of fates) expect(outcome).toBe('UNAVAILABLE not-sent');
      expect([world.channel.connectivity, world.clock.holds]).toEqual(['SHUTDOWN', 0]);
    }
  });
});
