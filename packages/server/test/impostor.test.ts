import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { text } from './contract.ts';
import { close, connect, RpcError, ready } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

const HANDSHAKE = 200;
/** For those who say something: on a busy machine it is not there within the time that is given to the silent. */
const PATIENCE = 8000;
/** A call fails within the handshake's time, and what a busy machine adds. */
const SOON = HANDSHAKE + 4000;

interface Impostor extends AsyncDisposable {
  readonly server: NetServer;
}

async function listenAs(place: Temporary, server: NetServer): Promise<Impostor> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // What becomes of the impostor is not what is tested.
    socket.on('error', () => {});
  });
  server.listen(place.at('s.sock'));
  await once(server, 'listening');
  return {
    server,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const impostors: readonly (readonly [who: string, make: () => NetServer, says: RegExp])[] = [
  [
    'sends back what it gets',
    () => createServer((socket) => socket.pipe(socket)),
    /does not speak .*nearcall: it sends back what it gets/,
  ],
  [
    'says nothing',
    () => createServer((socket) => socket.resume()),
    /did not say hello within 200 ms \(option "handshake"\)\. Does it speak nearcall\?/,
  ],
  ['does not even read', () => createServer({ pauseOnConnect: true }), /did not say hello within 200 ms/],
  [
    'speaks HTTP',
    () => createHttpServer((_, response) => response.end('hello')),
    /does not speak nearcall: its first bytes were "HTTP\/1\.1 400 Bad Request/,
  ],
  ['ends at once', () => createServer((socket) => socket.end()), /closed the connection without a word/],
  ['cuts the connection at once', () => createServer((socket) => socket.destroy()), /connection/],
  [
    'cuts the connection at the first byte',
    () => createServer((socket) => socket.once('data', () => socket.destroy())),
    /connection/,
  ],
  [
    'sends bytes that mean nothing',
    () => createServer((socket) => socket.write(Buffer.from([0, 0xff, 0x80, 0x0a, 0x1b, ...Buffer.alloc(200_000)]))),
    /does not speak nearcall: its first bytes were "\\x00\\xff\\x80\\n\\x1b/,
  ],
  [
    'greets and hangs up its ears before its preface is whole',
    () => createServer((socket) => socket.write('nearcall/1 op')),
    /did not say hello within 200 ms/,
  ],
  [
    'ends in the middle of its preface',
    () => createServer((socket) => socket.end('nearcall/1 op')),
    /does not speak this version of nearcall: its first bytes were "nearcall\/1 op"/,
  ],
  [
    'says no hello behind its preface',
    () => createServer((socket) => socket.write('nearcall/1 open\n')),
    /did not say hello within 200 ms/,
  ],
  ['ends behind its preface', () => createServer((socket) => socket.end('nearcall/1 open\n')), /closed the connection/],
  [
    'sends no frames behind its preface',
    () => createServer((socket) => socket.write('nearcall/1 open\nhello world, how are you?')),
    /broke the protocol/,
  ],
  [
    'sends another frame before its hello',
    () =>
      createServer((socket) =>
        socket.write(Buffer.from('nearcall/1 open\n\x00\x00\x00\x06\x03\x00\x00\x00\x00\x00', 'latin1')),
      ),
    /PING before the HELLO/,
  ],
  [
    'speaks another version',
    () => createServer((socket) => socket.write('nearcall/2 open\n')),
    /does not speak this version of nearcall: its first bytes were "nearcall\/2 open\\n"/,
  ],
  [
    'refuses',
    () => createServer((socket) => socket.end('nearcall/1 no: come back tomorrow\n')),
    /The server refused the connection: come back tomorrow/,
  ],
  [
    'refuses without an end',
    () => createServer((socket) => socket.write(`nearcall/1 no: ${'ha'.repeat(1000)}`)),
    /The server refused the connection: haha/,
  ],
];

describe.concurrent.each(impostors)('a client of something that %s', (_, make, says) => {
  test('fails each call as not sent, says why, and never hangs', async () => {
    await using place = await temporary();
    await using _impostor = await listenAs(place, make());
    const from = performance.now();
    const handshake = says.test('did not say hello within 200 ms (option "handshake"). Does it speak nearcall?')
      ? HANDSHAKE
      : PATIENCE;
    const client = connect(place.unix(), text, { handshake });
    const outcomes = await Promise.allSettled([
      ready(client),
      client.uppercase('hello'),
      client.hang(),
      client.uppercase('x'.repeat(100_000)),
    ]);
    expect(performance.now() - from).toBeLessThan(SOON);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(says) } });
      const { reason } = outcome as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(RpcError);
      expect(reason).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
      expect(reason.message).toMatch(/^[\x20-\x7e]{1,700}$/);
    }
    // Nor does a call that is made later.
    await expect(client.uppercase('later')).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    await expect(ready(client)).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    await close(client);
    expect(performance.now() - from).toBeLessThan(2 * SOON);
  });
});

test('a client lets go of its socket when the other side does not speak nearcall', async () => {
  await using place = await temporary();
  const server = createServer({ allowHalfOpen: true });
  await using _impostor = await listenAs(place, server);
  const met = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(place.unix(), text, { handshake: HANDSHAKE });
  const [socket] = await met;
  socket.resume();
  socket.write('hello\n');
  await once(socket, 'end');
  socket.end();
  await once(socket, 'close');
  await close(client);
});
