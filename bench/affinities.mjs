import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * Where the two processes may run: each on a CPU of its own, and both on the same one.
 * Left to itself the scheduler may put both on one CPU although two are free;
 * `apart` pins them, which gives steadier numbers and less like those of real use.
 */
export function affinities({ cpus, apart }) {
  const pinnable = mayPin(0);
  const found = [];

  if (cpus.includes(2)) {
    if (availableParallelism() < 2) skipped('two CPUs', 'only one is available');
    else if (!apart) found.push({ cpus: 2 });
    else if (pinnable && mayPin(1)) found.push({ cpus: 2, server: 0, client: 1 });
    else skipped('two CPUs', 'taskset is absent or may not use CPUs 0 and 1');
  }
  if (cpus.includes(1)) {
    if (pinnable) found.push({ cpus: 1, server: 0, client: 0, both: 0 });
    else skipped('one CPU', 'taskset is absent or may not use CPU 0');
  }
  return found;
}

function mayPin(cpu) {
  return spawnSync('taskset', ['-c', String(cpu), 'true']).status === 0;
}

function skipped(place, reason) {
  console.error(`bench: ${place} skipped: ${reason}`);
}
