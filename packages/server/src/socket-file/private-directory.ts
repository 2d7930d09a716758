import { chmod, mkdtemp, open, rm, rmdir, unlink } from 'node:fs/promises';
import type { Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { MAX_SOCKET_PATH_BYTES } from '@nearcall/core';
import { listening } from './listening.ts';
import { shortNameOf } from './short-name.ts';

/** Makes a directory beside a path that only this user can enter, for as long as something is done in it. */
export async function inPrivate<T>(path: string, use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(dirname(path), '.nearcall-')).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot listen at ${path}: ${whyNoDirectory(error, dirname(path))}`, { cause: error });
  });
  try {
    // Whatever the umask has left of that.
    await chmod(directory, 0o700);
    return await use(directory);
  } finally {
    // One by one: where no descriptors are left, a directory cannot be read. What stays keeps no server from starting.
    await unlink(nameIn(directory)).catch(() => {});
    await rmdir(directory).catch(() => {});
  }
}

/** A name of its own: Node unlinks the bound path at close, and through a directory's number that could be another's. */
function nameIn(directory: string): string {
  return join(directory, directory.slice(-6));
}

/** Why a directory could not be made in another. */
export function whyNoDirectory(error: NodeJS.ErrnoException, directory: string): string {
  if (error.code === 'ENOENT') return `the directory ${directory} does not exist, or takes no files. ${ELSE}`;
  if (error.code === 'ENOTDIR') return `${directory} is no directory. ${ELSE}`;
  if (error.code === 'EACCES') return `this user may not create files in ${directory}. ${ELSE}`;
  return `${error.message}.`;
}

const ELSE = 'Choose another path; localAddress(name) finds one, and makes its directory.';

/**
 * Binds a server in a private directory, and tells where. By itself: the primary of a cluster would share the name among
 * its workers.
 */
export async function bindIn(server: Server, directory: string): Promise<string> {
  const bound = nameIn(directory);
  await throughShort(bound, (path) => listening(server, { path, exclusive: true }));
  return bound;
}

/** Does something with a path that the kernel takes for a socket, however long the path of its directory is. */
export async function throughShort<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return use(path);
  const directory = dirname(path);
  if (process.platform !== 'linux') {
    // For this once: it is removed behind it, and others name the directory at the same time.
    const short = await shortNameOf(directory, process.getBuiltinModule('node:crypto').randomUUID());
    if (short === undefined) throw new Error(`the directory ${directory} is too long for a socket beside it.`);
    return use(join(short, basename(path))).finally(() => rm(short, { force: true }));
  }
  // On Linux an open directory has a short name as well.
  const handle = await open(directory);
  try {
    return await use(`/proc/self/fd/${handle.fd}/${basename(path)}`);
  } finally {
    await handle.close();
  }
}
