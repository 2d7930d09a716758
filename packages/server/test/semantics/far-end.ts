import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { MessageChannel, Worker } from 'node:worker_threads';
import { fileOf } from '../forked.ts';
import {
  duplexTransport,
  memoryTransports,
  messagePortTransport,
  streamTransport,
  type Transport,
} from '../nearcall.ts';
import { watch } from '../watched.ts';
import { serveCalls } from './serve-calls.ts';

/** What serves the contract `calls` at the other end of a transport, for one connection at least. */
export interface FarEnd {
  /** What to connect to. */
  readonly target: string | Transport;
  /** Fulfils when it is gone, for whatever reason. */
  readonly gone: Promise<unknown>;
  /** Ends it at once, without a word. */
  kill(): void;
}

async function child(
  where: string,
  options: SpawnOptions,
): Promise<{ process: ChildProcess; end: Omit<FarEnd, 'target'> }> {
  const process = spawn(globalThis.process.execPath, [await fileOf('./semantics/far-child'), where], options);
  watch(process);
  return { process, end: { gone: once(process, 'exit'), kill: () => void process.kill('SIGKILL') } };
}

/** A process that listens at an address. */
export async function listening(address: string): Promise<FarEnd> {
  const { process, end } = await child(address, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = await once(process.stdout as NodeJS.ReadableStream, 'data');
  return { ...end, target: String(said) };
}

/** A process at the other end of its standard input and output. */
export async function stdio(): Promise<FarEnd> {
  const { process, end } = await child('stdio', { stdio: ['pipe', 'pipe', 'inherit'] });
  if (process.stdout === null || process.stdin === null) throw new Error('The child has no pipes.');
  return { ...end, target: streamTransport(process.stdout, process.stdin) };
}

/** A process at the other end of a pipe of its own, beside its standard streams. */
export async function pipe(): Promise<FarEnd> {
  const { process, end } = await child('pipe', { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  return { ...end, target: duplexTransport(process.stdio[3] as Duplex) };
}

/** A thread at the other end of a channel. */
export async function thread(): Promise<FarEnd> {
  const { port1, port2 } = new MessageChannel();
  const file = await fileOf('./semantics/far-child');
  const worker = new Worker(file, { workerData: port2, transferList: [port2] });
  return { target: messagePortTransport(port1), gone: once(worker, 'exit'), kill: () => void worker.terminate() };
}

async function here(near: Transport, far: Transport): Promise<FarEnd> {
  const server = await serveCalls();
  return { target: near, gone: server.accept(far).closed, kill: () => far.destroy() };
}

/** The other end of a pair of transports in this process. */
export async function memory(): Promise<FarEnd> {
  return here(...memoryTransports());
}

/** The other end of a channel in this thread. */
export async function channel(): Promise<FarEnd> {
  const { port1, port2 } = new MessageChannel();
  return here(messagePortTransport(port1), messagePortTransport(port2));
}

/** The other end of streams that Node has no socket for. */
export async function duplex(): Promise<FarEnd> {
  const [near, far] = duplexPair();
  // Node's pair does not tell one end that the other was destroyed.
  near.once('close', () => far.destroy());
  far.once('close', () => near.destroy());
  return here(duplexTransport(near), duplexTransport(far));
}
