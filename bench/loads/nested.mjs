import { checkConfirmed, order } from '../nested.mjs';
import { loops } from './loops.mjs';

/** Independent loops on one connection, each sending an object that it makes anew and getting one back. */
export function run([connection], { inFlight, seconds }) {
  return loops(inFlight, seconds, async (i, latency) => {
    const sent = order(i);
    const start = performance.now();
    const answer = await connection.nested(sent);
    latency.add(performance.now() - start);
    checkConfirmed(answer, i);
  });
}
