import { chmodSync, linkSync, lstatSync, mkdtempSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { link, lstat } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { OwnedFile } from '../listener.ts';
import { refusalAt } from './listening.ts';
import { bindIn, inPrivate } from './private-directory.ts';
import { allow, type SocketAccess } from './socket-access.ts';
import { withLock } from './socket-lock.ts';

/** A socket file that this process has published, and may remove. */
export interface SocketFile {
  /** Which file it is, where another process can take it on. */
  readonly owned?: OwnedFile;
  /** Before the server closes: removes the file, if what stands there is still ours. */
  remove(): Promise<void>;
  /** After that: removes what could not go before. */
  clear(): Promise<void>;
}

/**
 * Lets a server listen at a path. The socket is bound in a directory that only this user can enter, given its mode and
 * group, and moved to its place only then: there is no moment at which anybody else could connect.
 *
 * @throws Error saying what stands at the path, if it is not a leftover of a server that is gone.
 */
export async function listen(server: Server, path: string, access: SocketAccess): Promise<SocketFile> {
  return inPrivate(path, async (directory) => {
    try {
      const bound = await bindIn(server, directory);
      await allow(bound, access);
      const { dev, ino } = await lstat(bound);
      await publish(bound, path, (replace) => withLock(path, access, replace));
      return { owned: { path, dev, ino }, remove: () => removeOurs(path, dev, ino), clear: async () => {} };
    } catch (error) {
      server.close();
      throw error;
    }
  });
}

/** Gives the bound socket its public name. Only a leftover socket is ever replaced, and that under a lock. */
export async function publish(
  bound: string,
  path: string,
  locked: (replace: () => Promise<void>) => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      // A link never replaces anything.
      return await link(bound, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isStale(path)) {
      let isReplaced = false;
      await locked(async () => {
        isReplaced = await replace(bound, path);
      });
      if (isReplaced) return;
    }
  }
}

/** Puts the bound socket in the place of one that is left. False where there is none any more. */
async function replace(bound: string, path: string): Promise<boolean> {
  const before = look(path);
  if (!(await isStale(path))) return false;
  // With nothing in between: who is no server of ours asks for no lock.
  const now = look(path);
  if (now === undefined || now.ino !== before?.ino || now.dev !== before.dev) return false;
  renameSync(bound, path);
  return true;
}

/**
 * Which file stands at a path. Asked for in bigints: where the last file that was looked at in numbers is a socket, the
 * module loaders of Node 20 and 22 follow no links, and what a program imports next from a linked package comes twice.
 */
function look(path: string): { dev: number; ino: number } | undefined {
  const standing = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return standing && { dev: Number(standing.dev), ino: Number(standing.ino) };
}

/**
 * Whether a leftover socket stands at a path. False where nothing does any more.
 *
 * @throws Error saying what else stands there.
 */
async function isStale(path: string): Promise<boolean> {
  const standing = await lstat(path).catch(() => undefined);
  if (standing === undefined) return false;
  if (!standing.isSocket()) {
    throw new Error(
      `Cannot listen at ${path}: a file stands there that is not a socket. It was left as it is: remove it, or choose another path.`,
    );
  }
  const refusal = await refusalAt(path);
  if (refusal === 'EACCES' || refusal === 'EPERM') {
    throw new Error(
      `Cannot listen at ${path}: a socket of user ${standing.uid} stands there, and this user may not look whether ` +
        'anybody listens. Choose another path, or remove it.',
    );
  }
  if (refusal === 'ECONNREFUSED') return true;
  if (refusal === 'ENOENT') return false;
  // Its queue may be full, or it may be a socket of another kind.
  if (refusal === undefined || refusal === 'EAGAIN' || refusal === 'EPROTOTYPE') throw isTaken(path);
  throw new Error(`Cannot listen at ${path}: whether another server is listening there cannot be told (${refusal}).`);
}

/** The error that another server has the path. A program knows it by its cause, as with all that the system refuses. */
export function isTaken(path: string): Error {
  const cause = Object.assign(new Error(`EADDRINUSE: address already in use ${path}`), { code: 'EADDRINUSE' });
  return new Error(`Cannot listen at ${path}: another server is listening there. Stop it, or choose another path.`, {
    cause,
  });
}

/**
 * Removes a file, if it is that one. Needs no lock: a server of ours replaces no file whose server listens. Others might
 * do so at any moment, and so the file is taken away before it is looked at for good; theirs is put back.
 */
export async function removeOurs(path: string, dev: number, ino: number): Promise<void> {
  const isOurs = (at: string): boolean => {
    const standing = look(at);
    return standing?.dev === dev && standing.ino === ino;
  };
  try {
    if (isOurs(path)) removeIf(path, isOurs);
  } catch {
    // It may not be removed, or not be seen: it stays, and the next server replaces it.
  }
}

function removeIf(path: string, isOurs: (at: string) => boolean): void {
  let directory: string;
  try {
    directory = mkdtempSync(join(dirname(path), '.nearcall-'));
  } catch {
    // No room for a directory, say: to remove a file takes none.
    return unlinkSync(path);
  }
  const taken = join(directory, 's');
  try {
    chmodSync(directory, 0o700);
    renameSync(path, taken);
    if (isOurs(taken)) unlinkSync(taken);
    else putBack(taken, path);
  } finally {
    rmdirSync(directory);
  }
}

function putBack(taken: string, path: string): void {
  try {
    linkSync(taken, path);
  } catch (error) {
    // Where one that is newer still stands there that one stays. Another user's file may not be linked, only moved.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return renameSync(taken, path);
  }
  unlinkSync(taken);
}
