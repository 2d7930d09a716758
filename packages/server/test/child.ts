import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Child, type Exit, fileOf, forked } from './forked.ts';
import { watch } from './watched.ts';

/** Starts a process that serves the contract `text` at an address. */
export function startServer(address: string): Promise<Child> {
  return forked('./server-child', address);
}

/** Starts a process that has a client of the contract `text`. */
export function startClient(address: string): Promise<Child> {
  return forked('./client-child', address);
}

/** What a process that ran to its end has left. */
export interface Run extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a scenario of `life-child.ts` to its end. It has no channel, which would keep the process running. */
export async function runLife(scenario: string, address: string): Promise<Run> {
  const process = spawn(globalThis.process.execPath, [await fileOf('./life-child'), scenario, address], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process that never ends is a failure, and not to outlive its test.
    timeout: 15_000,
    killSignal: 'SIGKILL',
  });
  watch(process);
  let stdout = '';
  let stderr = '';
  process.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  process.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  const [code, signal] = (await once(process, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
