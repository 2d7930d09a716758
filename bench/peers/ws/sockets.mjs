/** WebSockets over a Unix socket, as the peers need them that know nothing but WebSockets. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

export { WebSocket };

// The peers take it from there where they only compare with it, and Node 20 has none.
globalThis.WebSocket ??= WebSocket;

/** Resolves once it listens, to the WebSocketServer and what stops it. */
export async function listen(path) {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  server.listen(path);
  await once(server, 'listening');
  const stop = () =>
    new Promise((resolve) => {
      for (const socket of sockets.clients) socket.terminate();
      server.close(() => resolve());
    });
  return { sockets, stop };
}

export function addressOf(path) {
  return `ws+unix:${path}`;
}

export async function open(path) {
  const socket = new WebSocket(addressOf(path));
  await once(socket, 'open');
  return socket;
}
