import { createHash } from 'node:crypto';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** How long to wait for another process that is publishing a socket at the same path, in milliseconds. */
const PATIENCE = 5000;

/**
 * Does something that two servers at one path must not do at once: looking that nobody listens, and replacing the file.
 * The lock is a name in Linux's abstract namespace, which a crash frees; elsewhere there is none.
 */
export async function alone<T>(path: string, action: () => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return action();
  const name = `\0nearcall-${createHash('sha256').update(path).digest('hex')}`;
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const lock = createServer();
    try {
      // The workers of a cluster would share the name otherwise, and lock nobody out.
      await listening(lock, { path: name, exclusive: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      if (performance.now() > deadline) throw new Error(`Cannot listen at ${path}: another server is starting there.`);
      await setTimeout(5);
      continue;
    }
    try {
      return await action();
    } finally {
      await new Promise((resolve) => lock.close(resolve));
    }
  }
}

/** Fulfils once a server listens. Rejects with what stands in the way. */
export function listening(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Whether anything listens at a socket file. Whatever is not a clear no counts as a yes. */
export function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
