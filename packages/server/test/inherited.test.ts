import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, linkSync, openSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as NetServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listening } from '../src/socket-file/listening.ts';
import { socketsIn } from '../src/systemd-sockets.ts';
import { fileOf } from './forked.ts';
import { calling, end, who } from './inherited/callers.ts';
import { line } from './inherited/contract.ts';
import { implement, serve, systemdSockets } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';
import { watch } from './watched.ts';

/** For what takes a while where many processes share the machine. */
const LONG = { timeout: 30_000 };

/** The program that passes sockets as systemd does. */
const ACTIVATE = 'systemd-socket-activate';
const hasSystemd = spawnSync(ACTIVATE, ['--version']).status === 0;

let place: Temporary;

beforeEach(async () => {
  place = await temporary();
});

afterEach(() => place[Symbol.asyncDispose]());

/** What a child says of itself. */
interface Said {
  readonly pid: number;
  readonly addresses: string[];
  readonly left: string[];
  readonly again: string[];
  readonly refusals?: string[];
}

/** Starts a server with further descriptors, from 3 on. */
async function start(stdio: readonly (number | 'pipe')[], ...args: string[]): Promise<ChildProcess> {
  const file = await fileOf('./inherited/server-child');
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit', ...stdio] });
  watch(child);
  return child;
}

async function said(child: ChildProcess): Promise<Said> {
  const [text] = (await once(createInterface({ input: child.stdout as Readable }), 'line')) as [string];
  return JSON.parse(text);
}

/** A socket as another program makes it, to be passed on. */
async function bound(where: { path: string } | { host: string; port: number }): Promise<NetServer> {
  const net = createServer();
  await listening(net, where);
  return net;
}

function descriptor(net: NetServer): number {
  return (net as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

test('a server listens with sockets that its process was started with, and says where these are', LONG, async () => {
  const unix = await bound({ path: place.at('a socket') });
  const tcp = await bound({ host: '127.0.0.1', port: 0 });
  const { port } = tcp.address() as AddressInfo;
  const child = await start([descriptor(unix), descriptor(tcp)], 'fd', '3,4');
  const exited = once(child, 'exit');
  const { pid, addresses } = await said(child);
  const name = process.platform === 'linux' ? place.unix('a socket') : 'fd:3';
  expect(addresses).toEqual([name, `tcp://127.0.0.1:${port}`]);
  // Else this process would take its share of them. Closing removes the file, which another name stands for.
  linkSync(place.at('a socket'), place.at('s.sock'));
  unix.close();
  tcp.close();
  for (const address of [place.unix(), `tcp://127.0.0.1:${port}`]) expect(await who(address)).toBe(pid);
  await end(place.unix());
  expect(await exited).toEqual([0, null]);
  // Whoever made the socket removes it.
  expect(place.entries()).toEqual(['s.sock']);
});

test('no call fails while a server restarts whose socket is kept by another process', LONG, async () => {
  const net = await bound({ path: place.at('bound') });
  linkSync(place.at('bound'), place.at('s.sock'));
  // As systemd does: one server after the other has the same socket.
  const twice = ['-c', '"$0" "$@"; exec "$0" "$@"', process.execPath, await fileOf('./inherited/server-child')];
  const shell = spawn('sh', [...twice, 'fd', '3'], { stdio: ['pipe', 'pipe', 'inherit', descriptor(net)] });
  watch(shell);
  const exited = once(shell, 'exit');
  await once(shell.stdout as Readable, 'data');
  net.close();
  const callers = calling(place.unix(), 2);
  await callers.further(50);
  await end(place.unix());
  await callers.further(50);
  const { answered, failed } = await callers.stop();
  expect([answered.size, failed]).toEqual([2, []]);
  await end(place.unix());
  expect(await exited).toEqual([0, null]);
});

test('the workers of a cluster share a socket that their primary was started with', LONG, async () => {
  const tcp = await bound({ host: '127.0.0.1', port: 0 });
  const { port } = tcp.address() as AddressInfo;
  const files = await Promise.all(['primary-child', 'server-child'].map((name) => fileOf(`./inherited/${name}`)));
  const primary = spawn(process.execPath, [...files, 'fd', '3'], {
    stdio: ['pipe', 'pipe', 'inherit', descriptor(tcp)],
  });
  watch(primary);
  const exited = once(primary, 'exit');
  const address = `tcp://127.0.0.1:${port}`;
  const pids = new Set<number>();
  for await (const text of createInterface({ input: primary.stdout as Readable })) {
    const { pid, addresses } = JSON.parse(text) as Said;
    expect(addresses).toEqual([address]);
    if (pids.add(pid).size === 2) break;
  }
  tcp.close();
  expect(new Set([await who(address), await who(address)])).toEqual(pids);
  primary.stdin?.end();
  expect(await exited).toEqual([0, null]);
});

test('a descriptor that is no listening socket is refused, and it says what it is', async () => {
  const served = implement(line, { mark: () => 0, succeed: () => 0, close: () => {} });
  const refused = (fd: number): Promise<unknown> => serve({ fd }, served).catch(String);
  expect(await refused(-1)).toContain('The descriptor -1 is no whole number');
  expect(await refused('3' as never)).toContain('The descriptor 3 is no whole number');
  expect(await refused(99_999)).toContain('Cannot listen with descriptor 99999: this process has none of that number.');
  const file = openSync(place.at('file'), 'w');
  expect(await refused(file)).toContain(`Cannot listen with descriptor ${file}: it is not a socket.`);
  closeSync(file);
  const net = await bound({ path: place.at('s.sock') });
  expect(await refused(descriptor(net))).toContain('this process uses it already.');
  net.close();
});

test('what was passed and is a connection, or may be reached by other machines, is refused', LONG, async () => {
  const tcp = await bound({ host: '0.0.0.0', port: 0 });
  const { port } = tcp.address() as AddressInfo;
  const { refusals } = await said(await start(['pipe', descriptor(tcp)], 'refused', '3,4'));
  expect(refusals?.[0]).toContain('it is not a listening socket. Is it a connection, as inetd passes it');
  expect(refusals?.[0]).toContain('duplexTransport(new Socket({ fd: 3 }))');
  expect(refusals?.[1]).toContain(`it is bound to tcp://0.0.0.0:${port}, which other machines may reach`);
  tcp.close();
});

test.runIf(hasSystemd)('a server that systemd starts at the first call answers that call', LONG, async () => {
  const file = await fileOf('./inherited/server-child');
  const at = ['a.sock', 'b.sock'].flatMap((name) => ['-l', place.at(name)]);
  const child = spawn(ACTIVATE, [...at, '--fdname=one:two', process.execPath, file, 'systemd', 'two'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  watch(child);
  const exited = once(child, 'exit');
  const told = said(child);
  // It says so for each.
  await untilSaid(child, 'Listening on', 2);
  expect(await who(place.unix('b.sock'))).toBe(child.pid);
  // It takes the one of that name alone, and no child of its own is to think itself meant.
  const addresses = [place.unix('b.sock')];
  expect(await told).toEqual({ pid: child.pid, addresses, left: [], again: ['one', 'two'] });
  await end(place.unix('b.sock'));
  expect(await exited).toEqual([0, null]);
  expect(place.entries()).toEqual(['a.sock', 'b.sock']);
});

/** Fulfils when a program has told something so many times. It is listened to on: it would die of a closed pipe. */
function untilSaid(child: ChildProcess, what: string, times: number): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.split(what).length > times) resolve();
    });
  });
}

test('a socket that systemd was to pass and has not is told with what it has', () => {
  expect(() => systemdSockets('text')).toThrow(
    'systemd has passed no socket named "text": this process was not started',
  );
  expect(systemdSockets()).toEqual([]);
});

test('systemd’s variables count for the process that they name, and a name finds its sockets', () => {
  const environment = { LISTEN_FDS: '3', LISTEN_PID: '7', LISTEN_FDNAMES: 'one:two:one' };
  expect(socketsIn(environment, 7).sockets).toEqual([
    { fd: 3, name: 'one' },
    { fd: 4, name: 'two' },
    { fd: 5, name: 'one' },
  ]);
  expect(socketsIn(environment, 7).why).toBe(
    'it has passed "one" as descriptor 3, "two" as descriptor 4, "one" as descriptor 5.',
  );
  expect(socketsIn({ LISTEN_FDS: '1', LISTEN_PID: '7' }, 7).sockets).toEqual([{ fd: 3, name: 'unknown' }]);
  expect(socketsIn({ LISTEN_FDS: '0', LISTEN_PID: '7' }, 7)).toEqual({ sockets: [], why: 'it has passed none.' });
  // A child inherits the variables, and none of the sockets.
  expect(socketsIn(environment, 8).sockets).toEqual([]);
  expect(socketsIn(environment, 8).why).toContain('what it passed is for process 7, and this is 8.');
  expect(socketsIn({}, 7)).toEqual({ sockets: [], why: 'this process was not started by a socket unit.' });
  expect(() => socketsIn({ ...environment, LISTEN_FDS: '-1' }, 7)).toThrow('LISTEN_FDS is "-1", which is no count.');
});
