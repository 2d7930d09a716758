import { Socket } from 'node:net';
import { isMainThread, workerData } from 'node:worker_threads';
import { duplexTransport, messagePortTransport, type ServeTarget, streamTransport } from '../nearcall.ts';
import { serveCalls } from './serve-calls.ts';

const [where = ''] = process.argv.slice(2);

function target(): ServeTarget {
  if (!isMainThread) return messagePortTransport(workerData);
  if (where === 'stdio') return streamTransport(process.stdin, process.stdout);
  if (where === 'pipe') return duplexTransport(new Socket({ fd: 3 }));
  // A test run that is cut short would leave the process behind.
  process.stdin.once('end', () => process.exit()).resume();
  (process.stdin as Socket).unref();
  return where;
}

const server = await serveCalls(target());
if (server.addresses.length > 0) process.stdout.write(server.address);
