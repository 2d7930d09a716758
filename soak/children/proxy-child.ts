// Stands between clients and a server: cuts connections, holds them up, and ends one side of them.
import { connect, createServer, type Socket } from 'node:net';
import { Random } from '../../packages/core/sim/random.ts';
import { watched } from '../watched.ts';

/** What it is told. */
export interface ProxyPlan {
  readonly seed: number;
  readonly path: string;
  readonly target: string;
}

const plan: ProxyPlan = JSON.parse(process.argv[2] as string);
const random = new Random(plan.seed);
const sockets = new Set<Socket>();
const faults: Record<string, number> = {};
let connections = 0;

const server = createServer({ allowHalfOpen: true }, (near) => {
  connections++;
  const far = connect({ path: plan.target, allowHalfOpen: true });
  const both = [near, far];
  for (const socket of both) {
    sockets.add(socket);
    const other = socket === near ? far : near;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (!other.writable) return;
      // In pieces, now and then.
      const cut = random.chance(0.01) ? random.below(bytes.length) : 0;
      if (cut > 0) other.write(bytes.subarray(0, cut));
      if (!other.write(bytes.subarray(cut))) socket.pause();
    });
    socket.on('drain', () => other.resume());
    socket.on('end', () => other.end());
    socket.once('close', () => {
      sockets.delete(socket);
      // Whoever cannot be written to any more must not be read for ever.
      other.destroySoon();
    });
  }
});

const DEEDS = {
  cut: (socket: Socket) => socket.destroy(),
  /** Shorter than any deadline. */
  delay: (socket: Socket) => hold(socket, random.between(50, 1500)),
  /** Longer than some. */
  stall: (socket: Socket) => hold(socket, random.between(3000, 8000)),
  /** One side hears that the other has ended, which has not, and goes on. */
  halfClose: (socket: Socket) => socket.end(),
} as const;

function hold(socket: Socket, milliseconds: number): void {
  socket.pause();
  setTimeout(() => socket.resume(), milliseconds).unref();
}

/** Does something to one connection. */
function harm(): void {
  if (sockets.size === 0) return;
  const name = random.weighted<keyof typeof DEEDS>([
    [4, 'cut'],
    [4, 'delay'],
    [1, 'stall'],
    [2, 'halfClose'],
  ]);
  DEEDS[name](random.pick([...sockets]));
  faults[name] = (faults[name] ?? 0) + 1;
}

let timer: NodeJS.Timeout;

watched(() => ({ sockets: sockets.size }), {
  start: async () => {
    await new Promise<void>((resolve) => server.listen(plan.path, resolve));
    timer = setInterval(harm, 400);
  },
  faults: () => ({ ...faults, proxied: connections }),
  stop: async () => {
    clearInterval(timer);
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  },
});
