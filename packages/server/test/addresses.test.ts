import { createServer, type Server as NetServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  close,
  connect,
  implement,
  memoryTransports,
  method,
  RpcError,
  ready,
  type Server,
  type ServeTarget,
  serve,
  service,
} from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

const where = service('where', { say: method({ input: z.string(), output: z.string() }) });
const implementation = implement(where, { say: (value) => `said ${value}` });

let place: Temporary;
const servers: Server[] = [];

beforeEach(async () => {
  place = await temporary();
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ grace: 0 });
  await place[Symbol.asyncDispose]();
});

async function started(targets: ServeTarget | readonly ServeTarget[]): Promise<Server> {
  const server = await serve(targets, implementation);
  servers.push(server);
  return server;
}

async function says(target: string, value: string): Promise<string> {
  const client = connect(target, where);
  try {
    return await client.say(value);
  } finally {
    await close(client);
  }
}

/** A port where nobody listens, and one where somebody else does. */
async function ports(): Promise<{ free: number; taken: number; holder: NetServer }> {
  const [holder, other] = [createServer(), createServer()];
  for (const net of [holder, other]) await new Promise<void>((resolve) => net.listen(0, '127.0.0.1', resolve));
  const [taken, free] = [holder, other].map((net) => (net.address() as { port: number }).port);
  await new Promise((resolve) => other.close(resolve));
  return { free: free as number, taken: taken as number, holder };
}

describe('a server at a TCP port', () => {
  test.each([
    ['tcp://127.0.0.1:0', /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/],
    ['tcp://localhost:0', /^tcp:\/\/localhost:[1-9]\d*$/],
    ['tcp://127.1.2.3:0', /^tcp:\/\/127\.1\.2\.3:[1-9]\d*$/],
  ])('that the system chose for %s names it, and is called there', async (given, named) => {
    const server = await started(given);
    expect(server.address).toMatch(named);
    expect(server.addresses).toEqual([server.address]);
    expect(await says(server.address, 'hello')).toBe('said hello');
  });

  test('that is taken says so', async () => {
    const { taken, holder } = await ports();
    try {
      await expect(started(`tcp://127.0.0.1:${taken}`)).rejects.toThrow(
        `Cannot listen at tcp://127.0.0.1:${taken}: another program is listening there.`,
      );
    } finally {
      holder.close();
    }
  });

  test('leaves it free for the next one when it is closed', async () => {
    const first = await started('tcp://127.0.0.1:0');
    const client = connect(first.address, where);
    await client.say('once');
    await first.close();
    const second = await started(first.address);
    expect(second.address).toBe(first.address);
    expect(await says(second.address, 'again')).toBe('said again');
  });

  test('outside this machine is refused, unless that is allowed', async () => {
    await expect(started('tcp://0.0.0.0:0')).rejects.toThrow('may lie outside this machine');
    expect(() => connect('tcp://192.0.2.1:4000', where)).toThrow('may lie outside this machine');
    const server = await serve('tcp://0.0.0.0:0', implementation, { allowRemote: true });
    servers.push(server);
    expect(await says(server.address.replace('0.0.0.0', '127.0.0.1'), 'hello')).toBe('said hello');
  });
});

describe('connecting to a TCP port', () => {
  test('where nobody listens says so', async () => {
    const { free, holder } = await ports();
    holder.close();
    for (const host of ['127.0.0.1', 'localhost']) {
      const failure = await ready(connect(`tcp://${host}:${free}`, where)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(RpcError);
      expect(failure).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
      expect((failure as RpcError).message).toContain(
        `Nothing listens at tcp://${host}:${free}. Is the server running?`,
      );
    }
  });

  test('0 is refused there and then', () => {
    expect(() => connect('tcp://127.0.0.1:0', where)).toThrow('0 is for servers');
  });
});

describe('one implementation at several addresses', () => {
  test('is called at each of them, and is gone from all when it is closed', async () => {
    const server = await started([place.unix('a'), 'tcp://127.0.0.1:0', place.unix('b')]);
    expect(server.addresses).toEqual([
      place.unix('a'),
      expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:\d+$/),
      place.unix('b'),
    ]);
    expect(server.address).toBe(place.unix('a'));
    for (const address of server.addresses) expect(await says(address, address)).toBe(`said ${address}`);
    const clients = server.addresses.map((address) => connect(address, where));
    await Promise.all(clients.map((client) => client.say('x')));
    expect(server.connections).toBeGreaterThanOrEqual(3);
    await server.close();
    expect(place.entries()).toEqual([]);
    for (const address of server.addresses) await expect(says(address, 'x')).rejects.toThrow(`at ${address}`);
  });

  test.each(['first', 'last'])('is served at none of them where the %s cannot be listened at', async (which) => {
    const { free, taken, holder } = await ports();
    const good = [place.unix('a'), `tcp://127.0.0.1:${free}`, place.unix('b')];
    const bad = `tcp://127.0.0.1:${taken}`;
    try {
      await expect(started(which === 'first' ? [bad, ...good] : [...good, bad])).rejects.toThrow(
        `Cannot listen at ${bad}`,
      );
      expect(place.entries()).toEqual([]);
      for (const address of good) await expect(says(address, 'x')).rejects.toThrow('Nothing listens');
      // All that was opened is free again.
      expect((await started(good)).addresses).toEqual(good);
    } finally {
      holder.close();
    }
  });

  test('is served at none where one of them is no address, and no transport is touched', async () => {
    const [near, far] = memoryTransports();
    await expect(started([place.unix('a'), far, 'nonsense'])).rejects.toThrow('"nonsense" is none');
    expect(place.entries()).toEqual([]);
    const server = await started([place.unix('a'), far]);
    const client = connect(near, where);
    expect(await client.say('hello')).toBe('said hello');
    expect(server.addresses).toEqual([place.unix('a')]);
    await close(client);
  });

  test('is refused twice at one address', async () => {
    await expect(started([place.unix('a'), place.unix('a')])).rejects.toThrow('another server is listening there');
    expect(place.entries()).toEqual([]);
  });
});

describe('a server over transports', () => {
  test('serves each, takes more later, and names no address where it listens at none', async () => {
    const pairs = Array.from({ length: 3 }, memoryTransports);
    const server = await started(pairs.slice(0, 2).map(([, far]) => far));
    expect(server.address).toBe('');
    expect(server.addresses).toEqual([]);
    server.accept((pairs[2] as ReturnType<typeof memoryTransports>)[1]);
    const clients = pairs.map(([near]) => connect(near, where));
    expect(await Promise.all(clients.map((client, i) => client.say(`${i}`)))).toEqual(['said 0', 'said 1', 'said 2']);
    expect(server.connections).toBe(3);
    expect([...server.peers].length).toBe(3);
    await close(clients[0] as object);
    await expect.poll(() => server.connections, { interval: 2 }).toBe(2);
    await server.close();
    await expect(clients[1]?.say('x')).rejects.toThrow(RpcError);
  });

  test('gives the client that it has accepted, to be called', async () => {
    const asked = implement(where, { say: (value) => `the client says ${value}` });
    const server = await started([]);
    const [near, far] = memoryTransports();
    const peer = server.accept(far);
    const client = connect(near, where, { implementations: asked });
    expect(await peer.client(where).say('hello')).toBe('the client says hello');
    await close(client);
    await peer.closed;
  });

  test('that is closed turns away what it is given', async () => {
    const server = await started([]);
    await server.close();
    const [near, far] = memoryTransports();
    server.accept(far);
    await expect(connect(near, where).say('x')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      execution: 'not-sent',
      message: expect.stringContaining('the server is shutting down'),
    });
  });

  test('takes a transport once, as does a client, and says so where it had one', async () => {
    const used = 'This transport has been used: it is one connection.';
    const [near, far] = memoryTransports();
    const server = await started([far]);
    expect(() => server.accept(far)).toThrow(used);
    await expect(started([memoryTransports()[1], far])).rejects.toThrow(used);
    const client = connect(near, where);
    await using second = connect(near, where);
    await expect(second.say('x')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(used),
    });
    expect(await client.say('hello')).toBe('said hello');
    await close(client);
  });

  test('tells what is neither an address nor a transport', async () => {
    const { port1 } = new MessageChannel();
    for (const given of [port1, {}, 5, undefined]) {
      await expect(started(given as never)).rejects.toThrow(/is no address: write .* become transports first/);
      expect(() => connect(given as never, where)).toThrow('is no address');
    }
    port1.close();
  });
});
