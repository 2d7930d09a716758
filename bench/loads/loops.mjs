import { Latency } from '../latency.mjs';

/** `inFlight` loops, each doing `step` over and over until the time is up, and the last to its end. */
export async function loops(inFlight, seconds, step) {
  const latency = Latency.begin();
  let running = true;
  let done = 0;

  async function loop(first) {
    for (let i = first; running; i += inFlight) {
      await step(i, latency);
      done++;
    }
  }

  const start = performance.now();
  const timer = setTimeout(() => (running = false), seconds * 1000);
  await Promise.all(Array.from({ length: inFlight }, (_, i) => loop(i)));
  const elapsed = (performance.now() - start) / 1000;
  clearTimeout(timer);
  return { done, elapsed, ...latency.end() };
}
