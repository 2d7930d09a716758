import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Child, forked } from './forked.ts';
import { type Temporary, temporary } from './temporary.ts';

/** How long a reader reads nothing, in milliseconds. Run with 10,000 by hand. */
const STALL = Number(process.env['NEARCALL_STALL'] ?? 200);
/** How long calls are timed without a stall. */
const BASELINE = 60;
/** How many times as long calls may take beside a stall. */
const SLOWER = 1.5;
const MIB = 2 ** 20;
/** How many items are read before the stall. */
const BEFORE = 500;

let place: Temporary;
let server: Child;
let client: Child;

beforeAll(async () => {
  place = await temporary();
  server = await forked('stalled-reader/server-child', place.unix());
  client = await forked('stalled-reader/client-child', place.unix());
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

async function memory(): Promise<{ server: number; client: number }> {
  return { server: await server.ask('memory'), client: await client.ask('memory') };
}

/** Which end makes the items, and how many are read after the stall: many times what can have waited. */
describe.each([
  ['rows', () => ({ maker: server, reader: client }), 20_000],
  ['bytes', () => ({ maker: server, reader: client }), 500],
  ['takeRows', () => ({ maker: client, reader: server }), 20_000],
  ['takeBytes', () => ({ maker: client, reader: server }), 500],
] as const)('when the reader of the endless stream %s stalls', (kind, ends, behind) => {
  async function open(): Promise<void> {
    const comes = kind === 'takeRows' || kind === 'takeBytes';
    const taken = (await server.ask<number>('taken')) + (comes ? 1 : 0);
    await client.ask('open', kind);
    await expect.poll(() => server.ask('taken'), { interval: 2, timeout: 5000 }).toBe(taken);
  }

  async function leave(): Promise<void> {
    const { maker, reader } = ends();
    await reader.ask('leave');
    await expect.poll(() => maker.ask('returned'), { interval: 2, timeout: 5000 }).toBe(true);
  }

  test('memory stays, other calls go on at full speed, and then nothing is missing', { timeout: 60_000 }, async () => {
    const { maker, reader } = ends();
    // Once beforehand, so that what is compiled and kept for good is there already.
    await open();
    await reader.ask('read', BEFORE);
    await client.ask('calls', BASELINE);
    await leave();

    const before = await memory();
    const usual = await client.ask<number>('calls', BASELINE);
    await open();
    expect(await reader.ask('read', BEFORE)).toBe(BEFORE);
    let stalled = await client.ask<number>('calls', STALL);
    // Where other processes take the time, some of many rounds are undisturbed; calls that are held up never are quick.
    for (let more = 0; more < 20 && stalled > SLOWER * usual; more++) {
      stalled = Math.min(stalled, await client.ask<number>('calls', BASELINE));
    }
    const during = await memory();
    const made = await maker.ask<number>('made');
    expect(await maker.ask('made')).toBe(made);
    expect(await reader.ask('read', behind)).toBe(BEFORE + behind);
    await leave();

    const grown = { server: during.server - before.server, client: during.client - before.client };
    if (process.env['NEARCALL_STALL'] !== undefined) console.log(kind, STALL, grown, { usual, stalled, made });
    expect(grown.server).toBeLessThan(MIB);
    expect(grown.client).toBeLessThan(MIB);
    expect(stalled / usual).toBeLessThan(SLOWER);
  });
});
