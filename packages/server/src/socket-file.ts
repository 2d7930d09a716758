import { chmod, link, lstat, mkdtemp, open, rename, rm, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { MAX_SOCKET_PATH_BYTES } from '@nearcall/core';
import { alone, isLive, listening } from './socket-lock.ts';

/** A socket file that this process has published, and may remove. */
export interface SocketFile {
  /** Before the server closes: removes the file, if what stands there is still ours. */
  remove(): Promise<void>;
  /** After that: removes what could not go before. */
  clear(): Promise<void>;
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
    await publish(bound, path, (replace) => alone(path, replace));
    const { dev, ino } = await lstat(path);
    return { remove: () => removeOurs(path, dev, ino), clear: async () => {} };
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Why a directory could not be made in another. */
export function whyNoDirectory(error: NodeJS.ErrnoException, directory: string): string {
  if (error.code === 'ENOENT') return `the directory ${directory} does not exist, or takes no files.`;
  if (error.code === 'EACCES') return `this user may not create files in ${directory}.`;
  return `${error.message}.`;
}

/**
 * Binds the server at its private path, which may be longer than the path that the user chose. By itself: the primary of
 * a cluster would share the name among its workers.
 */
async function bind(server: Server, directory: string, bound: string): Promise<void> {
  if (Buffer.byteLength(bound) <= MAX_SOCKET_PATH_BYTES) return listening(server, { path: bound, exclusive: true });
  const handle = await open(directory);
  try {
    // On Linux an open directory has a short name as well.
    await listening(server, { path: `/proc/self/fd/${handle.fd}/${basename(bound)}`, exclusive: true });
  } finally {
    await handle.close();
  }
}

/** Gives the bound socket its public name. Only a leftover socket is ever replaced, and that `alone`. */
export async function publish(
  bound: string,
  path: string,
  alone: (replace: () => Promise<void>) => Promise<void>,
): Promise<void> {
  try {
    // A link never replaces anything.
    await link(bound, path);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const standing = await lstat(path).catch(() => undefined);
  if (standing === undefined) return publish(bound, path, alone);
  if (!standing.isSocket()) {
    throw new Error(`Cannot listen at ${path}: a file stands there that is not a socket. It was left as it is.`);
  }
  await alone(async () => {
    if (await isLive(path)) throw isTaken(path);
    await rename(bound, path);
  });
}

/** The error that another server has the path. */
export function isTaken(path: string): Error {
  return new Error(`Cannot listen at ${path}: another server is listening there. Stop it, or choose another path.`);
}

/** Removes a file, if it is that one. */
export async function removeOurs(path: string, dev: number, ino: number): Promise<void> {
  const standing = await lstat(path).catch(() => undefined);
  if (standing?.dev === dev && standing.ino === ino) await unlink(path).catch(() => {});
}
