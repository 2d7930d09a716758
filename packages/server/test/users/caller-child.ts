import { readdirSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { dirname, join } from 'node:path';
import { answering } from '../answering.ts';
import { close, connect, localAddress } from '../nearcall.ts';
import { who } from './contract.ts';

/** Dials a path, and tells what came of it: `in`, or the code of an error. */
function attempt(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = dial(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('in');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

answering({
  /** Asks for the address of a name, below a directory for temporary files and with a umask. */
  address: ({ temporary, umask }: { temporary: string; umask: number }) => {
    delete process.env['XDG_RUNTIME_DIR'];
    process.env['TMPDIR'] = temporary;
    const before = process.umask(umask);
    try {
      return localAddress('text');
    } finally {
      process.umask(before);
    }
  },
  /** Calls as the library does. */
  pid: async (address: string) => {
    const client = connect(address, who, { reconnect: false });
    try {
      return await client.pid();
    } finally {
      await close(client);
    }
  },
  /**
   * Dials a path, and what it sees beside it or can guess to lie there, until so many times something stood at the
   * path, or it is in. Tells how often it heard what.
   */
  attack: async ({ path, tries }: { path: string; tries: number }) => {
    const heard: Record<string, number> = {};
    const dialled = async (where: string, at: string): Promise<void> => {
      const what = `${where}: ${await attempt(at)}`;
      heard[what] = (heard[what] ?? 0) + 1;
    };
    const absent = 'path: ENOENT';
    for (let tried = 0; tried < tries && heard['path: in'] === undefined; ) {
      const before = heard[absent];
      await dialled('path', path);
      if (heard[absent] === before) tried++;
      for (const name of names(dirname(path))) {
        if (!name.startsWith('.')) continue;
        const beside = join(dirname(path), name);
        // At once, for them to be there still. Directories, locks, and what may be in directories.
        const all = [beside, join(beside, name.slice(-6)), join(beside, 's')];
        await Promise.all(all.map((at) => dialled('beside', at)));
      }
    }
    return heard;
  },
});
