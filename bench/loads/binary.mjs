import { BLOBS, blob, checkBlob } from '../blobs.mjs';
import { loops } from './loops.mjs';

/** 1 MiB, or `bytes` of them, sent and received again, one after the other. */
export function run([connection], { seconds, bytes: length }) {
  return loops(1, seconds, async (i, latency) => {
    const number = i % BLOBS;
    const start = performance.now();
    const bytes = await connection.echo(blob(number, length));
    latency.add(performance.now() - start);
    checkBlob(bytes, number, length);
  });
}
