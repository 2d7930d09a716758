import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { MessageChannel, Worker as Thread } from 'node:worker_threads';
import { fileOf, forked } from '../forked.ts';
import { type connect, duplexTransport, messagePortTransport, streamTransport, type Transport } from '../nearcall.ts';
import { type Temporary, temporary } from '../temporary.ts';
import { watch } from '../watched.ts';
import type { Order } from './contract.ts';

/** One process or thread that serves `work`. */
export interface Worker {
  /** The slot that it is in, and which of those that have been in it: `2.1`. */
  readonly name: string;
  tell(order: Order): void;
  /** Ends it at once. */
  kill(): void;
  readonly gone: Promise<unknown>;
}

/** A service in several workers. */
export interface Pool extends AsyncDisposable {
  /** What to connect to: one for each slot. */
  readonly targets: Parameters<typeof connect>[0] & readonly unknown[];
  /** Those that were started last, by their slots. */
  readonly workers: Worker[];
  /** Starts a worker in a slot whose last one is gone, where dialling does not. */
  revive(slot: number): Promise<void>;
}

const SLOTS = [0, 1, 2, 3];
const FILE = './workers/worker-child';

function child(process: ChildProcess, name: string): Worker {
  watch(process);
  return {
    name,
    // One that is gone hears nothing.
    tell: (order) => void process.send(order, () => {}),
    kill: () => void process.kill('SIGKILL'),
    gone: once(process, 'exit'),
  };
}

/** A pool whose workers listen, each at a path of its own. */
async function listening(
  start: (name: string, address: string) => Promise<Worker>,
  place: Temporary,
  end: () => Promise<void>,
): Promise<Pool> {
  const workers: Worker[] = [];
  let started = 0;
  const targets = SLOTS.map((slot) => place.unix(`${slot}.sock`));
  const revive = async (slot: number): Promise<void> => {
    workers[slot] = await start(`${slot}.${started++}`, targets[slot] as string);
  };
  await Promise.all(SLOTS.map(revive));
  return {
    targets,
    workers,
    revive,
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.kill();
      await end();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** A pool whose workers are started by dialling. */
function dialled(dial: (name: string) => { worker: Worker; transport: Transport }): Pool {
  const workers: Worker[] = [];
  let started = 0;
  const targets = SLOTS.map((slot) => () => {
    const { worker, transport } = dial(`${slot}.${started++}`);
    workers[slot] = worker;
    return transport;
  });
  return {
    targets,
    workers,
    revive: async () => {},
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.kill();
    },
  };
}

async function sockets(): Promise<Pool> {
  const place = await temporary();
  const file = await fileOf(FILE);
  const start = async (name: string, address: string): Promise<Worker> => {
    const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc'];
    const process = spawn(globalThis.process.execPath, [file, name, address], { stdio });
    const worker = child(process, name);
    await once(process, 'message');
    return worker;
  };
  return listening(start, place, async () => {});
}

async function pipes(): Promise<Pool> {
  const file = await fileOf(FILE);
  return dialled((name) => {
    const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'];
    const process = spawn(globalThis.process.execPath, [file, name, 'pipe'], { stdio });
    return { worker: child(process, name), transport: duplexTransport(process.stdio[3] as Duplex) };
  });
}

async function stdio(): Promise<Pool> {
  const file = await fileOf(FILE);
  return dialled((name) => {
    const process = spawn(globalThis.process.execPath, [file, name, 'stdio'], {
      stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    });
    const { stdout, stdin } = process;
    if (stdout === null || stdin === null) throw new Error('The child has no pipes.');
    return { worker: child(process, name), transport: streamTransport(stdout, stdin) };
  });
}

async function threads(): Promise<Pool> {
  const file = await fileOf(FILE);
  return dialled((name) => {
    const { port1, port2 } = new MessageChannel();
    const thread = new Thread(file, { workerData: { name, port: port2 }, transferList: [port2] });
    const worker: Worker = {
      name,
      tell: (order) => thread.postMessage(order),
      kill: () => void thread.terminate(),
      gone: once(thread, 'exit'),
    };
    return { worker, transport: messagePortTransport(port1) };
  });
}

async function clustered(): Promise<Pool> {
  const place = await temporary();
  const primary = await forked('./workers/cluster-child');
  const start = async (name: string, address: string): Promise<Worker> => {
    await primary.ask('start', { name, address });
    // At the end it is killed in the middle of what it was asked.
    const ask = (what: string, details: unknown): Promise<unknown> => primary.ask(what, details).catch(() => {});
    return {
      name,
      tell: (order) => void ask('tell', { name, order }),
      kill: () => void ask('kill', name),
      gone: ask('gone', name),
    };
  };
  return listening(start, place, async () => primary[Symbol.asyncDispose]());
}

/** The ways in which a service runs in several workers. */
export const pools: Readonly<Record<string, () => Promise<Pool>>> = {
  'child processes with a socket each': sockets,
  'child processes over a spare pipe each': pipes,
  'child processes over their standard input and output': stdio,
  'worker threads over a port each': threads,
  'workers of a cluster with a path each': clustered,
};
