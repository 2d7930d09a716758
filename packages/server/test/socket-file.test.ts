import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { chmod, lstat, mkdir, open, readFile, readlink, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { startServer } from './child.ts';
import { text } from './contract.ts';
import { connect, implement, method, type Server, serve, service } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

const echo = service('echo', { name: method({ input: z.void(), output: z.string() }) });

/** A server that tells its name, so that one can tell who answers at a path. */
function serveAs(name: string, address: string): Promise<Server> {
  return serve(address, implement(echo, { name: () => name }));
}

async function whoAnswers(address: string): Promise<string> {
  await using client = connect(address, echo);
  return await client.name();
}

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

describe('what stands at the path already', () => {
  test('the leftover of a killed server is replaced', async () => {
    const doomed = await startServer(place.unix());
    await doomed.kill('SIGKILL');
    const leftover = lstatSync(place.at('s.sock'));
    expect(leftover.isSocket()).toBe(true);
    await using server = await serveAs('new', place.unix());
    expect(await whoAnswers(server.address)).toBe('new');
    expect(lstatSync(place.at('s.sock')).ino).not.toBe(leftover.ino);
    expect(place.entries()).toEqual(['s.sock']);
  });

  test('a leftover that is replaced, and a file that is removed, leave it to the loaders to follow links', async () => {
    await using elsewhere = await temporary();
    await writeFile(elsewhere.at('package.cjs'), '');
    await symlink(elsewhere.path, place.at('linked'));
    // So that they have seen what is above the link.
    await writeFile(place.at('seen.cjs'), '');
    const { resolve } = createRequire(place.at('any.cjs'));
    resolve(place.at('seen.cjs'));
    const doomed = await startServer(place.unix());
    await doomed.kill('SIGKILL');

    const server = await serveAs('new', place.unix());
    expect(resolve(place.at('linked/package.cjs'))).toBe(elsewhere.at('package.cjs'));
    await server.close();
    await symlink(elsewhere.path, place.at('another'));
    expect(resolve(place.at('another/package.cjs'))).toBe(elsewhere.at('package.cjs'));
  });

  test('the path of a live server is refused by an error that names it, and the server is not disturbed', async () => {
    await using _first = await serveAs('first', place.unix());
    const before = lstatSync(place.at('s.sock'));
    await expect(serveAs('second', place.unix())).rejects.toMatchObject({
      message: `Cannot listen at ${place.at('s.sock')}: another server is listening there. Stop it, or choose another path.`,
      cause: { code: 'EADDRINUSE' },
    });
    expect(lstatSync(place.at('s.sock')).ino).toBe(before.ino);
    expect(await whoAnswers(place.unix())).toBe('first');
    expect(place.entries()).toEqual(['s.sock']);
  });

  test('a live server of another kind is refused as well', async () => {
    const net = createServer();
    await new Promise<void>((resolve) => net.listen(place.at('s.sock'), resolve));
    try {
      await expect(serveAs('second', place.unix())).rejects.toThrow('another server is listening there');
      expect(existsSync(place.at('s.sock'))).toBe(true);
    } finally {
      await new Promise((resolve) => net.close(resolve));
    }
  });

  test('a regular file is not touched', async () => {
    await writeFile(place.at('s.sock'), 'precious');
    await expect(serveAs('a', place.unix())).rejects.toThrow(
      `Cannot listen at ${place.at('s.sock')}: a file stands there that is not a socket. It was left as it is: remove it, or choose another path.`,
    );
    expect(await readFile(place.at('s.sock'), 'utf8')).toBe('precious');
    expect(place.entries()).toEqual(['s.sock']);
  });

  test('a directory is not touched', async () => {
    await mkdir(place.at('s.sock'));
    await writeFile(`${place.at('s.sock')}/inside`, '');
    await expect(serveAs('a', place.unix())).rejects.toThrow(/s\.sock: .* not a socket/);
    expect(readdirSync(place.at('s.sock'))).toEqual(['inside']);
    expect(place.entries()).toEqual(['s.sock']);
  });

  test.each([
    ['to nowhere', 'nowhere', undefined],
    ['to a regular file', 'target', 'file'],
    ['to a live server', 'live.sock', 'server'],
  ])('a symbolic link %s is not touched', async (_, target, what) => {
    if (what === 'file') await writeFile(place.at(target), 'precious');
    const live = what === 'server' ? await serveAs('live', place.unix(target)) : undefined;
    await symlink(place.at(target), place.at('s.sock'));
    const before = place.entries();
    await expect(serveAs('a', place.unix())).rejects.toThrow(/s\.sock: .* not a socket/);
    expect(await readlink(place.at('s.sock'))).toBe(place.at(target));
    if (what === 'file') expect(await readFile(place.at(target), 'utf8')).toBe('precious');
    if (live !== undefined) expect(await whoAnswers(live.address)).toBe('live');
    expect(place.entries()).toEqual(before);
    await live?.close();
  });

  test('a missing directory is named', async () => {
    await expect(serveAs('a', place.unix('missing/s.sock'))).rejects.toThrow(
      `Cannot listen at ${place.at('missing/s.sock')}: the directory ${place.at('missing')} does not exist, or takes no files. Choose another path; localAddress(name) finds one, and makes its directory.`,
    );
    expect(place.entries()).toEqual([]);
  });

  test('a directory that is a file is an error that names the path', async () => {
    await writeFile(place.at('file'), '');
    await expect(serveAs('a', place.unix('file/s.sock'))).rejects.toThrow(
      `Cannot listen at ${place.at('file/s.sock')}: ${place.at('file')} is no directory. Choose another path`,
    );
  });
});

describe('who may connect', () => {
  test('from the first moment that the file can be seen, only its owner can connect', async () => {
    const umask = process.umask(0);
    const modes = new Set<string>();
    let looking = true;
    /** Looks at the directory between all steps that the start consists of. */
    const look = (): void => {
      for (const name of readdirSync(place.path)) {
        try {
          const { mode } = lstatSync(place.at(name));
          modes.add(`${name.startsWith('s') ? 'socket' : 'directory'} ${(mode & 0o777).toString(8)}`);
        } catch {
          // It has gone since: a temporary directory does.
        }
      }
      if (looking) setImmediate(look);
    };
    look();
    try {
      for (let i = 0; i < 20; i++) await (await serveAs('a', place.unix(`s${i}`))).close();
    } finally {
      looking = false;
      process.umask(umask);
    }
    expect([...modes].sort()).toEqual(['directory 700', 'socket 600']);
  });

  test('a mode that the owner changes afterwards stays', async () => {
    await using _server = await serveAs('a', place.unix());
    await chmod(place.at('s.sock'), 0o660);
    expect(await whoAnswers(place.unix())).toBe('a');
    expect((await lstat(place.at('s.sock'))).mode & 0o777).toBe(0o660);
  });
});

describe('what is left behind', () => {
  test('while a server runs there is its socket and nothing else, and afterwards nothing', async () => {
    const server = await serveAs('a', place.unix());
    expect(place.entries()).toEqual(['s.sock']);
    await server.close();
    expect(place.entries()).toEqual([]);
    await server.close();
    expect(place.entries()).toEqual([]);
  });

  test('a file that has taken the place of ours is not removed', async () => {
    const server = await serveAs('a', place.unix());
    await writeFile(place.at('other'), 'precious');
    await rename(place.at('other'), place.at('s.sock'));
    await server.close();
    expect(await readFile(place.at('s.sock'), 'utf8')).toBe('precious');
  });

  test('the socket of a server that has taken over is not removed, and goes on being served', async () => {
    const old = await serveAs('old', place.unix());
    await unlink(place.at('s.sock'));
    await using _next = await serveAs('next', place.unix());
    await old.close();
    expect(await whoAnswers(place.unix())).toBe('next');
    expect(place.entries()).toEqual(['s.sock']);
  });

  test('a file that somebody else has removed is no trouble', async () => {
    const server = await serveAs('a', place.unix());
    await unlink(place.at('s.sock'));
    await server.close();
    expect(place.entries()).toEqual([]);
  });
});

describe('paths', () => {
  /** A name in the directory that makes the path so many bytes long. */
  const nameOf = (bytes: number, filling = 'x'): string => {
    const room = bytes - Buffer.byteLength(place.at('')) - 1;
    const size = Buffer.byteLength(filling);
    return filling.repeat(Math.floor(room / size)) + 'x'.repeat(room % size);
  };

  test('a path of 107 bytes works, to the last of them', async () => {
    const name = nameOf(107);
    expect(Buffer.byteLength(place.at(name))).toBe(107);
    await using server = await serveAs('long', place.unix(name));
    expect(place.entries()).toEqual([name]);
    expect(server.address).toBe(place.unix(name));
    expect(await whoAnswers(place.unix(name))).toBe('long');
  });

  test('a path of 107 bytes in a directory so deep that nothing longer fits beside it works', async () => {
    const deep = nameOf(105);
    await mkdir(place.at(deep));
    const path = `${deep}/s`;
    expect(Buffer.byteLength(place.at(path))).toBe(107);
    await using _server = await serveAs('deep', place.unix(path));
    expect(readdirSync(place.at(deep))).toEqual(['s']);
    expect(await whoAnswers(place.unix(path))).toBe('deep');
  });

  describe('without the names that Linux has for open directories', () => {
    const { platform } = process;
    let deep: string;

    beforeEach(async () => {
      deep = nameOf(105);
      await mkdir(place.at(deep));
      await mkdir(place.at('run'), { mode: 0o700 });
      await leaveSocket(place.at('left'));
      await rename(place.at('left'), place.at(`${deep}/s`));
      vi.stubEnv('XDG_RUNTIME_DIR', place.at('run'));
      Object.defineProperty(process, 'platform', { value: 'freebsd' });
    });

    afterEach(() => {
      Object.defineProperty(process, 'platform', { value: platform });
      vi.unstubAllEnvs();
    });

    test('it works, and leaves nothing behind', async () => {
      const server = await serveAs('deep', place.unix(`${deep}/s`));
      expect(await whoAnswers(server.address)).toBe('deep');
      await server.close();
      expect(readdirSync(place.at(deep))).toEqual([]);
      expect(readdirSync(place.at('run/nearcall'))).toEqual([]);
    });

    test('servers that start there at once do not disturb each other', async () => {
      const path = `${deep}/s`;
      const outcomes = await Promise.allSettled(Array.from('0123456789', (name) => serveAs(name, place.unix(path))));
      const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
      const taken = `Cannot listen at ${place.at(path)}: another server is listening there. Stop it, or choose another path.`;
      expect(new Set(lost.map(({ reason }) => reason.message))).toEqual(new Set([taken]));
      expect(won.length).toBe(1);
      for (const { value } of won) await value.close();
      expect(readdirSync(place.at('run/nearcall'))).toEqual([]);
    });
  });

  test('closing a server whose path is long removes nothing by a name that it was bound to', async () => {
    const deep = nameOf(100);
    await mkdir(place.at(deep));
    const server = await serveAs('a', place.unix(`${deep}/a`));
    // It may have been bound below the number of a descriptor that was free again afterwards. Whoever has that number
    // now keeps what is his: here a directory with an entry of the name that a socket has while it is bound.
    await mkdir(place.at('mine'));
    await writeFile(place.at('mine/s'), 'precious');
    const handles = await Promise.all(Array.from({ length: 20 }, () => open(place.at('mine'))));
    try {
      await server.close();
      expect(readdirSync(place.at('mine'))).toEqual(['s']);
    } finally {
      await Promise.all(handles.map((handle) => handle.close()));
    }
  });

  test('servers in deep directories start while others of the same process close', async () => {
    const deep = nameOf(100);
    await mkdir(place.at(deep));
    let last = await serveAs('0', place.unix(`${deep}/0`));
    for (let i = 1; i <= 30; i++) {
      const [next] = await Promise.all([serveAs(`${i}`, place.unix(`${deep}/${i}`)), last.close()]);
      expect(await whoAnswers(next.address)).toBe(`${i}`);
      last = next;
    }
    await last.close();
    expect(readdirSync(place.at(deep))).toEqual([]);
  });

  test.each([
    ['108 bytes', () => nameOf(108)],
    ['fewer than 108 letters and more than 107 bytes', () => nameOf(120, 'é')],
  ])('a path of %s is refused before anything is made', async (_, name) => {
    const address = place.unix(name());
    const bytes = Buffer.byteLength(address) - 'unix:'.length;
    const says = `is ${bytes} bytes long; a socket's can have 107.`;
    const refused = await serveAs('a', address).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TypeError);
    expect((refused as Error).message).toContain(says);
    expect(() => connect(address, text)).toThrow(says);
    expect(place.entries()).toEqual([]);
  });

  test.each([
    ['with a NUL', () => `${place.unix()}\0x`, 'holds a NUL character'],
    ['without a scheme', () => place.at('s.sock'), 'write unix:/path/to.sock'],
    ['without a path', () => 'unix:', 'write unix:/path/to.sock'],
    ['of another scheme', () => 'http://localhost', 'write unix:/path/to.sock'],
  ])('an address %s is refused before anything is made', async (_, address, says) => {
    const refused = await serveAs('a', address()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TypeError);
    expect((refused as Error).message).toContain(says);
    expect(() => connect(address(), text)).toThrow(TypeError);
    expect(place.entries()).toEqual([]);
  });

  test('a relative path is taken from the working directory, and reported whole', async () => {
    const address = `unix:${relative(process.cwd(), place.at('s.sock'))}`;
    await using server = await serveAs('relative', address);
    expect(server.address).toBe(place.unix());
    expect(await whoAnswers(address)).toBe('relative');
    expect(await whoAnswers(place.unix())).toBe('relative');
  });

  test('a path may hold spaces and letters of any language', async () => {
    await using _server = await serveAs('words', place.unix('mein Sockel ソケット.sock'));
    expect(await whoAnswers(place.unix('mein Sockel ソケット.sock'))).toBe('words');
  });
});

describe('starts at the same time', () => {
  test('two servers start in one directory', async () => {
    const servers = await Promise.all([serveAs('a', place.unix('a')), serveAs('b', place.unix('b'))]);
    expect(await Promise.all(servers.map(({ address }) => whoAnswers(address)))).toEqual(['a', 'b']);
    expect(place.entries()).toEqual(['a', 'b']);
    await Promise.all(servers.map((server) => server.close()));
    expect(place.entries()).toEqual([]);
  });

  test.each([
    ['a free path', false],
    ['a leftover socket', true],
  ])('of ten servers that start at %s, one gets it and nine are told so, 8 times over', async (_, isLeftover) => {
    const names = Array.from({ length: 10 }, (_unused, i) => `server ${i}`);
    for (let round = 0; round < 8; round++) {
      if (isLeftover) await leaveSocket(place.at('s.sock'));
      const starts = await Promise.allSettled(names.map((name) => serveAs(name, place.unix())));
      const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
      try {
        expect(place.entries()).toEqual(['s.sock']);
        const winners = names.filter((_unused, i) => starts[i]?.status === 'fulfilled');
        expect(winners).toEqual([await whoAnswers(place.unix())]);
        for (const start of starts) {
          if (start.status === 'rejected') expect(start.reason.message).toContain('another server is listening there');
        }
      } finally {
        await Promise.all(started.map((server) => server.close()));
      }
      expect(place.entries()).toEqual([]);
    }
  });
});

/** Leaves a socket at a path that nobody listens at any more. */
async function leaveSocket(path: string): Promise<void> {
  const net = createServer();
  await new Promise<void>((resolve) => net.listen(`${path}.bound`, resolve));
  // Moved away, so that closing does not remove it.
  await rename(`${path}.bound`, path);
  await new Promise((resolve) => net.close(resolve));
}
