/** A long call whose caller is told how far it is. Exits non-zero if anything is wrong. */
import { play } from '../demo.ts';

await play(import.meta.url, 'progress: events from the server to its caller', async ({ start }) => {
  const client = start('client');
  await client.says('20 %', '40 %', '60 %', '80 %', '100 %', '78498 primes below 1000000');
  await client.ends();
});
