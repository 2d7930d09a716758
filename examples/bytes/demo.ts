/** A server that calls its clients. Exits non-zero if anything is wrong. */
import { play } from '../demo.ts';

await play(import.meta.url, 'bytes: the server calls its client', async ({ start }, server) => {
  for (let time = 0; time < 2; time++) {
    const client = start('client');
    await client.says('received 01 02 03 04');
    await client.ends();
    await server.says('sent 01 02 03 04, received 05 06 07 08');
  }
});
