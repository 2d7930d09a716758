import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { workers } from './cluster/contract.ts';
import { fileOf, forked, type Reply } from './forked.ts';
import { close, connect } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';
import { watch } from './watched.ts';
import { work } from './workers/contract.ts';

/** For what takes a while where many processes share the machine. */
const LONG = { timeout: 30_000 };

let place: Temporary;
const started: Worker[] = [];

beforeAll(async () => {
  cluster.setupPrimary({ exec: await fileOf('./cluster/worker-child'), execArgv: [] });
});

beforeEach(async () => {
  place = await temporary();
});

afterEach(async () => {
  for (const worker of started.splice(0)) {
    if (worker.isDead()) continue;
    const gone = once(worker, 'exit');
    worker.process.kill('SIGKILL');
    await gone;
  }
  await place[Symbol.asyncDispose]();
});

async function fork(env: NodeJS.ProcessEnv = {}): Promise<Worker> {
  const worker = cluster.fork(env);
  watch(worker.process);
  started.push(worker);
  await once(worker, 'message');
  return worker;
}

/** Asks a worker. Fulfils with its answer, or with what it says instead. */
async function ask(worker: Worker, what: string, details?: unknown): Promise<string> {
  const reply = once(worker, 'message');
  worker.send({ id: 0, what, details });
  const [said] = (await reply) as [Reply];
  return 'error' in said ? said.error : String(said.answer);
}

/** Has a worker serve at an address. Fulfils with where it does, or with what it says instead. */
function serving(worker: Worker, address: string): Promise<string> {
  return ask(worker, 'serve', address);
}

async function whoAt(address: string): Promise<number> {
  const client = connect(address, workers);
  try {
    return await client.who();
  } finally {
    await close(client);
  }
}

test('the workers of a cluster share a TCP port, and take the connections in turn', LONG, async () => {
  const four = await Promise.all(Array.from({ length: 4 }, () => fork()));
  const addresses = await Promise.all(four.map((worker) => serving(worker, 'tcp://127.0.0.1:0')));
  expect(new Set(addresses).size).toBe(1);
  const pids = new Set<number>();
  for (let i = 0; i < 8; i++) pids.add(await whoAt(addresses[0] as string));
  expect([...pids].sort()).toEqual(four.map((worker) => worker.process.pid).sort());
});

/** A directory in which the path of a socket may be one letter long. */
function deepDirectory(): string {
  const name = 'd'.repeat(105 - place.at('').length - 1);
  mkdirSync(place.at(name));
  return name;
}

test('a socket file is shared however long its path is', LONG, async () => {
  await using user = await temporary();
  const deep = deepDirectory();
  const long = place.unix(`${deep}/s`);
  expect(Buffer.byteLength(long)).toBe('unix:'.length + 107);
  const two = await Promise.all([1, 2].map(() => fork({ XDG_RUNTIME_DIR: user.path })));
  expect(await Promise.all(two.map((worker) => serving(worker, long)))).toEqual([long, long]);
  expect([...new Set(await reached(long, 4))].sort()).toEqual(pidsOf(two));
  await Promise.all(two.map((worker) => ask(worker, 'close')));
  expect(readdirSync(place.at(deep))).toEqual([]);
  expect(readdirSync(user.at('nearcall'))).toEqual([]);
});

test('a worker has a socket file to itself where a long path finds no short name', LONG, async () => {
  const deep = deepDirectory();
  const long = place.unix(`${deep}/s`);
  const worker = await fork({ XDG_RUNTIME_DIR: '', TMPDIR: '/none' });
  expect(await serving(worker, long)).toBe(long);
  expect(await whoAt(long)).toBe(worker.process.pid);
  await ask(worker, 'close');
  expect(readdirSync(place.at(deep))).toEqual([]);
});

/** The processes that so many new connections reach, in their order. */
async function reached(address: string, connections: number): Promise<number[]> {
  const pids: number[] = [];
  for (let i = 0; i < connections; i++) pids.push(await whoAt(address));
  return pids;
}

/** Leaves a socket at a path, as a server does that was killed. */
async function leftover(path: string): Promise<void> {
  const net = createServer();
  await new Promise<void>((resolve) => net.listen(place.at('bound'), resolve));
  // Moved away, so that closing does not remove it.
  await rename(place.at('bound'), path);
  await new Promise((resolve) => net.close(resolve));
}

/** Four workers that serve at one address. */
async function sharing(address: string): Promise<Worker[]> {
  const four = await Promise.all(Array.from({ length: 4 }, () => fork()));
  const said = await Promise.all(four.map((worker) => serving(worker, address)));
  expect(said).toEqual(Array.from({ length: 4 }, () => address));
  return four;
}

const pidsOf = (workers: readonly Worker[]): number[] => workers.map(({ process }) => process.pid as number).sort();

test.each([['free'], ['leftover']])(
  'the workers of a cluster share a %s socket file, which is its user’s alone, and take the connections in turn',
  LONG,
  async (which) => {
    if (which === 'leftover') await leftover(place.at('s.sock'));
    const four = await sharing(place.unix());
    expect(lstatSync(place.at('s.sock')).mode & 0o777).toBe(0o600);
    // Each has one of four in a row. Turns may change, as a busy worker says late that it is free again.
    await vi.waitFor(
      async () => {
        expect(new Set(await reached(place.unix(), 4))).toEqual(new Set(pidsOf(four)));
      },
      { interval: 2, timeout: 10_000 },
    );
  },
);

test('a shared socket file is there as long as one worker serves, and is removed by the last', LONG, async () => {
  const [first, second, third, fourth] = (await sharing(place.unix())) as [Worker, Worker, Worker, Worker];
  await ask(first, 'close');
  second.process.kill('SIGKILL');
  await once(second, 'exit');
  expect(new Set(await reached(place.unix(), 6))).toEqual(new Set(pidsOf([third, fourth])));
  // One that comes back takes its part again.
  await serving(first, place.unix());
  expect(new Set(await reached(place.unix(), 6))).toEqual(new Set(pidsOf([first, third, fourth])));
  await Promise.all([first, third, fourth].map((worker) => ask(worker, 'close')));
  expect(place.entries()).toEqual([]);
});

test('a socket file whose workers were all killed is replaced by the next one', LONG, async () => {
  const four = await sharing(place.unix());
  const gone = four.map((worker) => once(worker, 'exit'));
  for (const worker of four) worker.process.kill('SIGKILL');
  await Promise.all(gone);
  const next = await fork();
  expect(await serving(next, place.unix())).toBe(place.unix());
  expect(await whoAt(place.unix())).toBe(next.process.pid);
  await ask(next, 'close');
  expect(place.entries()).toEqual([]);
});

test('a worker of a cluster is refused where another program listens, or what is no socket stands', LONG, async () => {
  const worker = await fork();
  const net = createServer();
  await new Promise<void>((resolve) => net.listen(place.at('taken.sock'), resolve));
  writeFileSync(place.at('file.sock'), 'kept');
  expect(await serving(worker, place.unix('taken.sock'))).toContain('another server is listening there');
  expect(await serving(worker, place.unix('file.sock'))).toContain('a file stands there that is not a socket');
  expect(await serving(worker, place.unix('none/s.sock'))).toContain('does not exist');
  expect(place.entries()).toEqual(['file.sock', 'taken.sock']);
  await new Promise((resolve) => net.close(resolve));
});

test(
  'a worker of a cluster is refused where others could enter the directory that its socket is bound in',
  LONG,
  async () => {
    const worker = await fork();
    await serving(worker, place.unix());
    const [directory = ''] = place.entries();
    expect(directory).toMatch(/^\.nearcall-/);
    expect(lstatSync(place.at(directory)).mode & 0o777).toBe(0o700);
    await ask(worker, 'close');
    mkdirSync(place.at(directory));
    chmodSync(place.at(directory), 0o777);
    expect(await serving(worker, place.unix())).toContain('is not a directory of this user');
  },
);

test('two clusters do not share a socket file: the second is told that the first is listening', LONG, async () => {
  const other = await forked('./workers/cluster-child', 'none');
  const worker = await fork();
  expect(await serving(worker, place.unix())).toBe(place.unix());
  expect(await other.ask('start', { name: 'x', address: place.unix() })).toBe('ended with 1');
  expect(await whoAt(place.unix())).toBe(worker.process.pid);
});

test('workers of a cluster that leaves the choice to the system share a socket file as well', LONG, async () => {
  const primary = await forked('./workers/cluster-child', 'none');
  for (const name of ['a', 'b']) {
    expect(await primary.ask('start', { name, address: place.unix() })).toBe('ready');
  }
  const names = new Set<string>();
  const clients = Array.from({ length: 50 }, () => connect(place.unix(), work));
  for (const name of await Promise.all(clients.map((client) => client.who()))) names.add(name);
  for (const name of names) expect(['a', 'b']).toContain(name);
  await Promise.all(clients.map((client) => close(client)));
  // Whichever was chosen less: the other one serves alone.
  await primary.ask('kill', 'a');
  await primary.ask('gone', 'a');
  const client = connect(place.unix(), work);
  expect(await client.who()).toBe('b');
  await close(client);
});
