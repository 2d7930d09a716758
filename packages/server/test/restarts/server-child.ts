import { appendFileSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { answering } from '../answering.ts';
import { implement, type Server, serve } from '../nearcall.ts';
import { marks } from './contract.ts';

const [address = '', path = ''] = process.argv.slice(2);

/** Outlives this process, however that ends. */
const file = openSync(path, 'a');

async function mark(token: string): Promise<string> {
  appendFileSync(file, `${token}\n`);
  // So that there is always something under way.
  await sleep(1);
  return token.toUpperCase();
}

let server: Server | undefined;

async function start(): Promise<void> {
  const implementation = implement(marks, { once: mark, again: mark });
  const options = { serverLimits: { connections: 10_000 }, handshake: 60_000 };
  server = await serve(address, implementation, options);
}

answering({
  start,
  /** Starts as soon as the server before has left the address. */
  takeOver: async () => {
    for (;;) {
      try {
        return await start();
      } catch (error) {
        if (!String(error).includes('another server is listening')) throw error;
        await sleep(1);
      }
    }
  },
  connections: () => server?.connections,
  close: () => server?.close(),
});
