/**
 * Connect for ECMAScript, speaking gRPC over HTTP/2, with code generated from the .proto. Its documentation has no Unix
 * sockets; the option of Node's http2 for making the connection goes through it.
 */
import { Bench } from '../protobuf/bench_pb.js';

export const can = ['call', 'nested', 'rows', 'rowsAtOnce', 'rowsSlowly', 'change', 'blob', 'echo'];

export async function serve(path) {
  const { once } = await import('node:events');
  const { createServer } = await import('node:http2');
  const { connectNodeAdapter } = await import('@connectrpc/connect-node');
  const { changed, rows, rowsAtOnce } = await import('../rows.mjs');
  const { confirmed } = await import('../nested.mjs');
  const { blob } = await import('../blobs.mjs');
  const routes = (router) =>
    router.service(Bench, {
      uppercase: ({ text }) => ({ text: text.toUpperCase() }),
      confirm: (order) => confirmed(order),
      rows: ({ count }) => rows(count),
      async *rowsAtOnce({ count }) {
        yield* rowsAtOnce(count);
      },
      async *change(incoming) {
        for await (const row of incoming) yield changed(row);
      },
      blob: ({ number }) => ({ bytes: blob(number) }),
      echo: (message) => message,
    });
  const sessions = new Set();
  const server = createServer(connectNodeAdapter({ routes }));
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.listen(path);
  await once(server, 'listening');
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const session of sessions) session.destroy();
    });
}

export async function connect(path) {
  const { createConnection } = await import('node:net');
  const { createClient } = await import('@connectrpc/connect');
  const { createGrpcTransport, Http2SessionManager } = await import('@connectrpc/connect-node');
  const baseUrl = 'http://localhost';
  const sessionManager = new Http2SessionManager(baseUrl, {}, { createConnection: () => createConnection(path) });
  await sessionManager.connect();
  const client = createClient(Bench, createGrpcTransport({ baseUrl, sessionManager }));
  const takeAll = async (items, take) => {
    for await (const item of items) take(item);
  };
  return {
    call: async (text) => (await client.uppercase({ text })).text,
    // A null is no field in protocol buffers, but the lack of one.
    nested: (order) => client.confirm({ ...order, discount: order.discount ?? undefined }),
    rows: (count, take) => takeAll(client.rows({ count }), take),
    rowsAtOnce: (count, take) => takeAll(client.rowsAtOnce({ count }), take),
    async rowsSlowly(count, take) {
      for await (const row of client.rows({ count })) await take(row);
    },
    async change(count, take) {
      const { rows } = await import('../rows.mjs');
      await takeAll(client.change(rows(count)), take);
    },
    blob: async (number) => (await client.blob({ number })).bytes,
    echo: async (bytes) => (await client.echo({ bytes })).bytes,
    close: () => sessionManager.abort(),
  };
}
