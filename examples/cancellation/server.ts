import { setInterval, setTimeout } from 'node:timers/promises';
import { implement } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { patience } from './contract.ts';

const HOUR = 3_600_000;

const implementation = implement(patience, {
  async wait(_, { signal, deadline }) {
    console.log(`wait: begins, ${deadline < 1000 ? 'with little time' : 'with time'}`);
    try {
      // Most of what waits in Node takes a signal, and stops by it.
      await setTimeout(HOUR, undefined, { signal });
    } finally {
      console.log(`wait: stops, ${signal.reason.code}`);
    }
  },
  async *ticks(_, { signal }) {
    console.log('ticks: begins');
    let tick = 0;
    try {
      for await (const _ of setInterval(1, undefined, { signal })) yield ++tick;
    } finally {
      console.log(`ticks: stops, ${signal.reason.code}`);
    }
  },
  hello: () => 'hello',
});

const { address } = readArguments('cancellation');
// One call at a time: the next one begins when the one before has really stopped, and given its slot back.
const server = await serve(address, implementation, { limits: { calls: 1 } });
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
