// Prints what a process can tell of others, and whether it has loaded what that takes. It serves and calls itself.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Credentials, close, connect, duplexTransport, serve } from '../nearcall.ts';
import { implementation, who } from './contract.ts';

const [address = ''] = process.argv.slice(2);

/** What such a process has found out. */
export interface Findings {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Whether koffi was there after a connection, and after the first question. */
  readonly loaded: readonly [before: boolean, after: boolean];
  readonly client: Credentials | undefined;
  readonly server: Credentials | undefined;
  readonly pipe: Credentials | undefined;
  /** What a server in another thread says of this one. */
  readonly toThread: Credentials | undefined;
  /** Why a server with a guard does not start. */
  readonly guard: string | undefined;
}

if (isMainThread) console.log(JSON.stringify(await findings()));
else await serveHere();

async function findings(): Promise<Findings> {
  const server = await serve(address, implementation);
  let told: (credentials: () => Credentials | undefined) => void;
  const serverSeen = new Promise<() => Credentials | undefined>((resolve) => {
    told = resolve;
  });
  const client = connect(address, who, { onConnect: (peer) => told(() => peer.credentials) });
  const serverIs = await serverSeen;
  const before = isLoaded();
  const clientIs = await client.am();
  const after = isLoaded();
  const pipe = new Socket({ fd: 3 });
  const result = {
    pid: process.pid,
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
    loaded: [before, after],
    client: clientIs as Credentials | undefined,
    server: serverIs(),
    pipe: duplexTransport(pipe).credentials,
    toThread: await askThread(),
    guard: await whyNoGuard(),
  } as const;
  pipe.destroy();
  await close(client);
  await server.close();
  return result;
}

function isLoaded(): boolean {
  return readFileSync('/proc/self/maps', 'latin1').includes('koffi');
}

async function askThread(): Promise<Credentials | undefined> {
  const worker = new Worker(fileURLToPath(import.meta.url), { argv: [`${address}2`] });
  await once(worker, 'message');
  const client = connect(`${address}2`, who);
  const answer = await client.am();
  await close(client);
  await worker.terminate();
  return answer as Credentials | undefined;
}

async function serveHere(): Promise<void> {
  await serve(address, implementation);
  parentPort?.postMessage('ready');
}

async function whyNoGuard(): Promise<string | undefined> {
  try {
    const server = await serve(`${address}3`, implementation, { admit: { uids: [0] } });
    await server.close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
