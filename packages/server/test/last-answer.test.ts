import { expect, test } from 'vitest';
import { text } from './contract.ts';
import { connect, implement, ready, type Server, serve } from './nearcall.ts';
import { sharedServer } from './shared-server.ts';

// Together 1,000 answers, each of which is the last thing that a server says.
const IN_OTHER_PROCESS = 400;
const ALONE = 200;
const SERVERS = 40;
const CLIENTS = 10;

const shared = sharedServer();

/** A server that stops in the handler of `last`, either before or right after it answers. */
async function serveOnce(address: string): Promise<Server> {
  const server: Server = await serve(
    address,
    implement(text, {
      uppercase: (value) => value.toUpperCase(),
      later: ({ value }) => value,
      hang: () => new Promise<void>(() => {}),
      last: async (value) => {
        if (value % 2 === 0) void server.close();
        else queueMicrotask(() => void server.close());
        return value;
      },
    }),
  );
  return server;
}

test(`${IN_OTHER_PROCESS} servers in another process answer and close; every answer arrives`, async () => {
  const addresses = Array.from({ length: IN_OTHER_PROCESS }, (_, i) => shared.place.unix(`other-${i}`));
  await shared.child.ask('more', { addresses });
  const batch = 50;
  for (let from = 0; from < IN_OTHER_PROCESS; from += batch) {
    const answers = addresses.slice(from, from + batch).map(async (address, i) => {
      const client = connect(address, text, { reconnect: false });
      await ready(client);
      const last = client.last(from + i);
      // Writing goes on while the other side closes: a write that fails must not lose what has not been read yet.
      const more: Promise<unknown>[] = [];
      const go = (): void => {
        more.push(client.uppercase('more').catch(() => {}));
        if (more.length < 20) setImmediate(go);
      };
      setImmediate(go);
      const answer = await last;
      await Promise.all(more);
      return answer;
    });
    expect(await Promise.all(answers)).toEqual(Array.from({ length: batch }, (_, i) => from + i));
  }
});

test(`${ALONE} servers here answer and close; every answer arrives`, async () => {
  for (let i = 0; i < ALONE; i++) {
    await using server = await serveOnce(shared.place.unix('here.sock'));
    const client = connect(server.address, text, { reconnect: false });
    expect(await client.last(i)).toBe(i);
  }
});

test(`${SERVERS} servers close while they answer ${CLIENTS} clients each; every answer arrives`, async () => {
  for (let i = 0; i < SERVERS; i++) {
    let answer: () => void = () => {};
    const stopping = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let begun = 0;
    const server: Server = await serve(
      shared.place.unix('here.sock'),
      implement(text, {
        uppercase: (value) => value,
        later: ({ value }) => value,
        hang: () => {},
        last: async (value) => {
          if (++begun === CLIENTS) {
            answer();
            void server.close();
          }
          await stopping;
          return value;
        },
      }),
    );
    const clients = Array.from({ length: CLIENTS }, () => connect(server.address, text, { reconnect: false }));
    const answers = await Promise.all(clients.map((client, value) => client.last(value)));
    expect(answers).toEqual(clients.map((_, value) => value));
    await server.close();
  }
});

test('an answer of 10 MB is not cut off by the close behind it', async () => {
  const server: Server = await serve(
    shared.place.unix('here.sock'),
    implement(text, {
      uppercase: (value) => {
        void server.close();
        return value.toUpperCase();
      },
      later: ({ value }) => value,
      hang: () => {},
      last: (value) => value,
    }),
  );
  const client = connect(server.address, text, { reconnect: false });
  expect((await client.uppercase('a'.repeat(10_000_000))).length).toBe(10_000_000);
  await server.close();
});
