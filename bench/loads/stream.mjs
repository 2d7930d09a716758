import { RowCheck } from '../rows.mjs';
import { pieces } from './pieces.mjs';

/** One stream from the server after the other. */
export function run([connection], { atOnce, ...length }) {
  const stream = atOnce ? 'rowsAtOnce' : 'rows';
  return pieces(length, async (count) => {
    const check = new RowCheck(0);
    await connection[stream](count, (row) => check.take(row));
    check.end(count);
  });
}
