import { Socket } from 'node:net';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { duplexTransport, messagePortTransport, type ServeTarget, streamTransport } from '../nearcall.ts';
import { serveWork } from './serve-work.ts';

/** A worker: `worker-child NAME WHERE`, as a process or a thread. It says once that it is ready, and then does as told. */
const [name = '', where = ''] = isMainThread ? process.argv.slice(2) : [workerData.name];

function target(): ServeTarget {
  if (!isMainThread) return messagePortTransport(workerData.port);
  if (where === 'stdio') return streamTransport(process.stdin, process.stdout);
  if (where === 'pipe') return duplexTransport(new Socket({ fd: 3 }));
  return where;
}

const obey = await serveWork(name, target());
parentPort?.on('message', obey).unref();
process.on('message', obey);
process.once('disconnect', () => process.exit());
// Only what it serves keeps it running.
process.channel?.unref();
process.send?.('ready');
