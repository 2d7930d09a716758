import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Child, forked } from './forked.ts';
import type { Tally } from './restarts/client-child.ts';
import { type Temporary, temporary } from './temporary.ts';

/** How often a server is restarted. Run with 20 by hand. */
const RESTARTS = Number(process.env['NEARCALL_RESTARTS'] ?? 3);
/** How many clients connect at once: more than a queue of 511 takes. Three thousand by hand. */
const STORM = process.env['NEARCALL_RESTARTS'] === undefined ? 1000 : 3000;

let place: Temporary;
let server: Child;

beforeEach(async () => {
  place = await temporary();
  server = await start();
  await server.ask('start');
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function start(): Promise<Child> {
  return forked('restarts/server-child', place.unix(), place.at('marks'));
}

/** How often each call has run. */
function executions(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const token of readFileSync(place.at('marks'), 'utf8').split('\n').filter(Boolean)) {
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  return counts;
}

/** Runs 50 clients that call without pause, while something is done so often. */
async function underLoad(method: 'once' | 'again', times: number, deed: (i: number) => Promise<void>): Promise<Tally> {
  await using client = await forked('restarts/client-child', place.unix());
  await client.ask('run', method);
  for (let i = 0; i < times; i++) {
    await client.ask('further', 500);
    await deed(i);
  }
  await client.ask('further', 500);
  const tally = await client.ask<Tally>('stop');
  if (process.env['NEARCALL_RESTARTS'] !== undefined) {
    const { succeeded, failed } = tally;
    const counts: Record<string, number> = {};
    for (const { code, execution } of failed)
      counts[`${code}, ${execution}`] = (counts[`${code}, ${execution}`] ?? 0) + 1;
    const twice = [...executions().values()].filter((count) => count > 1).length;
    console.log(method, { times, succeeded: succeeded.length, failed: failed.length, twice }, counts);
  }
  return tally;
}

/** Restarts the server: by force, and by asking it, in turns. */
async function restart(i: number): Promise<void> {
  if (i % 2 === 0) await server.kill();
  else {
    await server.ask('close');
    await server[Symbol.asyncDispose]();
  }
  server = await start();
  await server.ask('start');
}

const LONG = { timeout: 60_000 + RESTARTS * 10_000 };

test('no caller of an idempotent method sees that its server is restarted under load', LONG, async () => {
  const { succeeded, failed, wrong } = await underLoad('again', RESTARTS, restart);
  expect([failed, wrong]).toEqual([[], []]);
  const ran = executions();
  expect(succeeded.filter((token) => !ran.has(token))).toEqual([]);
});

test('no call of another method runs twice, and each that fails tells whether it may have run', LONG, async () => {
  const { succeeded, failed, wrong } = await underLoad('once', RESTARTS, restart);
  expect(wrong).toEqual([]);
  const ran = executions();
  expect([...ran].filter(([, count]) => count > 1)).toEqual([]);
  expect(succeeded.filter((token) => !ran.has(token))).toEqual([]);
  // What was not sent, or turned away, is made again: only what may have run is left to its caller.
  expect(failed.filter(({ code, execution }) => code !== 'UNAVAILABLE' || execution !== 'unknown')).toEqual([]);
  expect(failed.length).toBeLessThanOrEqual(50 * RESTARTS);
});

test('no call fails while a new server takes over from one that finishes what it has', LONG, async () => {
  const { succeeded, failed, wrong } = await underLoad('once', RESTARTS, async () => {
    const old = server;
    server = await start();
    const taken = server.ask('takeOver');
    await old.ask('close');
    await old[Symbol.asyncDispose]();
    await taken;
  });
  expect([failed, wrong]).toEqual([[], []]);
  const ran = executions();
  expect([...ran].filter(([, count]) => count > 1)).toEqual([]);
  expect(succeeded.filter((token) => !ran.has(token))).toEqual([]);
});

test(`${STORM} clients that connect at once all get through, whoever finds no room`, { timeout: 120_000 }, async () => {
  await using client = await forked('restarts/client-child', place.unix());
  // A server that takes nobody has a full queue soon.
  server.process.kill('SIGSTOP');
  const busy = await client.ask<number>('storm', STORM);
  server.process.kill('SIGCONT');
  const outcomes = await client.ask<string[]>('calm');
  if (process.env['NEARCALL_RESTARTS'] !== undefined) console.log({ STORM, busy });
  expect(busy).toBeGreaterThan(0);
  expect(outcomes.filter((outcome) => outcome !== 'right')).toEqual([]);
  expect(executions().size).toBe(STORM);
});
