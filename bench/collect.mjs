import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects all garbage, after a moment for timers and closings that are under way. */
export async function collect() {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  await new Promise((resolve) => setTimeout(resolve, 50));
  // Without options: Node 20 takes any for the wish that only the new space be collected.
  gc();
}
