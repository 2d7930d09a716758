import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { service } from '../contract/service.ts';
import { duplexTransport } from '../transport/stream.ts';
import { Peer } from './peer.ts';

const echoes = service('echoes', {
  text: method({ input: z.string(), output: z.string() }),
  fields: method({ input: z.object({ id: z.number() }), output: z.object({ id: z.number() }) }),
  late: method({ input: z.number(), output: z.number() }),
});

test('hundreds of calls of one moment, both ways, get what is their own', async () => {
  const handlers = {
    text: (text: string) => text.toUpperCase(),
    fields: ({ id }: { id: number }) => ({ id: -id }),
    late: async (id: number) => (await Promise.resolve(id)) + 1,
  };
  const implementations = new Implementations([implement(echoes, handlers)]);
  const [here, there] = duplexPair();
  const near = new Peer(duplexTransport(here), { role: 'dialer', implementations });
  const far = new Peer(duplexTransport(there), { role: 'acceptor', implementations });
  const clients = [near.client(echoes), far.client(echoes)];
  for (let round = 0; round < 5; round++) {
    const answers = clients.map((client) =>
      Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          Promise.all([client.text(`a${i}`), client.fields({ id: i }), client.late(i)]),
        ),
      ),
    );
    const expected = Array.from({ length: 200 }, (_, i) => [`A${i}`, { id: -i }, i + 1]);
    expect(await Promise.all(answers)).toEqual([expected, expected]);
  }
  await Promise.all([near.close(), far.close()]);
});
