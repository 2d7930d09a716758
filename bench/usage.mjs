/** CPU µs so far and the peak RSS in bytes, of this process with all its threads (so GC helpers count). */
export function usage() {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpu: userCPUTime + systemCPUTime, peakRss: maxRSS * 1024 };
}

/** That of two processes together. */
export function sum(one, other) {
  return { cpu: one.cpu + other.cpu, peakRss: one.peakRss + other.peakRss };
}

/** What this process holds in its heap and, in buffers and the like, outside of it. */
export function memory() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
