/** JSON-RPC as language servers speak it. No schemas, no streams, no bytes. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createMessageConnection, RequestType, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import { confirmed } from '../nested.mjs';
import { listen } from './net/listener.mjs';

export const can = ['call', 'nested'];

const uppercase = new RequestType('uppercase');
const confirm = new RequestType('confirm');

export function serve(path) {
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
