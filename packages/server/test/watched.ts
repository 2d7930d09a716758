import type { ChildProcess } from 'node:child_process';

const alive = new Set<ChildProcess>();

/** Sees to it that a process does not outlive its test file, also where the test that started it has failed. */
export function watch(process: ChildProcess): void {
  alive.add(process);
  process.once('exit', () => alive.delete(process));
}

/** Ends those that are still there. */
export function endWatched(): void {
  for (const process of alive) process.kill('SIGKILL');
}
