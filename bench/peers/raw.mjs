/** The floor: what sockets, frames and promises cost by themselves. No ids, no codec, no schema. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { Caller } from './raw/caller.mjs';

export { serve } from './raw/echo.mjs';

export const echoes = true;

export async function connect(path) {
  const socket = createConnection(path);
  await once(socket, 'connect');
  const caller = new Caller(socket);
  socket.on('data', (chunk) => caller.receive(chunk));
  return {
    call: (text) => caller.call(text),
    close: () => socket.destroy(),
  };
}
