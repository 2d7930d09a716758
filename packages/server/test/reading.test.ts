import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { text } from './contract.ts';
import { close, connect, implement, serve } from './nearcall.ts';
import { temporary } from './temporary.ts';

// `shared-read.ts` leaves a socket as it is where Node is another one inside: this tells whether the Node that runs is one.
test('both ends read into memory that they keep: no socket makes an event, and memory, of what it reads', async () => {
  await using place = await temporary();
  const sockets: Socket[] = [];
  let events = 0;
  const opened = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    sockets.push(socket);
    socket.on('data', () => events++);
  };
  const channels = ['net.client.socket', 'net.server.socket'];
  for (const channel of channels) subscribe(channel, opened);
  try {
    const uppercase = (value: string): string => value.toUpperCase();
    const other = (): never => expect.unreachable();
    const server = await serve(place.unix(), implement(text, { uppercase, later: other, hang: other, last: other }));
    const client = connect(server.address, text);
    for (let i = 0; i < 10; i++) expect(await client.uppercase(`call ${i}`)).toBe(`CALL ${i}`);
    expect(sockets).toHaveLength(2);
    for (const socket of sockets) expect(socket.bytesRead).toBeGreaterThan(100);
    expect(events).toBe(0);
    await close(client);
    await server.close();
  } finally {
    for (const channel of channels) unsubscribe(channel, opened);
  }
});
