import { readdirSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

/** What a process holds at a moment. */
export interface Sample {
  readonly heap: number;
  /** Outside of the heap: the memory of array buffers, and what else there is. */
  readonly outside: number;
  readonly rss: number;
  readonly descriptors: number;
  /** What would keep it running, by kind: sockets, timers. */
  readonly resources: Readonly<Record<string, number>>;
  /** For how long it did nothing else at most since the last sample, in milliseconds: the machine may be busy. */
  readonly lag: number;
}

let delays: IntervalHistogram | undefined;

/** Begins to watch for how long this process does nothing else. */
export function watchLag(): void {
  delays = monitorEventLoopDelay();
  delays.enable();
}

/** Measures this process. Needs `--expose-gc`. */
export async function sample(): Promise<Sample> {
  const lag = (delays?.max ?? 0) / 1e6;
  // The memory of array buffers is given back behind the collection that found them unused.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  delays?.reset();
  return { heap: heapUsed, outside: external, rss, descriptors: descriptors(), resources: resources(), lag };
}

/** What would keep this process running, by kind. */
export function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** How many descriptors this process has open. */
export function descriptors(): number {
  // One of them is that of the reading itself.
  return readdirSync('/proc/self/fd').length - 1;
}
