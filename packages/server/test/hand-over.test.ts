import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HandedOverSockets } from '../src/hand-over/handed-over-sockets.ts';
import { fileOf } from './forked.ts';
import { calling, end, who } from './inherited/callers.ts';
import { line } from './inherited/contract.ts';
import { close, connect, handedOver, implement, type Server, safe, serve } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';
import { watch } from './watched.ts';

/** For what takes a while where many processes share the machine. */
const LONG = { timeout: 60_000 };
/** How many calls are made under hand-overs. Run with 20000 by hand. */
const CALLS = Number(process.env['NEARCALL_HANDOVER'] ?? 2000);
const HANDS = CALLS / 1000;

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

/** A server in this process, at addresses. It tells 0 for its process. */
function serving(...addresses: string[]): Promise<Server> {
  return serve(addresses, implement(line, { mark: () => 0, succeed: () => 0, close: () => {} }));
}

async function successor(how?: string): Promise<ChildProcess> {
  const child = fork(await fileOf('./inherited/successor-child'), how === undefined ? [] : [how], { execArgv: [] });
  watch(child);
  return child;
}

/** A server in a process of its own, which hands over to successors of a kind when it is asked to. */
async function first(how = ''): Promise<ChildProcess> {
  const file = await fileOf('./inherited/server-child');
  const child = spawn(process.execPath, [file, 'first', how, place.at('marks'), place.unix()], {
    // All that come after it have the same.
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  watch(child);
  await once(child.stdout as Readable, 'data');
  child.stdout?.resume();
  return child;
}

test('a successor has all the addresses, and removes the file when it closes', LONG, async () => {
  await using server = await serving(place.unix(), 'tcp://127.0.0.1:0');
  const { addresses } = server;
  const child = await successor();
  const exited = once(child, 'exit');
  await server.handOver(child);
  await expect(server.handOver(child)).rejects.toThrow('it was handed over before.');
  await server.close();
  await expect(server.handOver(child)).rejects.toThrow('it is closed.');
  for (const address of addresses) expect(await who(address)).toBe(child.pid);
  expect(place.entries()).toEqual(['s.sock']);
  // The channel is still there, and keeps nothing running.
  expect(child.connected).toBe(true);
  await end(place.unix());
  expect(await exited).toEqual([0, null]);
  expect(place.entries()).toEqual([]);
});

test('a server whose successor fails, or dies, goes on as before, and finds another one', LONG, async () => {
  await using server = await serving(place.unix());
  const bad = {
    fails:
      'it could not serve: Cannot listen at /nowhere/s.sock: the directory /nowhere does not exist, or takes no files. ' +
      'Choose another path; localAddress(name) finds one, and makes its directory.',
    dies: 'it ended with 3 before it served.',
  };
  for (const [how, why] of Object.entries(bad)) {
    const child = await successor(how);
    const gone = once(child, 'exit');
    const error = `Could not hand over to process ${child.pid}: ${why} This server goes on as before.`;
    await expect(server.handOver(child)).rejects.toThrow(error);
    await gone;
    for (let i = 0; i < 5; i++) expect(await who(place.unix())).toBe(0);
  }
  const good = await successor();
  await server.handOver(good);
  await server.close();
  expect(await who(place.unix())).toBe(good.pid);
  await end(place.unix());
});

test('a successor that cannot listen with one of the sockets keeps none of the others', LONG, async () => {
  const addresses = [place.unix(), 'tcp://0.0.0.0:0'];
  await using server = await serve(addresses, implement(line, { mark: () => 0, succeed: () => 0, close: () => {} }), {
    allowRemote: true,
  });
  const child = await successor('lets go');
  const exited = once(child, 'exit');
  await expect(server.handOver(child)).rejects.toThrow('or set the option allowRemote. This server goes on as before.');
  expect(await exited).toEqual([0, null]);
  expect(await who(place.unix())).toBe(0);
});

test('what was handed over is served once, and who tries again does not stop that', async () => {
  const told: string[] = [];
  const sockets = new HandedOverSockets('id', 0, { tell: ({ step }) => void told.push(step), cease: () => {} });
  const serving = serve(sockets, []);
  await expect(serve(sockets, [])).rejects.toThrow('What was handed over to this process is served already.');
  sockets.agreed();
  await using _server = await serving;
  expect(told).toEqual(['serving']);
});

test('a successor that does not take over in time, or whose server is closed, gets nothing', LONG, async () => {
  const server = await serving(place.unix());
  const silent = await successor('silent');
  await expect(server.handOver(silent, { timeout: 100 })).rejects.toThrow(
    `Could not hand over to process ${silent.pid}: it did not call handedOver() within 100 ms.`,
  );
  expect(await who(place.unix())).toBe(0);
  const handing = server.handOver(silent);
  await expect(server.handOver(silent)).rejects.toThrow('it is being handed over to another process.');
  const closing = server.close();
  await expect(handing).rejects.toThrow(/: the server that hands over was closed meanwhile\.$/);
  await closing;
  expect(place.entries()).toEqual([]);
  silent.kill();
});

test('a successor whose server dies while it hands over serves all the same, and removes the file', LONG, async () => {
  const old = await first('heir');
  const boss = connect(place.unix(), line, { waitForReady: true });
  const killed = once(old, 'exit');
  expect(await safe(boss.succeed())).toMatchObject({ ok: false, error: { execution: 'unknown' } });
  expect(await killed).toEqual([null, 'SIGKILL']);
  const pid = await boss.mark('x');
  expect([pid > 0, pid === old.pid]).toEqual([true, false]);
  const closed = once(old.stdout as Readable, 'close');
  await boss.close();
  await close(boss);
  await closed;
  expect(place.entries()).toEqual(['marks']);
});

test('a process that takes over from two servers, one after the other, serves as both', LONG, async () => {
  await using one = await serving(place.unix('one'));
  await using two = await serving(place.unix('two'));
  const child = await successor('twice');
  const handing = one.handOver(child);
  await expect(two.handOver(child)).rejects.toThrow(`process ${child.pid} is being handed another server.`);
  await handing;
  await two.handOver(child);
  await Promise.all([one.close(), two.close()]);
  for (const name of ['one', 'two']) {
    expect(await who(place.unix(name))).toBe(child.pid);
    await end(place.unix(name));
  }
});

test('a hand-over that cannot be is refused at once', async () => {
  const mute = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  watch(mute);
  await using nowhere = await serving();
  await expect(nowhere.handOver(mute)).rejects.toThrow('it listens nowhere.');
  await using server = await serving(place.unix());
  await expect(server.handOver(mute, { timeout: 0 })).rejects.toThrow(RangeError);
  await expect(server.handOver(mute)).rejects.toThrow(`process ${mute.pid} has no channel. Start it by fork()`);
  mute.kill();
  await once(mute, 'exit');
  await expect(server.handOver(mute)).rejects.toThrow(`process ${mute.pid} has ended already.`);
  await expect(handedOver({ timeout: -1 })).rejects.toThrow(RangeError);
});

test(`none of ${CALLS} calls and more fails or runs twice while servers hand over to the next`, LONG, async () => {
  const old = await first();
  // Whoever is left of them has this open.
  const allGone = once(old.stdout as Readable, 'close');
  const oldGone = once(old, 'exit');

  const callers = calling(place.unix(), 8);
  const boss = connect(place.unix(), line);
  for (let i = 0; i < HANDS; i++) {
    await boss.succeed();
    // Calls go on meanwhile.
    await callers.further(Math.floor(CALLS / (2 * HANDS)));
  }
  const { made, answered, failed } = await callers.stop(CALLS);
  if (process.env['NEARCALL_HANDOVER'] !== undefined) console.log({ made, HANDS, failed: failed.length }, answered);

  expect(failed).toEqual([]);
  const ran = readFileSync(place.at('marks'), 'utf8').split('\n').filter(Boolean);
  expect([ran.length, new Set(ran).size]).toEqual([made, made]);
  expect(answered.size).toBe(HANDS + 1);
  // Each has ended by itself, though the one that started it had ended before.
  expect(await oldGone).toEqual([0, null]);
  // It was given to the first of them.
  expect(lstatSync(place.at('s.sock')).mode & 0o777).toBe(0o660);
  await boss.close();
  await close(boss);
  await allGone;
  expect(place.entries()).toEqual(['marks']);
});
