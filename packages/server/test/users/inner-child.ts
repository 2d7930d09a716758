import { parentPort } from 'node:worker_threads';
import { answering } from '../answering.ts';
import type { Question } from '../forked.ts';
import { orders } from './serving.ts';

/** Serves in the worker thread, or the worker of a cluster, that an `outer-child` has started. */
if (parentPort === null) {
  answering(orders);
  process.send?.('up');
} else {
  const port = parentPort;
  port.on('message', async ({ id, what, details }: Question) => {
    const order = orders[what as keyof typeof orders] as (details: unknown) => unknown;
    try {
      port.postMessage({ id, answer: await order(details) });
    } catch (error) {
      port.postMessage({ id, error: String(error) });
    }
  });
  port.postMessage('up');
}
