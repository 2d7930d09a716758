/**
 * What a good engineer writes in an afternoon: ordinary code, the socket corked for each tick, and a stream's items
 * sent by the batch. Streams to the server would take another afternoon.
 */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { receive, send } from './hand/frames.mjs';
import { methods } from './hand/methods.mjs';

const BATCH = 256;

export const can = ['call', 'nested', 'rows', 'rowsAtOnce', 'blob', 'echo'];

export async function serve(path) {
  const { handlers } = await import('./hand/handlers.mjs');
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    receive(socket, async (request) => send(socket, { id: request.id, ...(await answer(request, socket, handlers)) }));
  });
  server.listen(path);
  await once(server, 'listening');
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
}

async function answer({ id, method: name, params }, socket, handlers) {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!method) return { error: `no method ${name}` };
  const input = method.input.safeParse(params);
  if (!input.success) return { error: input.error.message };
  try {
    if (method.streams) return await sendItems(socket, id, handlers[name](input.data), method.output);
    return { result: await handlers[name](input.data) };
  } catch (error) {
    return { error: error.message };
  }
}

async function sendItems(socket, id, items, schema) {
  let batch = [];
  const flush = () => {
    if (batch.length > 0) send(socket, { id, items: batch });
    batch = [];
  };
  for await (const item of items) {
    batch.push(schema.parse(item));
    // The items of a slow producer must not wait for a whole batch of them.
    if (batch.length === 1) setImmediate(flush);
    if (batch.length === BATCH) {
      flush();
      if (socket.writableNeedDrain) await once(socket, 'drain');
    }
  }
  flush();
  return {};
}

export async function connect(path) {
  const socket = createConnection(path);
  await once(socket, 'connect');
  const pending = new Map();
  let lastId = 0;

  receive(socket, ({ id, result, items, error }) => {
    const waiting = pending.get(id);
    if (!waiting) return;
    if (items !== undefined) return takeItems(id, waiting, items);
    pending.delete(id);
    if (error !== undefined) return waiting.reject(new Error(error));
    if (waiting.take) return waiting.resolve();
    const output = waiting.output.safeParse(result);
    if (output.success) waiting.resolve(output.data);
    else waiting.reject(output.error);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const { reject } of pending.values()) reject(new Error('connection closed'));
    pending.clear();
  });

  function takeItems(id, { output, take, reject }, items) {
    for (const item of items) {
      const checked = output.safeParse(item);
      if (checked.success) {
        take(checked.data);
      } else {
        pending.delete(id);
        return reject(checked.error);
      }
    }
  }

  function request(method, params, take) {
    return new Promise((resolve, reject) => {
      const id = ++lastId;
      pending.set(id, { resolve, reject, output: methods[method].output, take });
      send(socket, { id, method, params });
    });
  }

  return {
    call: (text) => request('uppercase', text),
    rows: (count, take) => request('rows', count, take),
    rowsAtOnce: (count, take) => request('rowsAtOnce', count, take),
    nested: (order) => request('confirm', order),
    blob: (number) => request('blob', number),
    echo: (bytes) => request('echo', bytes),
    close: () => socket.destroy(),
  };
}
