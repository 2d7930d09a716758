/** A worker: `worker.js NUMBER JOURNAL`. The dispatcher starts it, and calls it over a pipe, its file descriptor 3. */
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { duplexTransport, implement } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { worker } from './contract.ts';

/** Milliseconds of work. */
const STEP = 20;

const [number, journal = ''] = process.argv.slice(2);

/** What is done for real, and must not be done twice. */
function note(what: string): void {
  appendFileSync(journal, `${Date.now()} worker ${number} ${process.pid} ${what}\n`);
}

const implementation = implement(worker, {
  async *run({ name, steps }, { signal }) {
    note(`begins ${name}`);
    for (let step = 1; step <= steps; step++) {
      await setTimeout(STEP, undefined, { signal });
      // A bug that ends the whole process.
      if (name === 'crash') process.exit(1);
      if (step === steps) note(`ends ${name}`);
      yield step / steps;
    }
  },
});

// One job at a time: those that no worker has room for wait at the dispatcher. The process ends with this connection.
await serve(duplexTransport(new Socket({ fd: 3 })), implementation, { limits: { calls: 1 } });
// Ctrl-C reaches the workers, too. When they end is for the dispatcher to say.
process.on('SIGINT', () => {});
