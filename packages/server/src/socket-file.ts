import { createHash } from 'node:crypto';
import { chmod, link, lstat, mkdtemp, open, rename, rm, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MAX_SOCKET_PATH_BYTES } from '@nearcall/core';

/** A socket file that this process has published, and may remove. */
export interface SocketFile {
  /** Removes the file, if what stands there is still ours. */
  remove(): Promise<void>;
}

/**
 * Lets a server listen at a path. The socket is bound in a directory that only this user can enter, closed to others,
 * and moved to its place only then: there is no moment at which somebody else could connect.
 *
 * @throws Error saying what stands at the path, if it is not a leftover of a server that is gone.
 */
export async function listen(server: Server, path: string): Promise<SocketFile> {
  const directory = await mkdtemp(join(dirname(path), '.nearcall-')).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot listen at ${path}: ${whyNoDirectory(error, dirname(path))}`, { cause: error });
  });
  // A name of its own: Node unlinks the bound path at close, and through a directory's number that could be another's.
  const bound = join(directory, directory.slice(-6));
  try {
    await bind(server, directory, bound);
    await chmod(bound, 0o600);
    await publish(bound, path);
    const { dev, ino } = await lstat(path);
    return { remove: () => removeOurs(path, dev, ino) };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function whyNoDirectory(error: NodeJS.ErrnoException, directory: string): string {
  if (error.code === 'ENOENT') return `the directory ${directory} does not exist, or takes no files.`;
  if (error.code === 'EACCES') return `this user may not create files in ${directory}.`;
  return `${error.message}.`;
}

/** Binds the server at its private path, which may be longer than the path that the user chose. */
async function bind(server: Server, directory: string, bound: string): Promise<void> {
  if (Buffer.byteLength(bound) <= MAX_SOCKET_PATH_BYTES) return listening(server, bound);
  const handle = await open(directory);
  try {
    // On Linux an open directory has a short name as well.
    await listening(server, `/proc/self/fd/${handle.fd}/${basename(bound)}`);
  } finally {
    await handle.close();
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // By itself: a worker of a cluster would otherwise have its primary bind, which shares a name among its workers.
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Gives the bound socket its public name. Only a leftover socket is ever replaced. */
async function publish(bound: string, path: string): Promise<void> {
  try {
    // A link never replaces anything.
    await link(bound, path);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const standing = await lstat(path).catch(() => undefined);
  if (standing === undefined) return publish(bound, path);
  if (!standing.isSocket()) {
    throw new Error(`Cannot listen at ${path}: a file stands there that is not a socket. It was left as it is.`);
  }
  await alone(path, async () => {
    if (await isLive(path)) {
      throw new Error(`Cannot listen at ${path}: another server is listening there. Stop it, or choose another path.`);
    }
    await rename(bound, path);
  });
}

/** How long to wait for another process that is replacing the same leftover, in milliseconds. */
const PATIENCE = 5000;

/**
 * Does something that two servers at one path must not do at once: looking that nobody listens, and replacing the file.
 * The lock is a name in Linux's abstract namespace, which a crash frees; elsewhere there is none.
 */
async function alone(path: string, action: () => Promise<void>): Promise<void> {
  if (process.platform !== 'linux') return action();
  const name = `\0nearcall-${createHash('sha256').update(path).digest('hex')}`;
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const lock = createServer();
    try {
      await listening(lock, name);
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

/** Whether anything listens at a socket file. Whatever is not a clear no counts as a yes. */
function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

async function removeOurs(path: string, dev: number, ino: number): Promise<void> {
  const standing = await lstat(path).catch(() => undefined);
  if (standing?.dev === dev && standing.ino === ino) await unlink(path).catch(() => {});
}
