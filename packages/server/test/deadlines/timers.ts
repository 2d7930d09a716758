import { createHook } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';

const alive = new Set<number>();

// Node's own list of what is active leaves out the timers that do not keep a process running, and ours are such.
createHook({
  init(id, type) {
    if (type === 'Timeout') alive.add(id);
  },
  destroy(id) {
    alive.delete(id);
  },
}).enable();

/** How many timers there are in this process that have not rung and were not called off. */
export async function timers(): Promise<number> {
  // That one was called off is told a moment later.
  for (let i = 0; i < 3; i++) await setImmediate();
  return alive.size;
}
