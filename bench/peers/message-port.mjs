/** A floor: a thread of the same process, by structured clone, where nothing passes through the kernel. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { callerOf } from './hosted/caller.mjs';

export const can = ['call', 'nested', 'blob', 'echo'];

export const hosts = true;

export async function connect() {
  const worker = new Worker(new URL('./hosted/worker.mjs', import.meta.url));
  await once(worker, 'online');
  const { usage: _, ...caller } = callerOf(
    (message) => worker.postMessage(message),
    (take) => worker.on('message', take),
  );
  return { ...caller, close: () => worker.terminate() };
}
