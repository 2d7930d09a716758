import { platform } from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { echoing } from './descriptors/contract.ts';
import { type Child, forkedWithin } from './forked.ts';
import { close, connect, implement, serve, state } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

type Echoing = ReturnType<typeof connect<typeof echoing>>;

const MOST = 64;
/** What is kept of so few. */
const KEPT = 4;
const BUSY = /the server is busy: its process has 6\d file descriptors open, of at most 64 \(ulimit -n\)/;

let place: Temporary;
let child: Child;
let clients: Echoing[];

beforeEach(async () => {
  place = await temporary();
  clients = [];
  child = await forkedWithin(MOST, 'descriptors/short-child');
});

afterEach(async () => {
  await Promise.all(clients.map((client) => close(client, { grace: 0 })));
  await child[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** A client that tries again after so many milliseconds. */
function dial(wait: number): Echoing {
  const client = connect(place.unix(), echoing, { backoff: { first: wait, initial: wait, max: wait } });
  clients.push(client);
  return client;
}

describe.runIf(platform === 'linux')('a server that runs out of file descriptors', () => {
  test('warns once, and turns clients away in words while it has some left; they wait, and get in when there is room', async () => {
    expect(await child.ask('serve', place.unix())).toBe('serving');
    await child.ask('leave', 12);
    const before = await child.ask<number>('descriptors');
    const room = MOST - KEPT - before;
    // Those that are turned away would come again in an hour: none of them comes twice.
    for (let i = 0; i < room + 5; i++)
      await dial(3_600_000)
        .echo('first')
        .catch(() => {});
    const served = clients.filter((client) => state(client).connectivity === 'READY');
    const waiting = clients.filter((client) => state(client).connectivity === 'TRANSIENT_FAILURE');
    // The process closes some of its own a little later than they were counted here.
    expect(served.length + waiting.length).toBe(room + 5);
    expect(Math.abs(served.length - room)).toBeLessThan(4);
    expect(room).toBeGreaterThan(5);
    for (const client of waiting) {
      const busy = { code: 'UNAVAILABLE', execution: 'not-sent', message: expect.stringMatching(BUSY) };
      await expect(client.echo('no room')).rejects.toMatchObject(busy);
    }
    expect(await child.ask('accepted')).toBe(room + 5);
    expect(await Promise.all(served.map((client, i) => client.echo(`${i}`)))).toEqual(served.map((_, i) => `${i}`));
    const told = /^NEARCALL_DESCRIPTORS: .* at most 64\. .*"ulimit -n".*"LimitNOFILE="/;
    expect(await child.ask('warnings')).toEqual([expect.stringMatching(told)]);

    const late = dial(20);
    await expect(late.echo('no room')).rejects.toMatchObject({ message: expect.stringMatching(BUSY) });
    await Promise.all(served.slice(0, 3).map((client) => close(client)));
    expect(await late.echo('room', { waitForReady: true })).toBe('room');
    await Promise.all(clients.map((client) => close(client)));
    await expect.poll(() => child.ask('descriptors'), { interval: 5, timeout: 10_000 }).toBeLessThanOrEqual(before);
  });

  test('survives when none at all is left, and serves whoever comes when there are some again', async () => {
    await child.ask('serve', place.unix());
    const first = dial(20);
    expect(await first.echo('first')).toBe('first');
    await child.ask('leave', 0);
    const cut = dial(20);
    await expect(cut.echo('cut off')).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    expect(await first.echo('still')).toBe('still');
    await child.ask('release');
    expect(await cut.echo('again', { waitForReady: true })).toBe('again');
    expect(await child.ask('connections')).toBe(2);
  });
});

describe.runIf(platform !== 'win32')('a process that has no file descriptor left', () => {
  test('is told so by its calls and its servers, which come about when it has some again', async () => {
    const address = place.unix();
    await using server = await serve(address, implement(echoing, { echo: (word) => word }));
    await child.ask('leave', 0);
    const left = expect.stringMatching(/no file descriptor left.*\(ulimit -n\)/);
    const failed = { code: 'UNAVAILABLE', execution: 'not-sent', message: left };
    expect(await child.ask('call', { address })).toEqual(failed);
    expect(await child.ask('serve', place.unix('other.sock'))).toMatchObject({ message: left });
    expect(place.entries()).toEqual(['s.sock']);
    expect(server.connections).toBe(0);
    await child.ask('release');
    expect(await child.ask('call', { address, waitForReady: true })).toBe('word');
    expect(await child.ask('serve', place.unix('other.sock'))).toBe('serving');
  });
});
