import { cpus } from 'node:os';

/** CPU µs spent on the whole machine so far, by anyone. */
export function busyness() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) * 1000;
}
