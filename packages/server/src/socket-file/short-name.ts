import { readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { localAddress, parseAddress, type UnixAddress } from '@nearcall/core';

/**
 * A short name for a directory: a symbolic link in the user's own directory for sockets. All processes of this user get
 * the same one for the same `use`. `undefined` where there is no such directory.
 */
export async function shortNameOf(directory: string, use = ''): Promise<string | undefined> {
  let sockets: string;
  try {
    sockets = dirname((parseAddress(localAddress('x')) as UnixAddress).path);
  } catch {
    return undefined;
  }
  // Loaded when it is needed, here and elsewhere: an import would cost each server 0.22 MB of its heap.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256').update(`${directory}\0${use}`).digest('hex').slice(0, 32);
  // No socket there has such a name.
  const name = join(sockets, `${hash}.directory`);
  await symlink(directory, name).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    if ((await readlink(name)) === directory) return;
    await rm(name);
    await symlink(directory, name);
  });
  return name;
}
