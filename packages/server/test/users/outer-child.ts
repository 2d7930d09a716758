import cluster from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { answering } from '../answering.ts';
import type { Reply } from '../forked.ts';
import { orders } from './serving.ts';

/** A process that closes no file to others by itself, and serves in one of three ways. `outer-child KIND` */
const [kind] = process.argv.slice(2);
process.umask(0);
const inner = fileURLToPath(new URL('inner-child.mjs', import.meta.url));

if (kind === 'main') {
  answering(orders);
} else {
  const worker = kind === 'thread' ? new Worker(inner) : forkWorker();
  const up = once(worker, 'message');
  let asked = 0;
  const ask = async (what: string, details: unknown): Promise<unknown> => {
    await up;
    const replied = once(worker, 'message');
    const question = { id: asked++, what, details };
    if (worker instanceof Worker) worker.postMessage(question);
    else worker.send(question);
    const [reply] = (await replied) as [Reply];
    if ('error' in reply) throw new Error(reply.error);
    return reply.answer;
  };
  answering(Object.fromEntries(Object.keys(orders).map((what) => [what, (details: unknown) => ask(what, details)])));
}

function forkWorker(): ReturnType<typeof cluster.fork> {
  cluster.setupPrimary({ exec: inner, execArgv: [] });
  return cluster.fork();
}
