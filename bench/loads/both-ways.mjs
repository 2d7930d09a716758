import { RowCheck } from '../rows.mjs';
import { pieces } from './pieces.mjs';

/** One stream to the server and back after the other: a row counts once it is back. */
export function run([connection], length) {
  return pieces(length, async (count) => {
    const check = new RowCheck(1);
    await connection.change(count, (row) => check.take(row));
    check.end(count);
  });
}
