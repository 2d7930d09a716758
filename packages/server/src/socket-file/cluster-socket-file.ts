import cluster from 'node:cluster';
import { once } from 'node:events';
import { chmod, link, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { MAX_SOCKET_PATH_BYTES } from '@nearcall/core';
import { isLive, listening } from './listening.ts';
import { whyNoDirectory } from './private-directory.ts';
import { shortNameOf } from './short-name.ts';
import { allow, type SocketAccess } from './socket-access.ts';
import { isTaken, listen, publish, removeOurs, type SocketFile } from './socket-file.ts';
import { digest, withLock } from './socket-lock.ts';

/**
 * Lets a worker of a `node:cluster` listen at a path, together with others of that cluster. The primary binds the socket,
 * and knows workers that share it by the path that they name: so the private one is the same for all of them, and stays
 * as long as one of them listens. Where that path would be too long for a socket it goes by a short one; where there is
 * none either, a worker has a socket to itself.
 *
 * @throws Error saying what stands at the path, if it is not a leftover of a server that is gone.
 */
export async function listenInCluster(server: Server, path: string, access: SocketAccess): Promise<SocketFile> {
  const directory = join(dirname(path), `.nearcall-${digest(basename(path))}`);
  // The longest name that is bound in it is a worker's number.
  const isShort = Buffer.byteLength(join(directory, `${process.pid}`)) <= MAX_SOCKET_PATH_BYTES;
  const named = isShort ? directory : await shortNameOf(directory);
  if (named === undefined) return listen(server, path, access);
  const bound = join(named, 's');
  return withLock(path, access, async () => {
    await makePrivate(directory, path);
    // Whoever was the last has taken it away meanwhile.
    if (!isShort) await shortNameOf(directory);
    // What is left of a cluster whose primary was killed. A bind that fails would lose this worker its place for good.
    if (!(await isLive(bound))) await rm(bound, { force: true });
    await listening(server, { path: bound }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE' ? isTaken(path) : error;
    });
    const { dev, ino } = await lstat(bound);
    const clear = async (): Promise<void> => {
      await heard(join(named, `${process.pid}`));
      if (await isLive(bound)) return;
      await removeOurs(path, dev, ino);
      await rm(directory, { recursive: true, force: true });
      if (named !== directory) await rm(named, { force: true });
    };
    try {
      await allow(bound, access);
      const standing = await lstat(path).catch(() => undefined);
      if (standing?.dev !== dev || standing.ino !== ino) await publishLink(bound, path);
    } catch (error) {
      server.close();
      // What it leaves is for the next server, and this error tells more than its own.
      await clear().catch(() => {});
      throw error;
    }
    // A file that stays all the same is a leftover, which the next server replaces.
    return { remove: async () => {}, clear: () => withLock(path, access, clear).catch(() => {}) };
  });
}

/** Makes the directory, or sees that it is ours alone: its name can be guessed, and others may write to the one above. */
async function makePrivate(directory: string, path: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
    await chmod(directory, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = whyNoDirectory(error as NodeJS.ErrnoException, dirname(path));
    if (code !== 'EEXIST') throw new Error(`Cannot listen at ${path}: ${why}`, { cause: error });
    const standing = await lstat(directory);
    if (!standing.isDirectory() || standing.uid !== process.geteuid?.() || (standing.mode & 0o077) !== 0) {
      throw new Error(
        `Cannot listen at ${path}: ${directory} stands there, and is not a directory of this user's alone.`,
      );
    }
  }
}

/** Gives the bound socket its public name as well. */
async function publishLink(bound: string, path: string): Promise<void> {
  const spare = `${bound}+`;
  await rm(spare, { force: true });
  await link(bound, spare);
  try {
    await publish(spare, path, (replace) => replace());
  } finally {
    await rm(spare, { force: true });
  }
}

/** Fulfils once the primary has heard all that was told it before: it is asked for something, and hears in order. */
async function heard(path: string): Promise<void> {
  const { worker } = cluster;
  if (worker === undefined || !worker.isConnected()) return;
  const errand = createServer();
  const waiting = new AbortController();
  const gone = once(worker, 'disconnect', { signal: waiting.signal }).catch(() => {});
  await Promise.race([listening(errand, { path }), gone]);
  waiting.abort();
  errand.close();
}
