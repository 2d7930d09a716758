/** node-ipc: events of JSON, with no answers to them, so that calls are counted by hand. No schemas, no streams, no bytes. */
import { IPCModule } from 'node-ipc';

export const can = ['call', 'nested'];

let connections = 0;

export async function serve(path) {
  const { confirmed } = await import('../nested.mjs');
  const ipc = new IPCModule();
  ipc.config.silent = true;
  ipc.config.maxConnections = 2000;
  ipc.serve(path, () => {
    ipc.server.on('uppercase', ({ id, text }, socket) => {
      ipc.server.emit(socket, 'answer', { id, result: text.toUpperCase() });
    });
    ipc.server.on('confirm', ({ id, order }, socket) => {
      ipc.server.emit(socket, 'answer', { id, result: confirmed(order) });
    });
  });
  const started = new Promise((resolve) => ipc.server.on('start', resolve));
  ipc.server.start();
  await started;
  return () => ipc.server.stop();
}

export async function connect(path) {
  const ipc = new IPCModule();
  ipc.config.silent = true;
  ipc.config.stopRetrying = true;
  const name = `server${++connections}`;
  const server = await new Promise((resolve, reject) => {
    ipc.connectTo(name, path, () => {
      ipc.of[name].on('connect', () => resolve(ipc.of[name]));
      ipc.of[name].on('error', reject);
    });
  });
  const waiting = new Map();
  let lastId = 0;
  server.on('answer', ({ id, result }) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve(result);
  });
  const ask = (event, data) =>
    new Promise((resolve) => {
      data.id = ++lastId;
      waiting.set(data.id, resolve);
      server.emit(event, data);
    });
  return {
    call: (text) => ask('uppercase', { text }),
    nested: (order) => ask('confirm', { order }),
    close: () => ipc.disconnect(name),
  };
}
