import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { busy, slow } from './draining/contract.ts';
import { type Exit, fileOf, forked } from './forked.ts';
import { close, connect, health, implement, RpcError, serve } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';
import { watch } from './watched.ts';

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

/** A server in a process of its own, which nothing keeps running but what it serves. */
interface Running {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  /** What it has written down, line by line. */
  log(): string[];
}

async function start(grace: number, name = 'log'): Promise<Running> {
  const file = await fileOf('./draining/server-child');
  const args = [file, place.unix(), place.at(name), String(grace)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  watch(child);
  const exited = once(child, 'exit').then(([code, signal]): Exit => ({ code, signal }));
  await once(child.stdout, 'data');
  return {
    process: child,
    exited,
    log: () => (existsSync(place.at(name)) ? readFileSync(place.at(name), 'utf8').split('\n').slice(0, -1) : []),
  };
}

/** The process ended by itself, because nothing was left to do. */
const ENDED = { code: 0, signal: null };
const NOT_RUN = /^(not-sent|rejected)$/;

/** Waits until a server has written something down. */
async function noted({ log }: Running, what: string): Promise<void> {
  await expect.poll(log, { interval: 5, timeout: 10_000 }).toContain(what);
}

describe.each(['SIGTERM', 'SIGINT'] as const)('a server that %s stops under load', (signal) => {
  test('answers every call that it has begun, fails no other that may have run, and ends', async () => {
    const server = await start(20_000);
    const answered: string[] = [];
    const failed: RpcError[] = [];
    let made = 0;
    const client = connect(place.unix(), busy);
    const work = async (caller = client): Promise<void> => {
      const id = `${made++}`;
      await caller.work({ id, delay: 1 + (made % 20) }).then(
        () => answered.push(id),
        (error: unknown) => failed.push(RpcError.from(error)),
      );
    };
    // Some call over one connection, some connect for each call.
    const callers = Array.from({ length: 32 }, async (_, i) => {
      while (failed.length < 64) {
        if (i % 4 > 0) await work();
        else {
          const own = connect(place.unix(), busy);
          await work(own);
          await close(own);
        }
      }
    });
    await expect.poll(() => answered.length, { interval: 5 }).toBeGreaterThan(100);
    server.process.kill(signal);
    await Promise.all(callers);
    expect(await server.exited).toEqual(ENDED);
    await close(client);
    const log = server.log();
    const ran = log.filter((line) => line.startsWith('ran ')).map((line) => line.slice(4));
    expect(ran.sort()).toEqual(answered.sort());
    for (const error of failed)
      expect(error).toMatchObject({ code: 'UNAVAILABLE', execution: expect.stringMatching(NOT_RUN) });
    expect(log.slice(-1)).toEqual(['closed']);
    expect(place.entries()).toEqual(['log']);
  });
});

describe('a server that is stopped', () => {
  test('lets what listens end, cuts off the rest at the end of the grace, and tells its handlers', async () => {
    const server = await start(200);
    const client = connect(place.unix(), { busy, health }, { reconnect: false });
    const held = client.busy.hold({ id: 'a' }).catch((error: unknown) => error);
    const ticks = client.busy.ticks();
    const watched = client.health.watch();
    await Promise.all([ticks.next(), watched.next(), noted(server, 'held a')]);
    server.process.kill('SIGTERM');
    const rest: string[] = [];
    for await (const { status } of watched) rest.push(status);
    expect(rest).toEqual(['NOT_SERVING']);
    for await (const _ of ticks);
    expect(await held).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
    expect(await server.exited).toEqual(ENDED);
    expect(server.log()).toEqual(['held a', 'closing', expect.any(String), expect.any(String)]);
    expect(server.log().slice(2).sort()).toEqual(['aborted a', 'closed']);
  });

  test('with no grace cuts off at once', async () => {
    const server = await start(0);
    const client = connect(place.unix(), busy, { reconnect: false });
    const held = client.hold({ id: 'a' }).catch((error: unknown) => error);
    await noted(server, 'held a');
    server.process.kill('SIGTERM');
    expect(await held).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
    expect(await server.exited).toEqual(ENDED);
  });

  test('gives its address up first: its clients go on at its successor, and what it had begun ends where it was', async () => {
    const old = await start(20_000);
    await using client = connect(place.unix(), busy, { waitForReady: true });
    const begun = client.work({ id: 'begun', delay: 1000 });
    await noted(old, 'ran begun');
    old.process.kill('SIGTERM');
    await expect.poll(() => place.entries(), { interval: 5 }).not.toContain('s.sock');
    // No call fails, and none waits for the old one.
    const meanwhile = client.work({ id: 'meanwhile', delay: 0 });
    const successor = await start(20_000, 'successor');
    expect(await meanwhile).toBe(successor.process.pid);
    expect(await begun).toBe(old.process.pid);
    expect(await old.exited).toEqual(ENDED);
    expect(await client.work({ id: 'after', delay: 0 })).toBe(successor.process.pid);
    successor.process.kill('SIGTERM');
    expect(await successor.exited).toEqual(ENDED);
  });
});

describe('a client that closes', () => {
  /** A server here, and a client in another process that it calls. */
  async function pair() {
    let connected = (_: { answer(): Promise<string> }): void => {};
    const peer = new Promise<{ answer(): Promise<string> }>((resolve) => {
      connected = resolve;
    });
    const server = await serve(
      place.unix(),
      implement(busy, {
        work: () => 0,
        ticks: () => [],
        hold: () => {},
        askBack: (_, { peer }) => peer.client(slow).answer(),
      }),
      { onConnect: (peer) => connected(peer.client(slow)) },
    );
    const child = await forked('./draining/client-child', place.unix());
    return {
      child,
      peer: await peer,
      async [Symbol.asyncDispose]() {
        await child[Symbol.asyncDispose]();
        await server.close({ grace: 0 });
      },
    };
  }

  test('finishes the calls that the server has made to it, and takes no new ones', async () => {
    await using both = await pair();
    const { child, peer } = both;
    const call = peer.answer();
    await child.ask('begun');
    await child.ask('close', 20_000);
    const refused = async () => RpcError.from(await peer.answer().catch((error: unknown) => error));
    expect(await refused()).toMatchObject({ code: 'UNAVAILABLE', execution: expect.stringMatching(NOT_RUN) });
    await child.ask('answer', 'in time');
    expect(await call).toBe('in time');
    await child.ask('closed');
  });

  test('fails them at the end of its grace, and tells its handlers', async () => {
    await using both = await pair();
    const { child, peer } = both;
    const call = peer.answer().catch((error: unknown) => error);
    await child.ask('begun');
    await child.ask('close', 50);
    expect(await call).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
    await child.ask('closed');
    expect(await child.ask('aborted')).toBe('CANCELLED');
  });

  test('answers also what the server asks it because of a call of its own', async () => {
    await using both = await pair();
    const { child } = both;
    await child.ask('askBack');
    await child.ask('begun');
    // The second one is made only once it closes.
    await child.ask('close', 20_000);
    await child.ask('answer', 'nested');
    expect(await child.ask('asked')).toBe('nested');
    await child.ask('closed');
  });
});

test('a server that closes while clients connect leaves none of them without an answer', async () => {
  for (let i = 0; i < 10; i++) {
    const server = await serve(
      place.unix(),
      implement(busy, { work: () => i, ticks: () => [], hold: () => {}, askBack: () => '' }),
    );
    const clients = Array.from({ length: 50 }, () => connect(place.unix(), busy, { reconnect: false }));
    const calls = clients.map((client) => client.work({ id: '', delay: 0 }).catch((error: unknown) => error));
    // At another moment each time: while they dial, while they greet, while they call.
    for (let turn = 0; turn < i; turn++) await new Promise(setImmediate);
    await Promise.all([server.close(), server.close({ grace: 0 })]);
    for (const outcome of await Promise.all(calls)) {
      if (outcome === i) continue;
      expect(outcome).toMatchObject({ code: 'UNAVAILABLE', execution: expect.stringMatching(NOT_RUN) });
    }
    await Promise.all(clients.map((client) => close(client)));
    expect([server.connections, place.entries()]).toEqual([0, []]);
  }
});
