import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { close, connect, type HealthStatus, health, healthStatus, type Server, serve, state } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

let place: Temporary;
let status: HealthStatus;
let server: Server;

beforeEach(async () => {
  place = await temporary();
  status = healthStatus({ text: 'NOT_SERVING' });
  server = await serve(place.unix(), status.implementation);
});

afterEach(async () => {
  await server.close({ grace: 0 });
  await place[Symbol.asyncDispose]();
});

/** What a watcher reads, one after the other. */
async function* read(watched: AsyncIterable<{ readonly status: string }>): AsyncGenerator<string, undefined> {
  for await (const { status } of watched) yield status;
}

async function rest(watcher: AsyncGenerator<string, undefined>): Promise<string[]> {
  const all: string[] = [];
  for await (const status of watcher) all.push(status);
  return all;
}

describe('check', () => {
  test('answers at once with the status of the server, or of a service', async () => {
    await using client = connect(server.address, health);
    expect([await client.check(), await client.check({ service: 'text' })]).toEqual([
      { status: 'SERVING' },
      { status: 'NOT_SERVING' },
    ]);
    status.set('text', 'SERVING');
    status.set('', 'UNKNOWN');
    expect([await client.check(), await client.check({ service: 'text' })]).toEqual([
      { status: 'UNKNOWN' },
      { status: 'SERVING' },
    ]);
  });

  test('fails with NOT_FOUND for a service that nothing was said of', async () => {
    await using client = connect(server.address, health);
    for (const service of ['files', '__proto__', 'constructor']) {
      await expect(client.check({ service })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(`"${service}"`),
      });
    }
  });

  test('is UNIMPLEMENTED where a server does not serve it', async () => {
    await using silent = await serve(place.unix('silent'), []);
    await using client = connect(silent.address, health);
    await expect(client.check()).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });
});

describe('watch', () => {
  test('gives the status at once, and then each other one', async () => {
    await using client = connect(server.address, health);
    const watcher = read(client.watch({ service: 'text' }));
    expect((await watcher.next()).value).toBe('NOT_SERVING');
    status.set('text', 'SERVING');
    expect((await watcher.next()).value).toBe('SERVING');
    // What is said again, or of others, is no news.
    status.set('text', 'SERVING');
    status.set('', 'NOT_SERVING');
    status.set('files', 'SERVING');
    status.set('text', 'UNKNOWN');
    expect((await watcher.next()).value).toBe('UNKNOWN');
    await watcher.return(undefined);
  });

  test('of an unknown service gives SERVICE_UNKNOWN, until something is said of it', async () => {
    await using client = connect(server.address, health);
    const watcher = read(client.watch({ service: 'files' }));
    expect((await watcher.next()).value).toBe('SERVICE_UNKNOWN');
    status.set('files', 'SERVING');
    expect((await watcher.next()).value).toBe('SERVING');
    await watcher.return(undefined);
  });

  test('gives NOT_SERVING last and ends, when its server closes', async () => {
    await using client = connect(server.address, health);
    const watchers = [undefined, { service: 'text' }, { service: 'files' }].map((of) => read(client.watch(of)));
    expect(await Promise.all(watchers.map(async (watcher) => (await watcher.next()).value))).toEqual([
      'SERVING',
      'NOT_SERVING',
      'SERVICE_UNKNOWN',
    ]);
    const closing = server.close();
    expect(await Promise.all(watchers.map(rest))).toEqual([['NOT_SERVING'], [], ['NOT_SERVING']]);
    await closing;
  });

  test('tells nothing that is not so, when it is the watcher who closes', async () => {
    const client = connect(server.address, health);
    const watcher = read(client.watch());
    expect((await watcher.next()).value).toBe('SERVING');
    const closing = close(client);
    expect(await rest(watcher)).toEqual([]);
    await closing;
  });

  test('tells every one of a thousand watchers, on several connections, without a warning of a leak', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const clients = Array.from({ length: 4 }, () => connect(server.address, health));
    const watchers = clients.flatMap((client) => Array.from({ length: 250 }, () => read(client.watch())));
    const next = () => Promise.all(watchers.map(async (watcher) => (await watcher.next()).value));
    expect(new Set(await next())).toEqual(new Set(['SERVING']));
    status.set('', 'NOT_SERVING');
    expect(new Set(await next())).toEqual(new Set(['NOT_SERVING']));
    const closing = server.close();
    expect((await Promise.all(watchers.map(rest))).flat()).toEqual([]);
    await Promise.all([closing, ...clients.map((client) => close(client))]);
    process.off('warning', warned);
    expect(warned.mock.calls).toEqual([]);
  });

  test('that nobody reads misses what was in between, and holds nothing for it', async () => {
    await using client = connect(server.address, health, { limits: { window: 1024 } });
    const watched = client.watch();
    expect((await watched.next()).value).toEqual({ status: 'SERVING' });
    for (let i = 0; i < 2000; i++) {
      status.set('', i % 2 === 0 ? 'NOT_SERVING' : 'SERVING');
      // A turn, in which it could be sent.
      if (i % 10 === 0) await sleep(0);
    }
    status.set('', 'UNKNOWN');
    // What waits for the reader is what its window takes, and no more.
    const seen: string[] = [];
    for await (const { status } of watched) {
      seen.push(status);
      if (status === 'UNKNOWN') break;
    }
    expect(seen.length).toBeLessThan(40);
  });

  test('that its reader leaves is over at the server, too', async () => {
    await using client = connect(server.address, health);
    for (let i = 0; i < 20; i++) {
      for await (const { status } of client.watch()) {
        expect(status).toBe('SERVING');
        break;
      }
    }
    await expect.poll(() => state(client).connections[0]?.pending, { interval: 5 }).toBe(0);
  });
});

describe('a status', () => {
  test('is read as it was set, and undefined where nothing was said', () => {
    expect([status.get(''), status.get('text'), status.get('files')]).toEqual(['SERVING', 'NOT_SERVING', undefined]);
    expect(healthStatus({ '': 'NOT_SERVING' }).get('')).toBe('NOT_SERVING');
  });

  test('of shutdown is NOT_SERVING for all that was ever set, and stays', async () => {
    await using client = connect(server.address, health);
    const watcher = read(client.watch());
    expect((await watcher.next()).value).toBe('SERVING');
    status.set('text', 'SERVING');
    status.shutdown();
    status.set('text', 'SERVING');
    status.set('files', 'SERVING');
    expect((await watcher.next()).value).toBe('NOT_SERVING');
    expect([status.get(''), status.get('text'), status.get('files')]).toEqual([
      'NOT_SERVING',
      'NOT_SERVING',
      undefined,
    ]);
    expect(await client.check({ service: 'text' })).toEqual({ status: 'NOT_SERVING' });
    await watcher.return(undefined);
  });

  test('is the same on each server that serves it', async () => {
    await using other = await serve(place.unix('other'), status.implementation);
    await using client = connect(other.address, health);
    status.set('', 'NOT_SERVING');
    expect(await client.check()).toEqual({ status: 'NOT_SERVING' });
    await server.close();
    status.set('', 'SERVING');
    expect(await client.check()).toEqual({ status: 'SERVING' });
  });

  test.each([
    ['a status that is none', 'text', 'FINE'],
    ['the status that only a watcher is told', 'text', 'SERVICE_UNKNOWN'],
    ['a name that is none', 5, 'SERVING'],
    ['a name that is longer than any', 'x'.repeat(256), 'SERVING'],
  ])('cannot be %s', (_, service, value) => {
    expect(() => status.set(service as string, value as 'SERVING')).toThrow(TypeError);
    expect(() => healthStatus({ text: 'FINE' as 'SERVING' })).toThrow('"text" is FINE');
  });
});
