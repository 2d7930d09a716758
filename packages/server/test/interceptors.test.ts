import { expect, test } from 'vitest';
import { z } from 'zod';
import { close, connect, type Interceptor, implement, method, RpcError, serve, service } from './nearcall.ts';
import { temporary } from './temporary.ts';
import { words } from './words.ts';

const reply = service('reply', { ask: method({ input: z.string(), output: z.string() }) });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('over a socket, interceptors stand around calls of every kind, both ways, and those of handlers', async () => {
  await using place = await temporary();
  const log: string[] = [];
  const noting =
    (name: string): Interceptor =>
    async ({ method, options }, next) => {
      log.push(`${name} ${method}`);
      return next({ metadata: { ...options.metadata, via: name } });
    };
  const implementation = implement(words, {
    ask: (word, { metadata }) => `${word} via ${metadata['via']}`,
    *read(count, { metadata }) {
      for (let i = 0; i < count; i++) yield `${i} via ${metadata['via']}`;
    },
    async write(input, { metadata }) {
      return `${(await collect(input)).join(' ')} via ${metadata['via']}`;
    },
    talk: (_, { metadata }) => [`via ${metadata['via']}`],
    back: (word, { peer }) => peer.client(reply).ask(word),
    note: (word, { metadata }) => void log.push(`${word} via ${metadata['via']}`),
  });
  await using server = await serve(place.unix(), implementation, { interceptors: [noting('server')] });
  const replies = implement(reply, {
    ask: async (word, { peer, metadata }) => {
      const back = await peer.client(words).ask(word);
      return `${back}, asked via ${metadata['via']}`;
    },
  });
  const client = connect(server.address, words, { interceptors: [noting('client')], implementations: replies });
  expect(await client.ask('a')).toBe('a via client');
  expect(await collect(client.read(2))).toEqual(['0 via client', '1 via client']);
  expect(await client.write(['a', 'b'])).toBe('a b via client');
  expect(await collect(client.talk([]))).toEqual(['via client']);
  expect(await client.back('x')).toBe('x via client, asked via server');
  await client.note('y');
  await close(client);
  const calls = ['ask', 'read', 'write', 'talk', 'back'].map((name) => `client words.${name}`);
  expect(log).toEqual([...calls, 'server reply.ask', 'client words.ask', 'client words.note', 'y via client']);
});

test('an interceptor hears why there is no answer, also where nobody listens', async () => {
  await using place = await temporary();
  const heard: unknown[] = [];
  const hearing: Interceptor = async (_, next) => {
    try {
      return await next();
    } catch (error) {
      heard.push((error as RpcError).code);
      throw new RpcError('NOT_FOUND', 'The service is away.', { cause: error, execution: 'not-sent' });
    }
  };
  const client = connect(place.unix(), words, { interceptors: [hearing] });
  await expect(client.ask('x')).rejects.toMatchObject({ code: 'NOT_FOUND', execution: 'not-sent' });
  await expect(client.read(1).next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(heard).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
  await close(client);
});

test('what is no interceptor is refused where it is given', async () => {
  await using place = await temporary();
  const interceptors = [{}] as unknown as Interceptor[];
  const refusal = 'The interceptors are a list of functions';
  expect(() => connect(place.unix(), words, { interceptors })).toThrow(refusal);
  await expect(serve(place.unix(), [], { interceptors })).rejects.toThrow(refusal);
});
