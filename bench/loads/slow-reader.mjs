import { setTimeout as sleep } from 'node:timers/promises';
import { RowCheck } from '../rows.mjs';

// No reader comes to its end, nor would memory be enough for this many rows.
const ENDLESS = 1e9;
const PAUSE_MS = 20;

const reading = new Set();

/** A reader on each connection that has none yet, and then some time for all that is in between to fill. They go on reading. */
export async function run(connections, { seconds }) {
  for (const connection of connections.filter((one) => !reading.has(one))) {
    reading.add(connection);
    const check = new RowCheck(0);
    connection.rowsSlowly(ENDLESS, async (row) => {
      check.take(row);
      await sleep(PAUSE_MS);
    });
  }
  await sleep(seconds * 1000);
  return {};
}
