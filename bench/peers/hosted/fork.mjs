import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { callerOf } from './caller.mjs';

/** A child process that serves its parent over the channel between the two. */
export async function connectFork(serialization) {
  const child = fork(fileURLToPath(new URL('./child.mjs', import.meta.url)), { serialization });
  await once(child, 'spawn');
  const caller = callerOf(
    (message) => child.send(message),
    (take) => child.on('message', take),
  );
  return {
    ...caller,
    async close() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
