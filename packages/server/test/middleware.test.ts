import { expect, test } from 'vitest';
import { type CallOptions, type ClientOf, close, connect, RpcError, type Server, serve, use } from './nearcall.ts';
import { temporary } from './temporary.ts';
import { words } from './words.ts';

interface Running extends AsyncDisposable {
  readonly client: ClientOf<typeof words>;
  readonly server: Server;
  /** What went on around the handlers. */
  readonly log: string[];
  /** What `onError` heard. */
  readonly reported: unknown[];
  /** Fulfils when the log holds so many lines. */
  logged(count: number): Promise<void>;
}

/** Handlers that know their user, over a real socket. */
async function running(): Promise<Running> {
  const place = await temporary();
  const log: string[] = [];
  const reported: unknown[] = [];
  const logged = use(async ({ method, signal }, next) => {
    log.push(`${method} in`);
    try {
      const result = await next({ at: log.length });
      log.push(`${method} out`);
      return result;
    } catch (error) {
      log.push(`${method} threw ${(error as RpcError).code}`);
      throw error;
    } finally {
      if (signal.aborted) log.push(`${method} ${(signal.reason as RpcError).code}`);
    }
  });
  const signedIn = logged.use(async ({ metadata, method }, next) => {
    const { user } = metadata;
    if (typeof user !== 'string') throw new RpcError('UNAUTHENTICATED', `${method} is for those who say who they are.`);
    return next({ user });
  });
  const implementation = signedIn.implement(words, {
    ask: (word, { user, at, setTrailer }) => {
      setTrailer({ at: `${at}` });
      if (word === 'fail') throw new RpcError('NOT_FOUND', 'No such word.');
      return `${user} says ${word}`;
    },
    async *read(count, { user, sendHeader, signal }) {
      sendHeader({ user });
      for (let i = 0; i < count; i++) yield `${user} ${i}`;
      if (count === 1000) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    async write(input, { user }) {
      let all = user;
      for await (const word of input) all += ` ${word}`;
      return all;
    },
    async *talk(input, { user }) {
      for await (const word of input) yield `${user} says ${word}`;
    },
    back: (word) => word,
    note: (word, { user }) => void log.push(`${user} notes ${word}`),
  });
  const server = await serve(place.unix(), implementation, { onError: (error) => reported.push(error) });
  const client = connect(place.unix(), words);
  return {
    client,
    server,
    log,
    reported,
    logged: (count) => expect.poll(() => log.length, { interval: 2, timeout: 5000 }).toBeGreaterThanOrEqual(count),
    async [Symbol.asyncDispose]() {
      await close(client, { grace: 0 });
      await server.close({ grace: 0 });
      await place[Symbol.asyncDispose]();
    },
  };
}

const ANN: CallOptions = { metadata: { user: 'Ann' } };

test('over a socket, middleware stands around calls of every kind', async () => {
  await using world = await running();
  const { client, log } = world;
  const trailers: unknown[] = [];
  const onTrailer = (trailer: object): void => void trailers.push({ ...trailer });
  expect(await client.ask('hello', { ...ANN, onTrailer })).toBe('Ann says hello');
  expect(trailers).toEqual([{ at: '1' }]);
  const items = client.read(2, ANN);
  expect({ ...(await items.header) }).toEqual({ user: 'Ann' });
  expect(await collect(items)).toEqual(['Ann 0', 'Ann 1']);
  expect(await client.write(['a', 'b'], ANN)).toBe('Ann a b');
  expect(await collect(client.talk(['a', 'b'], ANN))).toEqual(['Ann says a', 'Ann says b']);
  await client.note('it', ANN);
  await world.logged(11);
  expect(log).toEqual([
    ...['ask', 'read', 'write', 'talk'].flatMap((name) => [`words.${name} in`, `words.${name} out`]),
    'words.note in',
    'Ann notes it',
    'words.note out',
  ]);
  expect(world.reported).toEqual([]);
});

test('over a socket, it refuses calls of every kind, and events are told of at this end', async () => {
  await using world = await running();
  const { client } = world;
  const refused = { code: 'UNAUTHENTICATED', execution: 'unknown' };
  await expect(client.ask('x')).rejects.toMatchObject(refused);
  await expect(client.read(1).next()).rejects.toMatchObject(refused);
  await expect(client.write(['x'])).rejects.toMatchObject(refused);
  await expect(client.talk(['x']).next()).rejects.toMatchObject(refused);
  await client.note('x');
  await world.logged(10);
  expect(world.log.filter((line) => line.endsWith('threw UNAUTHENTICATED'))).toHaveLength(5);
  expect(world.reported).toMatchObject([{ code: 'UNAUTHENTICATED' }]);
});

test('over a socket, errors of handlers go through it to the caller, with the trailer', async () => {
  await using world = await running();
  await expect(world.client.ask('fail', ANN)).rejects.toMatchObject({ code: 'NOT_FOUND', metadata: { at: '1' } });
  expect(world.log).toEqual(['words.ask in', 'words.ask threw NOT_FOUND']);
});

test('over a socket, it is left when a caller gives up, leaves a stream, or dies', async () => {
  await using world = await running();
  const { client, log } = world;
  for await (const _ of client.read(1000, ANN)) break;
  await world.logged(3);
  expect(log.splice(0)).toEqual(['words.read in', 'words.read out', 'words.read CANCELLED']);
  const giveUp = new AbortController();
  const call = client.write(endless(), { ...ANN, signal: giveUp.signal });
  await world.logged(1);
  giveUp.abort();
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  await world.logged(3);
  expect(log.splice(0)).toEqual(['words.write in', 'words.write threw CANCELLED', 'words.write CANCELLED']);
  const read = client.read(1000, ANN).next();
  await read;
  await close(client, { grace: 0 });
  await world.logged(3);
  expect(log).toEqual(['words.read in', 'words.read out', 'words.read CANCELLED']);
});

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'x'.repeat(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
