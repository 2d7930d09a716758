import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { generationsAt } from './generations.ts';
import { Lock } from './lock.ts';
import { bindIn, inPrivate } from './private-directory.ts';
import { allow, type SocketAccess } from './socket-access.ts';

/**
 * Does something that two servers at one path must not do at once: looking that nobody listens, and replacing the file.
 * What locks is a socket that listens beside the path, `.nearcall-<hash>.1`: nobody can connect to what a crash leaves of
 * it. It locks out whoever shares the directory, in whatever container; and it is open to those who may connect to the
 * server, for all of them to tell whether it is left.
 */
export async function withLock<T>(path: string, access: SocketAccess, action: () => Promise<T>): Promise<T> {
  return inPrivate(path, async (directory) => {
    const server = createServer((probe) => probe.destroy());
    // Whoever looks has no business to end this process.
    server.on('error', () => {});
    const own = await bindIn(server, directory);
    await allow(own, access);
    const lock = new Lock(generationsAt(join(dirname(path), `.nearcall-${digest(basename(path))}.`), own));
    try {
      await lock.take();
      try {
        return await action();
      } finally {
        await lock.free();
      }
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

/** A short text that is the same for the same text. */
export function digest(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
