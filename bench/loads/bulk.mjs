import { BLOBS, checkBlob } from '../blobs.mjs';
import { loops } from './loops.mjs';

/** Independent loops on one connection, each asking for 1 MiB after the other. */
export function run([connection], { inFlight, seconds }) {
  return loops(inFlight, seconds, async (i, latency) => {
    const start = performance.now();
    const bytes = await connection.blob(i % BLOBS);
    latency.add(performance.now() - start);
    checkBlob(bytes, i % BLOBS);
  });
}
