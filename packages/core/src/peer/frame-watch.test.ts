import { afterEach, describe, expect, test } from 'vitest';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { service } from '../contract/service.ts';
import type { Transport, TransportEvents } from '../transport/transport.ts';
import { PREFACE, type Role } from '../wire/preface.ts';
import type { Clock } from './clock.ts';
import { Peer } from './peer.ts';
import { quiet } from './test-world.ts';

const LIMIT = 30_000;
const HELLO = Buffer.of(0, 0, 0, 7, 1, 0, 0, 0, 0, 0, 0x80);
const PING = Buffer.concat([Buffer.of(0, 0, 0, 14, 3, 0, 0, 0, 0, 0), Buffer.alloc(8)]);

/** Time that goes on only when a test says so. It counts the timers that were set. */
class TestClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; action: () => void }>();
  set = 0;

  now(): number {
    return this.#now;
  }

  timer(action: () => void, milliseconds: number): () => void {
    this.set++;
    const timer = { at: this.#now + milliseconds, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  repeat(): () => void {
    throw new Error('Nothing is repeated here.');
  }

  defer<T>(action: (of: T) => void, of: T): void {
    process.nextTick(action, of);
  }

  turn(action: () => void): void {
    setImmediate(action);
  }

  hold(): () => void {
    return () => {};
  }

  /** Rings what is due, and leaves at once. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now || !this.#timers.delete(timer)) continue;
      timer.action();
    }
  }
}

interface World {
  readonly clock: TestClock;
  readonly peer: Peer;
  readonly events: TransportEvents;
  /** Everything that was sent, as Latin-1. */
  readonly sent: string;
}

const peers: World[] = [];

afterEach(() => {
  for (const { events } of peers.splice(0)) events.closed();
});

const nothing = service('nothing', { echo: method({ input: text(), output: text() }) });

function text() {
  const validate = (value: unknown) => ({ value: value as string });
  return { '~standard': { version: 1 as const, vendor: 'test', validate } };
}

/** A peer that has heard the other end's hello. */
async function open(role: Role): Promise<World> {
  const clock = new TestClock();
  let events: TransportEvents | undefined;
  let sent = '';
  const transport: Transport = {
    start: (given) => {
      events = given;
    },
    send: (bytes) => {
      sent += Buffer.from(bytes).toString('latin1');
    },
    queued: 0,
    end: () => {},
    destroy: () => {},
    hold: () => {},
  };
  const implementations = new Implementations([implement(nothing, { echo: (value) => value })]);
  const peer = new Peer(transport, { role, clock, implementations });
  const world: World = {
    clock,
    peer,
    events: events as unknown as TransportEvents,
    get sent() {
      return sent;
    },
  };
  world.events.data(Buffer.concat([PREFACE[role === 'dialer' ? 'acceptor' : 'dialer'], HELLO]));
  await peer.ready;
  peers.push(world);
  return world;
}

const WHY = 'The other side did not finish a frame within 30000 ms (option "unfinished").';

/** A request in chunks of which one has begun. */
const LONG = Buffer.concat([
  Buffer.of(0, 0, 0, 22, 6, 0, 0, 0, 0, 0, 0, 0, 0, 7, ...Buffer.from('nothing'), 4, ...Buffer.from('echo')),
  Buffer.of(0, 0, 0, 17, 0x10, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1),
  Buffer.of(0, 0, 1, 0, 0x14, 1, 0, 0, 0, 0, 1, 2, 3),
]);

describe.each<Role>(['dialer', 'acceptor'])('a frame to the %s that has begun', (role) => {
  test.each<[sent: string, first: Uint8Array]>([
    ['its first byte', PING.subarray(0, 1)],
    ['all but its last byte', PING.subarray(0, -1)],
    ['a part of a CHUNK', role === 'acceptor' ? LONG : PING.subarray(0, 12)],
  ])('and never ends after %s ends the connection, with a reason to both sides', async (_sent, first) => {
    const world = await open(role);
    const call = world.peer.client(nothing).echo('lost', { deadline: 10 * LIMIT });
    await quiet();
    world.events.data(Buffer.from(first));
    world.clock.pass(LIMIT - 1);
    await quiet();
    expect(world.peer.pending).toBe(1);
    world.clock.pass(1);
    await expect(call).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      execution: 'unknown',
      message: expect.stringContaining(WHY),
    });
    await quiet();
    expect(world.sent).toContain(WHY);
  });

  test('and gets on byte by byte has no more time for that', async () => {
    const world = await open(role);
    for (const byte of PING.subarray(0, -1)) {
      world.events.data(Buffer.of(byte));
      await quiet();
      world.clock.pass(LIMIT / 16);
    }
    await quiet();
    expect(world.sent).toContain(WHY);
  });

  test('and is whole at the last moment ends nothing, nor do frames of which each begins where another ends', async () => {
    const world = await open(role);
    world.events.data(PING.subarray(0, 5));
    await quiet();
    world.clock.pass(LIMIT - 1);
    for (let i = 0; i < 10; i++) {
      world.events.data(Buffer.concat([PING.subarray(5), PING.subarray(0, 5)]));
      await quiet();
      world.clock.pass(LIMIT / 2);
      await quiet();
    }
    world.events.data(PING.subarray(5));
    world.clock.pass(2 * LIMIT);
    await quiet();
    expect(world.sent).not.toContain(WHY);
    expect(await Promise.race([world.peer.closed, 'still there'])).toBe('still there');
  });

  test('and whose rest is there when a process that was stopped goes on is whole', async () => {
    const world = await open(role);
    world.events.data(PING.subarray(0, 5));
    await quiet();
    world.clock.pass(3 * LIMIT);
    // In the same turn, as it is with what waits in a socket.
    world.events.data(PING.subarray(5));
    await quiet();
    expect(world.sent).not.toContain(WHY);
  });

  test('has a timer only where none is running, and a whole one has none', async () => {
    const world = await open(role);
    const before = world.clock.set;
    for (let i = 0; i < 100; i++) world.events.data(Buffer.from(PING));
    expect(world.clock.set).toBe(before);
    world.events.data(PING.subarray(0, 5));
    for (let i = 0; i < 100; i++) world.events.data(Buffer.concat([PING.subarray(5), PING.subarray(0, 5)]));
    expect(world.clock.set).toBe(before + 1);
  });
});
