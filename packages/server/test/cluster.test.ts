import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { workers } from './cluster/contract.ts';
import { fileOf, type Reply, watch } from './forked.ts';
import { close, connect } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

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
    const gone = once(worker, 'exit');
    worker.process.kill('SIGKILL');
    await gone;
  }
  await place[Symbol.asyncDispose]();
});

async function fork(): Promise<Worker> {
  const worker = cluster.fork();
  watch(worker.process);
  started.push(worker);
  await once(worker, 'message');
  return worker;
}

/** Has a worker serve at an address. Fulfils with where it does, or with what it says instead. */
async function serving(worker: Worker, address: string): Promise<string> {
  const reply = once(worker, 'message');
  worker.send({ id: 0, what: 'serve', details: address });
  const [said] = (await reply) as [Reply];
  return 'error' in said ? said.error : String(said.answer);
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
  const four = await Promise.all(Array.from({ length: 4 }, fork));
  const addresses = await Promise.all(four.map((worker) => serving(worker, 'tcp://127.0.0.1:0')));
  expect(new Set(addresses).size).toBe(1);
  const pids = new Set<number>();
  for (let i = 0; i < 8; i++) pids.add(await whoAt(addresses[0] as string));
  expect([...pids].sort()).toEqual(four.map((worker) => worker.process.pid).sort());
});

test('a worker of a cluster listens at a socket file of its own, however long its path', LONG, async () => {
  const long = place.unix('x'.repeat(108 - place.at('x').length));
  for (const address of [place.unix('short'), long]) {
    const worker = await fork();
    expect(await serving(worker, address)).toBe(address);
    expect(await whoAt(address)).toBe(worker.process.pid);
  }
});

test(
  'of the workers of a cluster that start at one leftover socket, one gets it and the others are told so',
  LONG,
  async () => {
    const net = createServer();
    await new Promise<void>((resolve) => net.listen(place.at('bound'), resolve));
    // Moved away, so that closing does not remove it.
    await rename(place.at('bound'), place.at('s.sock'));
    await new Promise((resolve) => net.close(resolve));
    const four = await Promise.all(Array.from({ length: 4 }, fork));
    const said = await Promise.all(four.map((worker) => serving(worker, place.unix())));
    const winner = four[said.indexOf(place.unix())];
    expect(said.filter((text) => text.includes('another server is')).length).toBe(3);
    expect(await whoAt(place.unix())).toBe(winner?.process.pid);
  },
);
