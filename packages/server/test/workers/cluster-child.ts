import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { answering } from '../answering.ts';
import type { Order } from './contract.ts';

/** The primary of a cluster of `worker-child`s, by their names. `cluster-child SCHEDULING` */
const [scheduling] = process.argv.slice(2);
cluster.schedulingPolicy = scheduling === 'none' ? cluster.SCHED_NONE : cluster.SCHED_RR;

const workers = new Map<string, { readonly worker: Worker; readonly gone: Promise<unknown> }>();

answering({
  /** Fulfils when it serves. */
  start: ({ name, address }: { name: string; address: string }) => {
    cluster.setupPrimary({
      exec: fileURLToPath(new URL('worker-child.mjs', import.meta.url)),
      args: [name, address],
      // One that is refused says why on its standard error, which is no failure.
      silent: true,
    });
    const worker = cluster.fork();
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    workers.set(name, { worker, gone });
    return new Promise<string>((resolve) => {
      worker.once('message', () => resolve('ready'));
      worker.once('exit', (code) => resolve(`ended with ${code}`));
    });
  },
  tell: ({ name, order }: { name: string; order: Order }) => void workers.get(name)?.worker.send(order),
  kill: (name: string) => void workers.get(name)?.worker.process.kill('SIGKILL'),
  gone: (name: string) => workers.get(name)?.gone,
});
