import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Child, forked } from './forked.ts';
import { limited } from './limits/contract.ts';
import { close, connect, ready, type ServerLimits } from './nearcall.ts';
import { declare, dialRaw, hello, PREFACE, type RawClient, request } from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

type Limited = ReturnType<typeof connect<typeof limited>>;

let place: Temporary;
let server: Child;
let clients: Limited[];

beforeEach(async () => {
  place = await temporary();
  clients = [];
});

afterEach(async () => {
  await server.ask('releaseAll');
  await Promise.all(clients.map((client) => close(client)));
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

async function start(limits: Partial<ServerLimits>, concurrency: { hold?: number; holdStream?: number } = {}) {
  server = await forked('limits/server-child', place.unix(), JSON.stringify(limits), JSON.stringify(concurrency));
}

function dial(): Limited {
  // Frames of 64 KiB, so that answers of a few of them are long.
  const client = connect(place.unix(), limited, { limits: { chunk: 65_536 } });
  clients.push(client);
  return client;
}

/** Waits until so many calls are held at the server. */
function held(count: number): Promise<void> {
  return expect.poll(() => server.ask('held'), { interval: 2, timeout: 5000 }).toBe(count);
}

const FULL = { code: 'RESOURCE_EXHAUSTED', execution: 'rejected' };

describe('the concurrency of a method', () => {
  test('is shared by all connections: one call more is turned away, until another ends', async () => {
    await start({}, { hold: 4 });
    const [one, two] = [dial(), dial()];
    const calls = [one.hold(), one.hold(), two.hold(), two.hold()];
    await held(4);
    const refused = { ...FULL, message: expect.stringMatching(/limited\.hold.*4.*concurrency/) };
    await expect(one.hold()).rejects.toMatchObject(refused);
    await expect(two.hold()).rejects.toMatchObject(refused);
    // Other methods are not held up.
    expect(await one.echo('beside')).toBe('beside');

    await server.ask('release');
    // Whichever came first: the two connections race.
    expect(await Promise.race(calls)).toBe('released');
    const next = two.hold();
    await held(4);
    await expect(two.hold()).rejects.toMatchObject(refused);
    await server.ask('releaseAll');
    expect(await Promise.all([...calls, next])).toEqual(Array.from({ length: 5 }, () => 'released'));
  });

  test('counts a call that was given up until its handler has returned, and a stream until its end', async () => {
    await start({}, { hold: 1, holdStream: 1 });
    const client = dial();
    const giveUp = new AbortController();
    const call = client.hold(undefined, { signal: giveUp.signal });
    await held(1);
    giveUp.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    // The handler returns at its signal: then there is room for the next one.
    await held(0);
    const next = client.hold();
    await held(1);
    await expect(client.hold()).rejects.toMatchObject(FULL);

    const items = client.holdStream();
    expect(await items.next()).toEqual({ done: false, value: 1 });
    await held(1 + 1);
    await expect(client.holdStream().next()).rejects.toMatchObject(FULL);
    await items.return();
    await held(1);
    const again = client.holdStream();
    expect(await again.next()).toEqual({ done: false, value: 1 });
    await server.ask('releaseAll');
    expect(await again.next()).toEqual({ done: true, value: undefined });
    expect(await next).toBe('released');
  });
});

describe('the limit "calls" of a server', () => {
  test('counts the calls of all connections, and turns one more away', async () => {
    await start({ calls: 8 });
    const [one, two] = [dial(), dial()];
    const calls = [one, two].flatMap((client) => Array.from({ length: 4 }, () => client.hold()));
    await held(8);
    for (const client of [one, two]) {
      await expect(client.hold()).rejects.toMatchObject({ ...FULL, message: expect.stringContaining('8 calls') });
      await expect(client.echo('no room')).rejects.toMatchObject(FULL);
      await expect(client.holdStream().next()).rejects.toMatchObject(FULL);
    }
    await server.ask('release');
    expect(await Promise.race(calls)).toBe('released');
    expect(await two.echo('room for one')).toBe('room for one');
    await server.ask('releaseAll');
    await Promise.all(calls);
  });

  test('gives back what a lost connection held', async () => {
    await start({ calls: 2 });
    const [one, two] = [dial(), dial()];
    const lost = Promise.allSettled([one.hold(), one.hold()]);
    await held(2);
    await expect(two.echo('no room')).rejects.toMatchObject(FULL);
    await close(one, { grace: 0 });
    await lost;
    await held(0);
    expect(await Promise.all([two.echo('a'), two.echo('b')])).toEqual(['a', 'b']);
  });
});

describe('the limit "queued" of a server', () => {
  const QUEUED = 1_000_000;
  /** What a text of 64 KiB and more costs besides its letters. */
  const TEXT_HEAD = 5;
  const HELD = 300_000;
  /** What is left of the limit beside three answers that wait. */
  const LEFT = QUEUED - 3 * (HELD + TEXT_HEAD);

  /** A client that asks for three answers, takes the beginning of each, and grants credit for no more. */
  async function slowReader(client: Limited): Promise<RawClient> {
    const slow = await dialRaw(place.at('s.sock'));
    slow.send(Buffer.concat([Buffer.from(PREFACE), hello, declare(0, 'limited', 'letters')]));
    for (let slot = 0; slot < 3; slot++) slow.send(request(slot * 2, 0, String(HELD)));
    await slow.until((received) => received.length > 3 * 65_536);
    expect(await client.echo('all three have been answered')).toBe('all three have been answered');
    return slow;
  }

  test('takes an answer that fits to the byte beside others, and not one that is a byte longer', async () => {
    await start({ queued: QUEUED });
    const client = dial();
    using slow = await slowReader(client);
    expect((await client.letters(String(LEFT - TEXT_HEAD))).length).toBe(LEFT - TEXT_HEAD);
    // Its handler has run.
    await expect(client.letters(String(LEFT - TEXT_HEAD + 1))).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      execution: 'unknown',
      message: expect.stringContaining('limit "queued"'),
    });
    expect(await server.ask('reported')).toBe(1);
    // Short ones wait for nobody, and bytes are not copied.
    expect((await client.letters('60000')).length).toBe(60_000);
    expect((await client.bytes(String(2 * QUEUED))).length).toBe(2 * QUEUED);

    // What the slow one held is given back when it is gone.
    slow.socket.destroy();
    await expect.poll(() => server.ask('connections'), { interval: 2, timeout: 5000 }).toBe(1);
    expect((await client.letters(String(LEFT + 1))).length).toBe(LEFT + 1);
  });

  test('lets one answer alone be longer', async () => {
    await start({ queued: QUEUED });
    const client = dial();
    expect((await client.letters(String(2 * QUEUED))).length).toBe(2 * QUEUED);
    expect((await client.letters(String(2 * QUEUED))).length).toBe(2 * QUEUED);
  });
});

describe('the limit "connections" of a server', () => {
  const BUSY = /busy.*3 connections.*limit "connections"/;

  test('turns one client more away, who is told why; the others are served on', async () => {
    await start({ connections: 3 });
    const fitting = [dial(), dial(), dial()];
    expect(await Promise.all(fitting.map((client, i) => client.echo(`${i}`)))).toEqual(['0', '1', '2']);
    const refused = dial();
    const busy = { code: 'UNAVAILABLE', execution: 'not-sent', message: expect.stringMatching(BUSY) };
    await expect(refused.echo('no room')).rejects.toMatchObject(busy);
    await expect(ready(refused)).rejects.toMatchObject(busy);
    await expect(refused.holdStream().next()).rejects.toMatchObject(busy);
    expect(await server.ask('connections')).toBe(3);
    expect(await Promise.all(fitting.map((client, i) => client.echo(`${i}`)))).toEqual(['0', '1', '2']);

    await close(fitting[0] as Limited);
    await expect.poll(() => server.ask('connections'), { interval: 2, timeout: 5000 }).toBe(2);
    // It has gone on trying.
    expect(await refused.echo('room again', { waitForReady: true })).toBe('room again');
  });

  test('says so in one line to whoever connects', async () => {
    await start({ connections: 1 });
    await ready(dial());
    using raw = await dialRaw(place.at('s.sock'));
    raw.send(PREFACE);
    const line = (await raw.ended).toString('latin1');
    expect(line).toMatch(/^nearcall\/1 no: [ -~]*busy[ -~]*\n$/);
  });
});
