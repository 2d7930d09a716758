import { BLOBS, checkBlob } from '../blobs.mjs';
import { Latency } from '../latency.mjs';

/** `inFlight` independent loops on one connection, each asking for 1 MiB after the other. */
export async function run(connection, { inFlight, seconds }) {
  const latency = new Latency();
  let running = true;
  let done = 0;

  async function loop(first) {
    for (let i = first; running; i += inFlight) {
      const start = performance.now();
      const bytes = await connection.blob(i % BLOBS);
      latency.add(performance.now() - start);
      checkBlob(bytes, i % BLOBS);
      done++;
    }
  }

  const start = performance.now();
  const timer = setTimeout(() => (running = false), seconds * 1000);
  await Promise.all(Array.from({ length: inFlight }, (_, i) => loop(i)));
  const elapsed = (performance.now() - start) / 1000;
  clearTimeout(timer);
  return { done, elapsed, p50: latency.percentile(0.5), p99: latency.percentile(0.99) };
}
