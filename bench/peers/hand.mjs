/** What a good engineer writes in an afternoon: ordinary code, and the socket corked for each tick. */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { Packr } from 'msgpackr';
import { z } from 'zod';

const packr = new Packr({ useRecords: false });

const methods = {
  uppercase: {
    input: z.string(),
    output: z.string(),
    handle: async (value) => value.toUpperCase(),
  },
};

export async function serve(path) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    receive(socket, async (request) => send(socket, { id: request.id, ...(await answer(request)) }));
  });
  server.listen(path);
  await once(server, 'listening');
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
}

async function answer({ method: name, params }) {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!method) return { error: `no method ${name}` };
  const input = method.input.safeParse(params);
  if (!input.success) return { error: input.error.message };
  try {
    return { result: await method.handle(input.data) };
  } catch (error) {
    return { error: error.message };
  }
}

export async function connect(path) {
  const socket = createConnection(path);
  await once(socket, 'connect');
  const pending = new Map();
  let lastId = 0;

  receive(socket, ({ id, result, error }) => {
    const waiting = pending.get(id);
    if (!waiting) return;
    pending.delete(id);
    if (error !== undefined) return waiting.reject(new Error(error));
    const output = waiting.output.safeParse(result);
    if (output.success) waiting.resolve(output.data);
    else waiting.reject(output.error);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const { reject } of pending.values()) reject(new Error('connection closed'));
    pending.clear();
  });

  function request(method, params) {
    return new Promise((resolve, reject) => {
      const id = ++lastId;
      pending.set(id, { resolve, reject, output: methods[method].output });
      send(socket, { id, method, params });
    });
  }

  return {
    call: (text) => request('uppercase', text),
    close: () => socket.destroy(),
  };
}

function send(socket, message) {
  const body = packr.pack(message);
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32BE(body.length, 0);
  frame.set(body, 4);
  // One system call a tick instead of one a message.
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(frame);
}

function receive(socket, onMessage) {
  let buffered = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    let offset = 0;
    while (buffered.length - offset >= 4) {
      const end = offset + 4 + buffered.readUInt32BE(offset);
      if (end > buffered.length) break;
      onMessage(packr.unpack(buffered.subarray(offset + 4, end)));
      offset = end;
    }
    buffered = buffered.subarray(offset);
  });
}
