/** Calls that are given up, and handlers that hear of it. Exits non-zero if anything is wrong. */
import { play } from '../demo.ts';

await play(import.meta.url, 'cancellation: by signal, deadline and break', async ({ start }, server) => {
  const client = start('client');
  await server.says('wait: begins, with time');
  await client.says('by a signal: CANCELLED');
  await server.says('wait: stops, CANCELLED', 'wait: begins, with little time');
  await client.says('by a deadline: DEADLINE_EXCEEDED');
  await server.says('wait: stops, DEADLINE_EXCEEDED', 'wait: begins, with time');
  await client.says('by a signal of time: DEADLINE_EXCEEDED');
  await server.says('wait: stops, DEADLINE_EXCEEDED', 'ticks: begins');
  await client.says('by break, at the third item');
  await server.says('ticks: stops, CANCELLED');
  await client.says('and the next call has its turn: hello');
  await client.ends();
});
