import { describe, expect, test } from 'vitest';
import { type ClientWorld, clientWorld, fateOf } from './client-world.ts';
import { quiet } from './fake-clock.ts';

/** A client whose calls can leave. */
async function connected(...setting: Parameters<typeof clientWorld>): Promise<ClientWorld> {
  const world = clientWorld(...setting);
  await world.channel.whenReady();
  return world;
}

describe('a client that connects', () => {
  test('dials at once, lets calls wait, and sends them in the order in which they were made', async () => {
    const world = clientWorld();
    expect([world.server.dials, world.channel.connectivity]).toEqual([1, 'CONNECTING']);
    const calls = [world.client.upper('a'), world.client.note('b'), world.client.upper('c')];
    expect(await Promise.all(calls)).toEqual(['A', undefined, 'C']);
    await quiet();
    expect(world.server.ran).toEqual(['a', 'b', 'c']);
    expect(world.states).toEqual(['CONNECTING', 'READY']);
    await world.channel.close();
  });

  test('fails its calls with the reason where nobody is there, and finds the server when it comes', async () => {
    const world = clientWorld({ moods: ['gone'] });
    const call = fateOf(world.client.upper('a'));
    const event = fateOf(world.client.note('a'));
    await quiet();
    expect([call.outcome, event.outcome]).toEqual(['UNAVAILABLE not-sent', 'UNAVAILABLE not-sent']);
    expect(call.error?.message).toBe('Nothing listens at fake:a.');
    expect(call.error?.method).toBe('work.upper');
    expect(world.channel.connectivity).toBe('TRANSIENT_FAILURE');
    // Now they fail at once.
    const second = fateOf(world.client.upper('a'));
    await quiet();
    expect(second.outcome).toBe('UNAVAILABLE not-sent');
    world.server.mood = 'up';
    await world.clock.pass(100);
    expect(await world.client.upper('b')).toBe('B');
    expect(world.states).toEqual(['CONNECTING', 'TRANSIENT_FAILURE', 'READY']);
    await world.channel.close();
  });

  test('fails its calls with PERMISSION_DENIED where it is turned away for who it is, and goes on dialling', async () => {
    const world = clientWorld({ moods: ['strict'] });
    const call = fateOf(world.client.upper('a'));
    const event = fateOf(world.client.note('a'));
    await quiet();
    const second = fateOf(world.client.upper('a'));
    await quiet();
    for (const { outcome, error } of [call, event, second]) {
      expect(outcome).toBe('PERMISSION_DENIED not-sent');
      expect(error?.message).toBe('The server refused the connection: not you');
    }
    await expect(world.channel.whenReady()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await world.clock.pass(99);
    expect([world.server.dials, world.channel.connectivity]).toEqual([1, 'TRANSIENT_FAILURE']);
    world.server.mood = 'up';
    await world.clock.pass(1);
    expect(await world.client.upper('b')).toBe('B');
    await world.channel.close();
  });

  test('of several addresses fails its calls with PERMISSION_DENIED only where all turn it away', async () => {
    for (const [moods, code] of [
      [['strict', 'strict'], 'PERMISSION_DENIED'],
      [['strict', 'gone'], 'UNAVAILABLE'],
    ] as const) {
      const world = clientWorld({ moods });
      await quiet();
      const call = fateOf(world.client.upper('a'));
      await quiet();
      expect(call.outcome).toBe(`${code} not-sent`);
      await world.channel.close();
    }
  });

  test.each([
    ['nobody is there', 'gone'],
    ['it is turned away', 'strict'],
  ] as const)('dials again after one short wait where %s, and then as gRPC does', async (_, mood) => {
    const world = clientWorld({ moods: [mood] });
    const dials: number[] = [];
    for (const wait of [0, 99, 1, 999, 1, 1599, 1, 2559, 1]) {
      await world.clock.pass(wait);
      dials.push(world.server.dials);
    }
    expect(dials).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5]);
    await world.channel.close();
  });

  test('lets calls wait that say so, or all of them, and these fail only by their deadlines', async () => {
    for (const waitForReady of [false, true]) {
      const world = clientWorld({
        waitForReady,
        moods: ['gone'],
      });
      const options = waitForReady ? {} : { waitForReady: true };
      const waits = fateOf(world.client.upper('a', options));
      const late = fateOf(world.client.upper('b', { ...options, deadline: 500 }));
      const hasty = fateOf(world.client.upper('c', { waitForReady: false }));
      await world.clock.pass(1000);
      expect([waits.outcome, late.outcome, hasty.outcome]).toEqual([
        undefined,
        'DEADLINE_EXCEEDED not-sent',
        'UNAVAILABLE not-sent',
      ]);
      // And it says what it has waited for.
      expect(late.error?.message).toBe(
        'work.upper: no answer within 500 ms, and it was not sent. Nothing listens at fake:a.',
      );
      world.server.mood = 'up';
      await world.clock.pass(100);
      expect([waits.outcome, world.server.ran]).toEqual(['A', ['a']]);
      await world.channel.close();
    }
  });

  test('comes back after short waits to a server that has no room for it, and its calls wait', async () => {
    const world = clientWorld({ moods: ['busy'] });
    const call = fateOf(world.client.upper('a'));
    await world.clock.pass(100 + 160 + 256 + 410);
    expect([world.server.dials, call.outcome, world.states]).toEqual([5, undefined, ['CONNECTING']]);
    world.server.mood = 'up';
    await world.clock.pass(1000);
    expect(call.outcome).toBe('A');
    await world.channel.close();
  });

  test('gives up a server that says nothing, and tries again', async () => {
    const world = clientWorld({ moods: ['silent'] });
    const call = fateOf(world.client.upper('a'));
    await world.clock.pass(9999);
    expect([call.outcome, world.channel.connectivity]).toEqual([undefined, 'CONNECTING']);
    await world.clock.pass(1);
    expect(call.outcome).toBe('UNAVAILABLE not-sent');
    expect(call.error?.message).toContain('did not say hello within 10000 ms');
    world.server.mood = 'up';
    await world.clock.pass(100);
    expect(world.channel.connectivity).toBe('READY');
    await world.channel.close();
  });

  test.each([
    ['throws', () => fail('no')],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['gives no transport', () => ({}) as never],
    ['gives no transport in the end', () => Promise.resolve(undefined as never)],
  ])('tells why where the function that dials %s, and calls it again', async (_, dial) => {
    let dials = 0;
    const world = clientWorld({
      target: {
        address: 'a transport',
        once: false,
        dial: () => {
          dials++;
          return dial();
        },
      },
    });
    const call = fateOf(world.client.upper('a'));
    await world.clock.pass(100);
    expect([call.outcome, dials]).toEqual(['UNAVAILABLE not-sent', 2]);
    expect(call.error?.message).toMatch(/^Dialling failed: (no|what was dialled is no transport\.)$/);
    await world.channel.close();
  });

  test.each([
    ['is closed', (world: ClientWorld) => world.channel.close()],
    ['has waited too long for it', (world: ClientWorld) => world.clock.pass(500)],
  ])('lets go of a transport that comes when it %s', async (_, late) => {
    const gives: ((transport: never) => void)[] = [];
    const dial = () => new Promise<never>((resolve) => gives.push(resolve));
    const world = clientWorld({ target: { address: 'a transport', once: false, dial }, peer: { handshake: 500 } });
    await late(world);
    let destroyed = 0;
    const none = () => {};
    gives[0]?.({ start: none, send: none, end: none, hold: none, queued: 0, destroy: () => destroyed++ } as never);
    await quiet();
    expect(destroyed).toBe(1);
    await world.channel.close();
  });

  test('gives a dial up that makes no transport in time, says so, and dials again', async () => {
    let dials = 0;
    const dial = () => new Promise<never>(() => dials++);
    const world = clientWorld({ target: { address: 'a transport', once: false, dial }, peer: { handshake: 500 } });
    const call = fateOf(world.client.upper('a'));
    await world.clock.pass(499);
    expect(call.outcome).toBe(undefined);
    await world.clock.pass(1);
    expect(call.outcome).toBe('UNAVAILABLE not-sent');
    expect(call.error?.message).toBe('Dialling failed: no transport came within 500 ms (option "handshake").');
    await world.clock.pass(100);
    expect(dials).toBe(2);
    await world.channel.close();
  });
});

describe('whoever asks how a client stands', () => {
  test('is told of each address, of what is open there, and why one cannot be reached', async () => {
    const world = await connected({
      moods: ['up', 'gone'],
    });
    void world.client.hold('a').catch(() => {});
    await quiet();
    expect(world.channel.state).toMatchObject({
      connectivity: 'READY',
      reason: undefined,
      connections: [
        { address: 'fake:a', connectivity: 'READY', pending: 1, reason: undefined },
        { address: 'fake:b', connectivity: 'TRANSIENT_FAILURE', pending: 0 },
      ],
    });
    expect(world.channel.state.connections[1]?.reason?.message).toBe('Nothing listens at fake:b.');
    world.servers[0]?.kill();
    await world.clock.pass(200);
    expect(world.channel.state).toMatchObject({ connectivity: 'TRANSIENT_FAILURE' });
    const call = fateOf(world.client.upper('a'));
    await quiet();
    expect(call.error?.message).toMatch(/^None of 2 addresses can be reached. The first: Nothing listens at fake:a/);
    await world.channel.close({ grace: 0 });
    expect(world.channel.state.connections.map(({ connectivity }) => connectivity)).toEqual(['SHUTDOWN', 'SHUTDOWN']);
  });

  test('hears no more once it has said so, and does no harm by throwing', async () => {
    const world = clientWorld();
    const heard: string[] = [];
    const stop = world.channel.watch(() => heard.push(world.channel.connectivity));
    world.channel.watch(() => {
      throw new Error('mine');
    });
    world.channel.watch(() => Promise.reject(new Error('mine, later')));
    await world.channel.whenReady();
    stop();
    await world.channel.close();
    expect(heard).toEqual(['READY']);
    const told = world.reported.map(([error, where]) => `${where}: ${(error as Error).message}`);
    expect([...new Set(told)].sort()).toEqual(['watch: mine', 'watch: mine, later']);
  });

  test.each(['READY', 'CONNECTING', 'TRANSIENT_FAILURE'])('may close it when it hears of %s', async (state) => {
    const world = clientWorld({ moods: ['busy'] });
    let closed: Promise<void> | undefined;
    let begun = false;
    world.channel.watch(() => {
      if (begun && world.channel.connectivity === state) closed ??= world.channel.close({ grace: 0 });
    });
    begun = state === 'READY';
    world.server.mood = 'up';
    await world.clock.pass(100);
    begun = true;
    world.server.kill();
    await world.clock.pass(300);
    await closed;
    expect(closed).toBeDefined();
    const { dials } = world.server;
    await world.clock.pass(300_000);
    expect([world.server.dials, world.clock.timers, world.clock.holds]).toEqual([dials, 0, 0]);
  });

  test('waits for "ready" until calls can be made, or fail, or never will be', async () => {
    const up = clientWorld();
    expect(up.clock.holds).toBe(0);
    const ready = fateOf(up.channel.whenReady());
    expect([ready.outcome, up.clock.holds]).toEqual([undefined, 1]);
    await quiet();
    expect([ready.outcome, up.clock.holds]).toEqual(['done', 0]);
    await up.channel.close();
    const after = fateOf(up.channel.whenReady());
    await quiet();
    expect([after.outcome, after.error?.message]).toEqual(['UNAVAILABLE not-sent', 'The client was closed.']);

    const gone = (waitForReady: boolean) => clientWorld({ waitForReady, moods: ['gone'] });
    const hasty = gone(false);
    const failed = fateOf(hasty.channel.whenReady());
    await quiet();
    expect(failed.error?.message).toBe('Nothing listens at fake:a.');
    await hasty.channel.close();

    const patient = gone(true);
    const waits = fateOf(patient.channel.whenReady());
    await patient.clock.pass(100);
    expect([waits.outcome, patient.clock.holds]).toEqual([undefined, 1]);
    await patient.channel.close();
    await quiet();
    expect([waits.error?.message, patient.clock.holds]).toEqual(['The client was closed.', 0]);
  });
});

describe('"onConnect"', () => {
  test('is called for each connection, whose peer calls over that very one', async () => {
    const seen: string[] = [];
    const world = await connected({
      onConnect: async (peer) => {
        const { work } = await import('./contract.ts');
        seen.push(await peer.client(work).upper('hello'));
      },
    });
    await quiet();
    world.server.kill();
    world.server.mood = 'up';
    await world.clock.pass(100);
    await quiet();
    expect([seen, world.server.dials]).toEqual([['HELLO', 'HELLO'], 2]);
    await world.channel.close();
  });

  test('is heard of where it throws, and does no harm', async () => {
    for (const onConnect of [
      () => {
        throw new Error('mine');
      },
      () => Promise.reject(new Error('mine')),
    ]) {
      const world = await connected({ onConnect });
      expect(await world.client.upper('a')).toBe('A');
      expect(world.reported).toEqual([[new Error('mine'), 'onConnect']]);
      await world.channel.close();
    }
  });
});

function fail(why: string): never {
  throw new Error(why);
}
