import { PerformanceObserver } from 'node:perf_hooks';

let collections;

/**
 * The bytes that this process holds on its heap and in its buffers, and how often it has collected garbage since it was
 * first asked: between two answers with the same number nothing was given back, so that what is more was allocated.
 */
export function tally() {
  if (collections === undefined) {
    collections = 0;
    new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers, collections };
}
