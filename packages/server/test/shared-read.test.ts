import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { readShared } from '../src/shared-read.ts';

let server: Server;

afterEach(() => void server.close());

/** Both ends of a connection, the accepted one with what `prepare` makes of it. */
async function pair(prepare: (socket: Socket) => void): Promise<[accepted: Socket, dialled: Socket]> {
  server = createServer({ allowHalfOpen: true }, prepare).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dialled = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  return [accepted, dialled];
}

test('what several sockets read lies in the same memory, one after the other', async () => {
  const heard: [text: string, memory: ArrayBufferLike][] = [];
  for (let i = 0; i < 2; i++) {
    const [accepted, dialled] = await pair(readShared);
    for (const text of ['one', 'two']) {
      dialled.write(text);
      const [bytes] = (await once(accepted, 'data')) as [Buffer];
      heard.push([bytes.toString(), bytes.buffer]);
    }
    dialled.end();
    await once(accepted, 'end');
    accepted.end();
    server.close();
  }
  expect(heard.map(([text]) => text)).toEqual(['one', 'two', 'one', 'two']);
  expect(new Set(heard.map(([, memory]) => memory)).size).toBe(1);
});

test('a socket that pauses is given nothing more until it goes on', async () => {
  const [accepted, dialled] = await pair(readShared);
  const heard: string[] = [];
  accepted.on('data', (bytes) => {
    heard.push(bytes.toString());
    if (heard.length === 1) accepted.pause();
  });
  dialled.write('one');
  await once(accepted, 'pause');
  dialled.end('two');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(heard).toEqual(['one']);
  accepted.resume();
  await once(accepted, 'end');
  expect(heard).toEqual(['one', 'two']);
  accepted.end();
});

test('a socket of a Node that is another one inside reads as it did', async () => {
  const [accepted, dialled] = await pair((socket) => {
    Object.defineProperty((socket as unknown as { _handle: object })._handle, 'useUserBuffer', { value: undefined });
    readShared(socket);
  });
  dialled.end('hello');
  const [bytes] = (await once(accepted, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('hello');
  accepted.end();
  // No handle, because it is over already.
  expect(() => readShared(new Socket())).not.toThrow();
});
