/**
 * The floor: what sockets, frames and promises cost by themselves. No ids, no schema, and of a codec no more than it
 * takes to have objects to give away. A connection does one kind of work, so that none pays for another's.
 */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connectionOf } from './raw/connection.mjs';
import { KINDS } from './raw/kinds.mjs';
import { listen } from './raw/listener.mjs';

// No objects: these need a codec.
export const can = ['call', 'rows', 'rowsAtOnce', 'change', 'blob', 'echo'];

export const echoes = true;

export function serve(path, kind) {
  return listen(path, KINDS[kind].accept);
}

export async function connect(path, kind) {
  const socket = createConnection(path);
  await once(socket, 'connect');
  const client = new KINDS[kind].Client(socket);
  socket.on('data', (chunk) => client.receive(chunk));
  return connectionOf(client, socket);
}
