import { setImmediate } from 'node:timers/promises';

/** What this process holds after a collection, in bytes. Needs `--expose-gc`. */
export async function memoryUse(): Promise<number> {
  // The memory of array buffers is given back behind the collection that found them unused.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}
