/**
 * Milliseconds from any fixed point; never goes back. The first look at `performance` loads nine more of Node's modules: 1
 * to 2 ms of a cold start, and 50 KB of heap. A call pays no more for this one.
 */
export function now(): number {
  // By index: to take a list apart asks its iterator, which is slow until it is compiled.
  const time = process.hrtime();
  return time[0] * 1e3 + time[1] / 1e6;
}
