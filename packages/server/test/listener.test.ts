import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Listener, netServer } from '../src/listener.ts';
import { listening } from '../src/socket-file/listening.ts';
import { type Temporary, temporary } from './temporary.ts';

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

test('a server that cannot accept a connection goes on, from the moment it listens', async () => {
  const net = netServer(() => {});
  await listening(net, { path: place.at('s.sock') });
  const warned = once(process, 'warning');
  // As Node tells of a connection for which no descriptor is left.
  net.emit('error', new Error('accept EMFILE'));
  expect(await warned).toMatchObject([{ code: 'NEARCALL_ACCEPT', message: expect.stringContaining('accept EMFILE') }]);
  net.close();
});

test.each([
  { server: 'a server', shared: false },
  { server: 'a successor that has taken on the file', shared: true },
])('$server takes whoever connects before the address is gone, and the kernel resets nobody', async ({ shared }) => {
  const path = place.at('s.sock');
  let taken = 0;
  const net = netServer((transport) => {
    taken++;
    transport.destroy();
  });
  await listening(net, { path });
  const outcomes: Promise<unknown>[] = [];
  const comes = (): void => {
    const socket = connect({ path }).resume();
    outcomes.push(Promise.race([once(socket, 'close'), once(socket, 'error')]));
  };
  // A crowd comes as the name goes, in the same turn of the event loop.
  const remove = async (): Promise<void> => {
    for (let i = 0; i < 100; i++) comes();
  };
  const listener = new Listener('unix:x', net, { remove, clear: async () => {} }, shared);
  await listener.stop();
  await listener.stopped;
  await Promise.all(outcomes);
  expect(taken).toBe(100);
});
