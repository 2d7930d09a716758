import { BLOBS, blob, checkBlob } from '../blobs.mjs';
import { loops } from './loops.mjs';

/** 1 MiB sent and received again, one after the other. */
export function run([connection], { seconds }) {
  return loops(1, seconds, async (i, latency) => {
    const number = i % BLOBS;
    const start = performance.now();
    const bytes = await connection.echo(blob(number));
    latency.add(performance.now() - start);
    checkBlob(bytes, number);
  });
}
