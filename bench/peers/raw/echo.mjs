import { once } from 'node:events';
import { createServer } from 'node:net';
import { Frames } from './frames.mjs';

export async function serve(path) {
  const sockets = new Set();
  const server = createServer((socket) => {
    const frames = new Frames();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      // An echo answers with the very bytes of the request, so all the frames
      // of one read leave in one write and none is copied.
      const whole = frames.take(chunk);
      if (whole.length > 0) socket.write(whole);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
}
