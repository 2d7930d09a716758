import { RowCheck } from '../rows.mjs';
import { loops } from './loops.mjs';

// Enough that opening a stream costs little beside its rows.
const ROWS = 500;

/** So many streams from the server at once on one connection, each followed by another: what counts is the rows. */
export async function run([connection], { atOnce, seconds }) {
  const { done, ...rest } = await loops(atOnce, seconds, async () => {
    const check = new RowCheck(0);
    await connection.rows(ROWS, (row) => check.take(row));
    check.end(ROWS);
  });
  return { done: done * ROWS, ...rest };
}
