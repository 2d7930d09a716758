import { RowCheck } from '../rows.mjs';
import { repeat } from './repeat.mjs';

const ROWS = 100_000;

/** One stream to the server and back after the other: a row counts once it is back. */
export function run(connection, { seconds }) {
  return repeat(seconds, async () => {
    const check = new RowCheck(1);
    await connection.change(ROWS, (row) => check.take(row));
    check.end(ROWS);
    return ROWS;
  });
}
