import { RowCheck } from '../rows.mjs';
import { repeat } from './repeat.mjs';

// Enough that opening and ending a stream cost nothing beside its rows.
const ROWS = 200_000;

/** One stream from the server after the other, each to its end. */
export function run(connection, { atOnce, seconds }) {
  const stream = atOnce ? 'rowsAtOnce' : 'rows';
  return repeat(seconds, async () => {
    const check = new RowCheck(0);
    await connection[stream](ROWS, (row) => check.take(row));
    check.end(ROWS);
    return ROWS;
  });
}
