import { setImmediate } from 'node:timers/promises';
import { answering } from '../answering.ts';
import { implement, type ServerLimits, serve } from '../nearcall.ts';
import { limited } from './contract.ts';

const [address = '', serverLimits = '{}', concurrency = '{}'] = process.argv.slice(2);

let held = 0;
let reported = 0;
const waiting = new Set<() => void>();

/** Fulfils when it is released, or nobody waits for it. */
function hold(signal: AbortSignal): Promise<void> {
  held++;
  return new Promise((resolve) => {
    const end = (): void => {
      if (!waiting.delete(end)) return;
      held--;
      resolve();
    };
    waiting.add(end);
    signal.addEventListener('abort', end);
  });
}

const server = await serve(
  address,
  implement(
    limited,
    {
      hold: async (_, { signal }) => {
        await hold(signal);
        return 'released';
      },
      holdStream: async function* (_, { signal }) {
        yield 1;
        await hold(signal);
      },
      echo: (value) => value,
      letters: (count) => 'a'.repeat(Number(count)),
      bytes: (count) => new Uint8Array(Number(count)),
    },
    { concurrency: JSON.parse(concurrency) as { hold?: number; holdStream?: number } },
  ),
  {
    serverLimits: JSON.parse(serverLimits) as Partial<ServerLimits>,
    onError: () => {
      reported++;
    },
  },
);

answering({
  held: () => held,
  /** What is held, without what nobody holds any more. */
  memory: async () => {
    // The memory of array buffers is given back behind the collection that found them unused.
    for (let i = 0; i < 3; i++) {
      globalThis.gc?.();
      await setImmediate();
    }
    return process.memoryUsage();
  },
  connections: () => server.connections,
  /** How many errors were told here, and not to callers. */
  reported: () => reported,
  /** Lets the one that has waited longest go. */
  release: () => {
    for (const end of waiting) return end();
  },
  releaseAll: () => {
    for (const end of waiting) end();
  },
});
