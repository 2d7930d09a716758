import { lstatSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { createServer, connect as dial } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Child, forked } from './forked.ts';
import { close, connect, serve } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';
import { who } from './users/contract.ts';

/** A long form by hand: NEARCALL_RACES=500. Some have no other, for all the processes that they take. */
const RACES = Number(process.env['NEARCALL_RACES'] ?? 0);
const LONG = { timeout: 60_000 + RACES * 5000 };

let place: Temporary;
let children: Child[] = [];

beforeEach(async () => {
  place = await temporary();
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await place[Symbol.asyncDispose]();
});

async function racer(): Promise<Child> {
  const child = await forked('./races/racer-child');
  children.push(child);
  return child;
}

/** A moment that all who hear of it can still await. */
function soon(): number {
  return performance.timeOrigin + performance.now() + 5;
}

/** A number of milliseconds, in which what a server does as it starts or stops comes to pass. */
const moment = (): number => Math.random() * 3;

async function whoAnswers(address: string): Promise<number> {
  const client = connect(address, who, { reconnect: false });
  try {
    return await client.pid();
  } finally {
    await close(client);
  }
}

function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

test(
  'of two processes that start at one path one wins, the other says why, and its end leaves the file',
  LONG,
  async () => {
    const rounds = RACES || 2;
    const address = place.unix();
    const said = { free: 0, leftover: 0 };
    let next = [racer(), racer()];
    for (let round = 0; round < rounds; round++) {
      const racers = await Promise.all(next);
      next = round + 1 < rounds ? [racer(), racer()] : [];
      const isLeftover = place.entries().length > 0;
      said[isLeftover ? 'leftover' : 'free']++;
      const at = soon();
      const results = await Promise.all(racers.map((child) => child.ask<number | string>('serve', { address, at })));
      const won = results.findIndex((result) => typeof result === 'number');
      const lost = 1 - won;
      expect(results[lost]).toBe(
        `Cannot listen at ${place.at('s.sock')}: another server is listening there. Stop it, or choose another path.`,
      );
      // It ends in the one way, or in the other.
      if (round % 4 < 2) racers[lost]?.process.disconnect();
      await (round % 4 < 2 ? racers[lost]?.exited : racers[lost]?.kill());
      expect(lstatSync(place.at('s.sock')).ino).toBe(results[won]);
      expect(await whoAnswers(address)).toBe(racers[won]?.process.pid);
      expect(place.entries()).toEqual(['s.sock']);
      // What comes next starts where a killed one has left its file, or where nothing is.
      if (round % 2 === 0) await racers[won]?.kill();
      else await racers[won]?.ask('close', { at: 0 });
      await racers[won]?.kill();
      children = children.filter((child) => !racers.includes(child));
    }
    if (RACES > 0) console.log(said);
    expect(Math.min(said.free, said.leftover)).toBeGreaterThan(0);
  },
);

test('a successor that starts while the old server closes is there in the end, and so is its file', LONG, async () => {
  const rounds = RACES || 30;
  const address = place.unix();
  let [old, young] = await Promise.all([racer(), racer()]);
  await old.ask('serve', { address, at: 0 });
  let refusals = 0;
  for (let round = 0; round < rounds; round++) {
    const at = soon();
    const succeeding = young.ask<number>('succeed', { address, at: at + moment() });
    // Once it is certain that somebody is there still.
    if (round === 0) await young.ask('refused');
    const closing = old.ask('close', { at: at + moment() });
    refusals += await succeeding;
    await closing;
    expect(place.entries()).toEqual(['s.sock']);
    expect(await whoAnswers(address)).toBe(young.process.pid);
    [old, young] = [young, old];
  }
  if (RACES > 0) console.log({ rounds, refusals });
  expect(refusals).toBeGreaterThan(0);
});

test('the socket that another program puts in its place while a server closes is there in the end', LONG, async () => {
  const rounds = RACES || 30;
  const address = place.unix();
  const [ours, other] = await Promise.all([racer(), racer()]);
  for (let round = 0; round < rounds; round++) {
    await ours.ask('serve', { address, at: 0 });
    const at = soon();
    const closing = ours.ask('close', { at: at + Math.random() });
    await other.ask('replace', { address, at: at + Math.random() });
    await closing;
    expect(place.entries()).toEqual(['s.sock']);
    expect(await isLive(place.at('s.sock'))).toBe(true);
    await other.ask('close', { at: 0 });
  }
});

test.runIf(RACES > 0)(
  'a process that is killed as it starts keeps nobody out, whatever it was about',
  LONG,
  async () => {
    const rounds = RACES;
    const address = place.unix();
    let longest = 0;
    let left = 0;
    let next = [racer(), racer(), racer()];
    // The last of each round is killed at the end, and so all start where a file is left.
    for (let round = 0; round < rounds; round++) {
      const [first, second, last] = (await Promise.all(next)) as [Child, Child, Child];
      next = round + 1 < rounds ? [racer(), racer(), racer()] : [];
      const at = soon();
      const starts = [first, second].map((child) => child.ask('serve', { address, at }).catch(() => 'killed'));
      await sleep(Math.max(0, at - performance.timeOrigin - performance.now()) + Math.random() * 8);
      await Promise.all([first.kill(), second.kill(), ...starts]);
      const begun = performance.now();
      expect(await last.ask('serve', { address, at: 0 })).toBe(lstatSync(place.at('s.sock')).ino);
      longest = Math.max(longest, performance.now() - begun);
      expect(await whoAnswers(address)).toBe(last.process.pid);
      expect(place.entries().filter((name) => /\.\d+$/.test(name))).toEqual([]);
      left = place.entries().length - 1;
      await last.kill();
      children = children.filter((child) => ![first, second, last].includes(child));
    }
    if (RACES > 0) console.log({ rounds, longest, left });
  },
);

test('a lock whose holder hangs is waited for, and free as soon as that is killed', LONG, async () => {
  const address = place.unix();
  const [first, second, young] = await Promise.all([racer(), racer(), racer()]);
  await leaveSocket(place.at('s.sock'));
  // Two crashes in the lock, the one behind the other.
  await first.ask('lock', { path: place.at('s.sock') });
  await first.kill();
  await second.ask('lock', { path: place.at('s.sock') });
  let hasStarted = false;
  const starting = young.ask('serve', { address, at: 0 }).finally(() => {
    hasStarted = true;
  });
  // Others are not kept waiting by it.
  for (let i = 0; i < 5; i++) {
    await leaveSocket(place.at('t.sock'));
    await (await serve(place.unix('t.sock'), [])).close();
  }
  expect(hasStarted).toBe(false);
  await second.kill();
  expect(await starting).toBe(lstatSync(place.at('s.sock')).ino);
  expect(place.entries().filter((name) => /\.\d+$/.test(name))).toEqual([]);
});

/** Leaves a socket at a path that nobody listens at any more. */
async function leaveSocket(path: string): Promise<void> {
  const net = createServer();
  await new Promise<void>((resolve) => net.listen(`${path}.bound`, resolve));
  // Moved away, so that closing does not remove it.
  await rename(`${path}.bound`, path);
  await new Promise((resolve) => net.close(resolve));
}

test.runIf(RACES > 0)(
  'processes that take one lock again and again are alone with it each time, also where some are killed',
  LONG,
  async () => {
    const rounds = RACES || 2;
    const path = place.at('s.sock');
    let killed = 0;
    let staying = await racer();
    for (let round = 0; round < rounds; round++) {
      const leaving = await racer();
      const taking = [staying, leaving].map((child) =>
        child.ask('lockOften', { path, times: 15 }).catch(() => 'killed'),
      );
      await sleep(Math.random() * 60);
      await leaving.kill();
      const [beside, end] = await Promise.all(taking);
      expect(beside).toBe(0);
      expect(['killed', 0]).toContain(end);
      if (end === 'killed') killed++;
      if (round % 50 === 49) {
        await staying.kill();
        staying = await racer();
      }
      expect(place.entries().filter((name) => /\.\d+$/.test(name)).length).toBeLessThanOrEqual(1);
    }
    if (RACES > 0) console.log({ rounds, killed, left: place.entries() });
  },
);
