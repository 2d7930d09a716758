import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { healthStatus, implement, serve } from '../nearcall.ts';
import { busy, slow } from './contract.ts';

const [address = '', log = '', grace = ''] = process.argv.slice(2);

/** Outlives this process, however that ends. */
const note = (what: string): void => appendFileSync(log, `${what}\n`);

const implementation = implement(busy, {
  work: async ({ id, delay }) => {
    note(`ran ${id}`);
    await sleep(delay);
    return process.pid;
  },
  ticks: async function* (_, { draining }) {
    for (let tick = 0; !draining.aborted; tick++) {
      yield tick;
      await sleep(5, undefined, { signal: draining }).catch(() => {});
    }
  },
  hold: ({ id }, { signal }) => {
    note(`held ${id}`);
    return new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        note(`aborted ${id}`);
        resolve();
      });
    });
  },
  askBack: (_, { peer }) => peer.client(slow).answer(),
});

const server = await serve(address, [implementation, healthStatus().implementation]);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void server.close({ grace: Number(grace) }).then(() => note('closed'));
    note('closing');
  });
}
console.log('listening');
