/** birpc, which brings no transport: JSON in lines, all of a tick in one write. No schemas, no streams, no bytes. */
export const can = ['call', 'nested'];

export async function serve(path) {
  const { confirmed } = await import('../nested.mjs');
  const { listen } = await import('./net/listener.mjs');
  const functions = { uppercase: (text) => text.toUpperCase(), confirm: (order) => confirmed(order) };
  const link = await linker();
  return listen(path, (socket) => link(functions, socket));
}

export async function connect(path) {
  const { once } = await import('node:events');
  const { createConnection } = await import('node:net');
  const socket = createConnection(path);
  await once(socket, 'connect');
  const link = await linker();
  const rpc = link({}, socket);
  return {
    call: (text) => rpc.uppercase(text),
    nested: (order) => rpc.confirm(order),
    close: () => socket.destroy(),
  };
}

async function linker() {
  const { createBirpc } = await import('birpc');
  const { receive, send } = await import('./net/lines.mjs');
  return (functions, socket) =>
    createBirpc(functions, {
      post: (text) => send(socket, text),
      on: (take) => receive(socket, take),
      serialize: (value) => JSON.stringify(value),
      deserialize: (text) => JSON.parse(text),
    });
}
