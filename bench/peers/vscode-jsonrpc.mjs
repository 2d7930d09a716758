/** JSON-RPC as language servers speak it. No schemas, no streams, no bytes. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createMessageConnection, RequestType, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';

export const can = ['call', 'nested'];

const uppercase = new RequestType('uppercase');
const confirm = new RequestType('confirm');

export async function serve(path) {
  const { confirmed } = await import('../nested.mjs');
  const { listen } = await import('./net/listener.mjs');
  return listen(path, (socket) => {
    const connection = open(socket);
    connection.onRequest(uppercase, (text) => text.toUpperCase());
    connection.onRequest(confirm, (order) => confirmed(order));
    connection.listen();
  });
}

export async function connect(path) {
  const socket = createConnection(path);
  await once(socket, 'connect');
  const connection = open(socket);
  connection.listen();
  return {
    call: (text) => connection.sendRequest(uppercase, text),
    nested: (order) => connection.sendRequest(confirm, order),
    close: () => socket.destroy(),
  };
}

function open(socket) {
  return createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
}
