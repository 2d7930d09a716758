import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dialled, listening } from './both-directions/contract.ts';
import { servesListening } from './both-directions/serving.ts';
import { Source } from './both-directions/source.ts';
import { type Child, forked } from './forked.ts';
import { connect, type RemotePeer, type ServeOptions, type Server, serve } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

const noStreams = servesListening(
  () => new Source(),
  async () => 0,
);

/** A server here, and a process that has connected to it: as this side sees it, and as it is asked things. */
interface Pair {
  readonly server: Server;
  readonly peer: RemotePeer;
  readonly client: Child;
}

async function pair(address: string, implementation = noStreams): Promise<Pair> {
  let onConnect: (peer: RemotePeer) => void = () => {};
  const connected = new Promise<RemotePeer>((resolve) => {
    onConnect = resolve;
  });
  const server = await serve(address, implementation, { onConnect });
  const client = await forked('both-directions/client-child', address);
  return { server, peer: await connected, client };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) read.push(item);
  return read;
}

describe('a server and a client in another process that implements a service', () => {
  let place: Temporary;
  let server: Server;
  let peer: RemotePeer;
  let client: Child;

  beforeAll(async () => {
    place = await temporary();
    ({ server, peer, client } = await pair(place.unix()));
  });

  afterAll(async () => {
    await client.kill();
    await server.close();
    await place[Symbol.asyncDispose]();
  });

  test('the server speaks first: by events, which come in order', async () => {
    const { greet } = peer.client(dialled);
    const texts = Array.from({ length: 100 }, (_, i) => `event ${i}`);
    await Promise.all(texts.map((text) => greet(text)));
    await expect.poll(() => client.ask('heard'), { interval: 2, timeout: 5000 }).toEqual(texts);
  });

  test('by a call, and by a record of services', async () => {
    expect(await peer.client(dialled).shout('hello')).toBe('HELLO');
    expect(await peer.client({ dialled }).dialled.who()).toBe(0);
  });

  test('by reading a stream of the client', async () => {
    const lines = await all(peer.client(dialled).list(5000));
    expect(lines).toEqual(Array.from({ length: 5000 }, (_, i) => `line ${i}`));
  });

  test('by streaming to the client, and both ways at once', async () => {
    const { collect, chat } = peer.client(dialled);
    const texts = Array.from({ length: 5000 }, (_, i) => `text ${i}`);
    expect(await collect(texts)).toEqual(texts);
    expect(await all(chat(texts))).toEqual(texts.map((text) => text.toUpperCase()));
  });

  test('bytes that it sends come as they are, and others come back', async () => {
    const answer = await peer.client(dialled).answerBytes(Buffer.from([1, 2, 3, 4]));
    expect(answer).toEqual(Uint8Array.of(5, 6, 7, 8));
    expect(Object.getPrototypeOf(answer)).toBe(Uint8Array.prototype);
  });

  test('a handler calls its caller back, with a call and with a stream', async () => {
    expect(await client.ask('echo', 'back and forth')).toBe('BACK AND FORTH');
    const lines = await client.ask<string[]>('relay', 5000);
    expect(lines).toEqual(Array.from({ length: 5000 }, (_, i) => `line ${i}`));
  });

  test('calls nest back and forth, 20 levels deep', async () => {
    expect(await client.ask('ping', 20)).toEqual({ answer: 20, served: 10 });
  });

  test('calls nest 64 levels deep, and one more fails with RESOURCE_EXHAUSTED', async () => {
    expect(await client.ask('ping', 64)).toEqual({ answer: 64, served: 32 });
    expect(await client.ask('ping', 65)).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      message: expect.stringContaining('did (RESOURCE_EXHAUSTED)'),
      served: 32,
    });
    // It has failed at the limit, and not at the end of what there is to call.
    expect(await client.ask('ping', 1_000_000)).toMatchObject({ code: 'RESOURCE_EXHAUSTED', served: 32 });
    expect(await client.ask('ping', 20)).toEqual({ answer: 20, served: 10 });
  });

  test('a server calls each client that is connected, and no other', async () => {
    const who = async (): Promise<number[]> =>
      (await Promise.all([...server.peers].map((one) => one.client(dialled).who()))).sort();
    expect(await who()).toEqual([0]);
    await client.ask('open', 4);
    await expect.poll(() => [...server.peers].length, { interval: 2, timeout: 5000 }).toBe(5);
    expect(await who()).toEqual([0, 1, 2, 3, 4]);
    await client.ask('closeLast');
    await expect.poll(() => [...server.peers].length, { interval: 2, timeout: 5000 }).toBe(4);
    expect(await who()).toEqual([0, 1, 2, 3]);
  });
});

describe('a server that greets each client and closes', () => {
  const GREETING = 'サーバからメッセージを送信';
  let place: Temporary;
  let server: Server;
  let client: Child;
  let onConnect: NonNullable<ServeOptions['onConnect']> = () => {};

  beforeAll(async () => {
    place = await temporary();
    // It serves nothing: all that its clients get is what it says.
    server = await serve(place.unix(), [], { onConnect: (peer) => onConnect(peer) });
    client = await forked('both-directions/client-child', place.unix());
  });

  afterAll(async () => {
    await client.kill();
    await server.close();
    await place[Symbol.asyncDispose]();
  });

  /** What so many clients in a row have heard until they were closed. */
  async function heardBy(times: number, greet: typeof onConnect): Promise<string[][]> {
    onConnect = greet;
    return client.ask('listen', times);
  }

  test('is heard whole and in order by 300 clients in a row', async () => {
    const heard = await heardBy(300, async (peer) => {
      const { greet } = peer.client(dialled);
      await greet(GREETING);
      for (let i = 1; i < 5; i++) await greet(`${i}`);
      await peer.close();
    });
    expect(heard).toEqual(Array.from({ length: 300 }, () => [GREETING, '1', '2', '3', '4']));
  });

  test('is heard also where it does not wait for its events to leave before it closes', async () => {
    const heard = await heardBy(300, (peer) => {
      const { greet } = peer.client(dialled);
      for (const text of [GREETING, '1', '2', '3', '4']) void greet(text);
      return peer.close();
    });
    expect(heard).toEqual(Array.from({ length: 300 }, () => [GREETING, '1', '2', '3', '4']));
  });

  test('is heard to the end of 1 MB', async () => {
    const long = GREETING.repeat(Math.ceil(1_000_000 / Buffer.byteLength(GREETING)));
    const heard = await heardBy(20, (peer) => {
      const { greet } = peer.client(dialled);
      void greet(long);
      void greet(GREETING);
      return peer.close();
    });
    // Compared by hand: where they differ, a matcher would print all of it.
    expect(
      heard.filter(([first, second, ...more]) => first === long && second === GREETING && more.length === 0),
    ).toHaveLength(20);
  });
});

describe('when a process is killed', () => {
  let place: Temporary;

  beforeEach(async () => {
    place = await temporary();
  });

  afterEach(() => place[Symbol.asyncDispose]());

  test('a client: streams to it are let go at the server, and its signals abort', async () => {
    const source = new Source();
    let signal: AbortSignal | undefined;
    const implementation = servesListening(
      (given) => {
        signal = given;
        return source;
      },
      async () => 0,
    );
    const { server, peer, client } = await pair(place.unix(), implementation);
    const given = new Source();
    const lost = { code: 'UNAVAILABLE', execution: 'unknown' };
    try {
      await client.ask('read');
      const { collect, hang, list } = peer.client(dialled);
      // Streams to it by a call of this side's, a call, and a stream from it.
      const collecting = collect(texts(given));
      const hanging = hang(undefined, { deadline: 60_000 });
      const lines = list(Number.MAX_SAFE_INTEGER);
      await lines.next();
      await expect.poll(() => source.made, { interval: 2, timeout: 5000 }).toBeGreaterThan(10_000);
      const outcomes = Promise.allSettled([collecting, hanging, all(lines)]);
      await client.kill('SIGKILL');
      await Promise.all([source.returned, given.returned, peer.closed]);
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: lost });
      }
      expect(signal?.aborted).toBe(true);
      expect(signal?.reason).toMatchObject({ code: 'CANCELLED' });
      await expect.poll(() => server.connections, { interval: 2, timeout: 5000 }).toBe(0);
    } finally {
      await client.kill();
      await server.close({ grace: 0 });
    }
  });

  test('a server: a client that streams to it is told, and its stream let go', async () => {
    await using server = await forked('both-directions/server-child', place.unix());
    const client = connect(place.unix(), listening);
    const given = new Source();
    const swallowing = client.swallow(given);
    const reading = all(client.endless());
    const outcomes = Promise.allSettled([swallowing, reading]);
    await expect.poll(() => server.ask('swallowed'), { interval: 2, timeout: 5000 }).toBeGreaterThan(10_000);
    await server.kill('SIGKILL');
    await given.returned;
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE', execution: 'unknown' } });
    }
  });
});

/** The same source, as texts. Leaving it leaves the source. */
async function* texts(source: Source): AsyncGenerator<string, undefined> {
  for await (const n of source) yield `${n}`;
}
