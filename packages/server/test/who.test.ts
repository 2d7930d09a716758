import { execFile, spawn } from 'node:child_process';
import { chmod, cp, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { around } from './around.ts';
import { fileOf } from './forked.ts';
import {
  type Admission,
  type Credentials,
  close,
  connect,
  duplexTransport,
  memoryTransports,
  messagePortTransport,
  type RemotePeer,
  RpcError,
  type ServeTarget,
  serve,
  state,
  streamTransport,
  type Transport,
} from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';
import { watch } from './watched.ts';
import type { Findings } from './who/asking-child.ts';
import { implementation, who } from './who/contract.ts';

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const uid = process.getuid?.() ?? -1;
const gid = process.getgid?.() ?? -1;
const MODULES = fileURLToPath(new URL('../../core/node_modules', import.meta.url));

let place: Temporary;

beforeAll(async () => {
  place = await temporary();
});

afterAll(() => place[Symbol.asyncDispose]());

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Lets a process of a user ask servers who it is. */
async function askedAs(user: User, addresses: string[]): Promise<{ pid: number; answers: unknown[] }> {
  const file = await fileOf('./who/calling-child');
  await chmod(dirname(file), 0o755);
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...addresses], { ...user, cwd: '/' });
  return JSON.parse(stdout);
}

/** Starts a server, and lets every user come as far as to it. */
async function openServer(name: string, admit?: Admission) {
  const server = await serve(place.unix(name), implementation, { admit });
  await chmod(place.path, 0o711);
  await chmod(place.at(name), 0o666);
  return server;
}

/** What becomes of a call to a server that admits these. */
async function outcome(target: ServeTarget, admit: Admission, near?: Transport): Promise<string> {
  await using server = await serve(target, implementation, { admit });
  const client = connect(near ?? server.address, who);
  try {
    await client.am();
    return 'served';
  } catch (error) {
    return error instanceof RpcError ? `${error.code} ${error.execution}: ${error.message}` : String(error);
  } finally {
    await close(client);
  }
}

/** A connection over two transports: each end as the other one sees it. */
async function ends(
  target: ServeTarget,
  near?: Transport,
): Promise<{ client: RemotePeer; server: RemotePeer; end(): Promise<void> }> {
  let seen: (peer: RemotePeer) => void;
  const client = new Promise<RemotePeer>((resolve) => {
    seen = resolve;
  });
  const server = await serve(target, implementation, { onConnect: (peer) => seen(peer) });
  let calling: ReturnType<typeof connect> | undefined;
  const peer = new Promise<RemotePeer>((resolve) => {
    calling = connect(near ?? server.address, who, { onConnect: resolve });
  });
  return {
    client: await client,
    server: await peer,
    async end() {
      await close(calling as object);
      await server.close();
    },
  };
}

describe.skipIf(!isLinux)('who is calling', () => {
  test('a handler knows its caller, and a client its server, in processes of their own', async () => {
    const server = await openServer('a.sock');
    const { pid, answers } = await askedAs({ uid, gid }, [server.address]);
    expect(answers).toEqual([{ pid, uid, gid }]);
    await server.close();
  });

  test.skipIf(!isRoot)('each user is told from the others (skipped unless run as root)', async () => {
    const server = await openServer('b.sock');
    const users = [
      { uid: 1000, gid: 65534 },
      { uid: 65534, gid: 100 },
    ];
    const asked = await Promise.all(users.map((user) => askedAs(user, [server.address])));
    expect(asked.flatMap(({ answers }) => answers)).toEqual(users.map((user, i) => ({ pid: asked[i]?.pid, ...user })));
    await server.close();
  });

  test('what was looked at stays when the connection is over, and what was not is not known any more', async () => {
    const here = { pid: process.pid, uid, gid };
    const looked = await ends(place.unix('c.sock'));
    const { credentials } = looked.client;
    expect([credentials, looked.server.credentials]).toEqual([here, here]);
    expect(Object.isFrozen(credentials)).toBe(true);
    const missed = await ends(place.unix('d.sock'));
    await Promise.all([looked.end(), missed.end()]);
    await Promise.all([looked.client.closed, missed.client.closed]);
    expect(looked.client.credentials).toBe(credentials);
    expect([missed.client.credentials, missed.server.credentials]).toEqual([undefined, undefined]);
  });

  test.each<[string, () => [ServeTarget, Transport?]]>([
    ['TCP', () => ['tcp://127.0.0.1:0']],
    ['memory', () => memoryTransports()],
    [
      'a MessagePort',
      () => {
        const { port1, port2 } = new MessageChannel();
        return [messagePortTransport(port1), messagePortTransport(port2)];
      },
    ],
  ])('over %s neither end is known', async (_, targets) => {
    const { client, server, end } = await ends(...targets());
    expect([client.credentials, server.credentials]).toEqual([undefined, undefined]);
    await end();
  });

  test('the pipes to a child process tell nothing: the kernel knows only who made them', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
    watch(child);
    expect(streamTransport(child.stdio[1] as Duplex, child.stdio[0] as Duplex).credentials).toBeUndefined();
    expect(duplexTransport(child.stdio[0] as Duplex).credentials).toBeUndefined();
    expect(duplexTransport(child.stdio[3] as Duplex).credentials).toBeUndefined();
    child.kill();
  });

  /** Runs a process that finds out what it can, with koffi in reach or without. */
  async function findings(name: string, koffi: 'koffi' | 'no koffi'): Promise<Findings> {
    const built = await fileOf('./who/asking-child');
    const folder = place.at(name);
    await cp(dirname(built), folder, { recursive: true });
    const file = join(folder, basename(built));
    if (koffi === 'koffi') await symlink(MODULES, join(folder, 'node_modules'));
    const child = spawn(process.execPath, [file, `unix:${join(folder, 's')}`], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      // Whoever runs these tests may have it point to where koffi is.
      env: { ...process.env, NODE_PATH: '' },
    });
    watch(child);
    let stdout = '';
    for await (const piece of child.stdio[1] as Duplex) stdout += piece;
    return JSON.parse(stdout);
  }

  test('koffi is loaded when it is first needed, and not before, in any thread', async () => {
    const { loaded, client, server, toThread, pipe, guard, ...here } = await findings('with', 'koffi');
    expect(loaded).toEqual([false, true]);
    expect([client, server, toThread]).toEqual([here, here, here]);
    expect([pipe, guard]).toEqual([undefined, undefined]);
  });

  test('without koffi nobody is known, and a server with a guard does not start', async () => {
    const { loaded, client, server, toThread, guard } = await findings('without', 'no koffi');
    expect(loaded).toEqual([false, false]);
    expect([client, server, toThread]).toEqual([undefined, undefined, undefined]);
    expect(guard).toBe(
      'Who is at the other end of a socket is asked through the package koffi: it is not installed here. ' +
        'Install it: npm install koffi',
    );
  });
});

describe.skipIf(!isLinux)('a guard', () => {
  test('admits by user or by group, and turns others away before any call, with the reason', async () => {
    const denied = `PERMISSION_DENIED not-sent: The server refused the connection: uid ${uid} with gid ${gid} is not admitted here`;
    // Root is as any other.
    const other = 4_000_000_000;
    const cases: [Admission, string][] = [
      [{ uids: [uid] }, 'served'],
      [{ gids: [other, gid] }, 'served'],
      [{ uids: [other], gids: [gid] }, 'served'],
      [{ uids: [other] }, denied],
      [{ gids: [other] }, denied],
      [{ uids: [other], gids: [other] }, denied],
    ];
    for (const [admit, expected] of cases) expect(await outcome(place.unix('g.sock'), admit)).toBe(expected);
  });

  test.skipIf(!isRoot)(
    'tells users and groups apart, over whom the file does not decide (skipped unless run as root)',
    async () => {
      const byUser = await openServer('h.sock', { uids: [1000] });
      const byGroup = await openServer('i.sock', { gids: [1000, 65534] });
      const addresses = [byUser.address, byGroup.address];
      const [one, two, root] = await Promise.all([
        askedAs({ uid: 1000, gid: 100 }, addresses),
        askedAs({ uid: 65534, gid: 65534 }, addresses),
        askedAs({ uid: 0, gid: 0 }, addresses),
      ]);
      const denied = (by: string): unknown =>
        expect.stringMatching(`PERMISSION_DENIED not-sent: .*${by} is not admitted`);
      expect(one?.answers).toEqual([{ pid: one?.pid, uid: 1000, gid: 100 }, denied('uid 1000 with gid 100')]);
      expect(two?.answers).toEqual([denied('uid 65534 with gid 65534'), { pid: two?.pid, uid: 65534, gid: 65534 }]);
      expect(root?.answers).toEqual([denied('uid 0 with gid 0'), denied('uid 0 with gid 0')]);
      expect([byUser.connections, byGroup.connections]).toEqual([0, 0]);
      await Promise.all([byUser.close(), byGroup.close()]);
    },
  );

  test('lets a client that it has turned away go on dialling, and in when it is admitted', async () => {
    const address = place.unix('j.sock');
    const strict = await serve(address, implementation, { admit: { uids: [uid + 1] } });
    const client = connect(address, who, { backoff: { first: 1, initial: 1 } });
    await expect(client.am()).rejects.toMatchObject({ code: 'PERMISSION_DENIED', execution: 'not-sent' });
    expect(state(client)).toMatchObject({ connectivity: 'TRANSIENT_FAILURE', reason: { code: 'PERMISSION_DENIED' } });
    await strict.close();
    const lenient = await serve(address, implementation, { admit: { uids: [uid] } });
    expect(await client.am(undefined, { waitForReady: true })).toEqual({ pid: process.pid, uid, gid });
    await close(client);
    await lenient.close();
  });

  test('turns away whom nobody can tell of, and believes a transport that can', async () => {
    const server = await serve([], implementation, { admit: { uids: [7] } });
    const told = (credentials: Credentials | undefined): Transport => {
      const [near, far] = memoryTransports();
      server.accept(around(far, { credentials }));
      return near;
    };
    const asked = [undefined, { pid: 1, uid: 8, gid: 7 }, { pid: undefined, uid: 7, gid: 8 }].map(async (given) => {
      const client = connect(told(given), who);
      const answer = await client.am().catch((error: RpcError) => `${error.code}: ${error.message}`);
      await close(client);
      return answer;
    });
    expect(await Promise.all(asked)).toEqual([
      'PERMISSION_DENIED: The server refused the connection: this server admits by user and group, and who you are cannot be known',
      'PERMISSION_DENIED: The server refused the connection: uid 8 with gid 7 is not admitted here',
      { pid: undefined, uid: 7, gid: 8 },
    ]);
    await server.close();
  });

  test.each<[string, () => ServeTarget | ServeTarget[], unknown, string]>([
    ['TCP', () => 'tcp://127.0.0.1:0', { uids: [uid] }, 'Who connects to tcp://127.0.0.1:0 cannot be known'],
    [
      'a socket file and TCP',
      () => [place.unix('k.sock'), 'tcp://[::1]:0'],
      { uids: [uid] },
      'tcp://[::1]:0 cannot be',
    ],
    ['a transport that does not tell', () => memoryTransports()[0], { uids: [uid] }, 'the other end of a transport'],
    ['nobody', () => place.unix('k.sock'), {}, 'admits nobody'],
    ['empty lists', () => place.unix('k.sock'), { uids: [], gids: [] }, 'admits nobody'],
    ['process ids', () => place.unix('k.sock'), { uids: [uid], pids: [1] }, 'Nobody is admitted by "pids"'],
    ['a negative id', () => place.unix('k.sock'), { uids: [uid, -1] }, 'has -1 among its "uids"'],
    ['a broken id', () => place.unix('k.sock'), { gids: [1.5] }, 'has 1.5 among its "gids"'],
    ["nobody's id", () => place.unix('k.sock'), { gids: [0xffff_ffff] }, 'has 4294967295 among its "gids"'],
    [
      'an id as a text',
      () => place.unix('k.sock'),
      { uids: ['0'] },
      'has "0" among its "uids"; each is a whole number from 0',
    ],
    ['a single id', () => place.unix('k.sock'), { uids: 0 }, 'The "uids" of the option admit are no list'],
    ['no object', () => place.unix('k.sock'), null, 'The option admit is no object'],
  ])('does not let a server start with %s, and says why', async (_, targets, admit, why) => {
    await expect(serve(targets(), implementation, { admit: admit as Admission })).rejects.toThrow(why);
    expect(place.entries()).not.toContain('k.sock');
  });
});
