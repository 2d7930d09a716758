/** The dispatcher: takes jobs, and has them done by four workers, which it starts: `server.js [JOURNAL]`. */
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { close, connect } from '@nearcall/client';
import { duplexTransport, implement, RpcError, type Transport } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { jobs, worker } from './contract.ts';

/** How long jobs may take that have begun when Ctrl-C comes, in milliseconds. */
const GRACE = 60_000;

const { address, words } = readArguments('jobs');
const journal = words[0] ?? 'jobs.journal';
const script = fileURLToPath(new URL('worker.js', import.meta.url));

/** Starts a worker. It is called for each of them, and again whenever one is gone. */
function start(number: number): Transport {
  const args = [script, `${number}`, journal];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  return duplexTransport(child.stdio[3] as Duplex);
}

// Each call goes to the worker that has the fewest. While all are busy, or being started, it waits.
const workers = connect(
  [1, 2, 3, 4].map((number) => () => start(number)),
  worker,
  { waitForReady: true },
);

const implementation = implement(jobs, {
  async submit(job) {
    for (;;) {
      try {
        for await (const done of workers.run(job)) console.log(`${job.name}: ${Math.round(done * 100)} %`);
        return { outcome: 'done' };
      } catch (error) {
        const { code, execution, message } = RpcError.from(error);
        // No worker has begun it (`not-sent`, `rejected`), so that another one may. Mostly nearcall has seen to that itself.
        if (code === 'UNAVAILABLE' && execution !== 'unknown') continue;
        // Its worker is gone, or it has failed. Part of it may be done: whether to do it again is not for us to say.
        return { outcome: 'failed', why: message };
      }
    }
  },
});

const server = await serve(address, implementation);
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', async () => {
  console.log('finishes what has begun');
  await server.close({ grace: GRACE });
  await close(workers);
});
