import { setImmediate } from 'node:timers/promises';
import { implement } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { primes, progress } from './contract.ts';

const STEPS = 5;

const implementation = implement(primes, {
  async count({ below }, { peer, signal }) {
    const caller = peer.client(progress);
    let count = 0;
    for (let step = 1; step <= STEPS; step++) {
      const [from, to] = [Math.ceil((below * (step - 1)) / STEPS), Math.ceil((below * step) / STEPS)];
      for (let n = from; n < to; n++) if (isPrime(n)) count++;
      await caller.report({ done: step / STEPS });
      // Whatever computes for long lets its process do other work. Only then can it hear that its caller has given up.
      await setImmediate();
      signal.throwIfAborted();
    }
    return count;
  },
});

function isPrime(n: number): boolean {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return n > 1;
}

const { address } = readArguments('progress');
const server = await serve(address, implementation);
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
