import { run as bulk } from './bulk.mjs';
import { run as calls } from './calls.mjs';

/** Small calls, one at a time, on a connection that bulk fills: what they wait for, and what the bulk still gets. */
export async function run(connections, { text, expected, inFlight, seconds }) {
  const [small, large] = await Promise.all([
    calls(connections, { text, expected, inFlight: 1, seconds }),
    bulk(connections, { inFlight, seconds }),
  ]);
  return { ...small, bulkRate: large.done / large.elapsed };
}
