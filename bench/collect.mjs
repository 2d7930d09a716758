import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all garbage, after a moment for timers and closings that are under way. */
export async function collect() {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  await new Promise((resolve) => setTimeout(resolve, 50));
  // As where memory has run out: so that what the heap keeps for later is given back too.
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
