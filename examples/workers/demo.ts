/** A parent that calls its workers, and is called by them. Exits non-zero if anything is wrong. */
import { play } from '../demo.ts';

await play(import.meta.url, 'workers: calls both ways between processes', async (_, server) => {
  await server.says('first: 1', 'second: 2', 'third: 3', 'fourth: 4', 'counted by 2 workers', 'all of them have ended');
  await server.ends();
});
