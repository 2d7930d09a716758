import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Question, Reply } from '../packages/server/test/forked.ts';

/** A process of a soak, as the harness has it. */
export interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  /** Whether the harness meant it to end. */
  readonly ended: boolean;
  /** Fulfils when it is gone. */
  readonly gone: Promise<void>;
  /** Asks over Node's own channel. Rejects where the process is gone. */
  ask<T = unknown>(what: string): Promise<T>;
  /** Ends it with a signal, and waits until it is gone. */
  kill(): Promise<void>;
}

const alive = new Set<ChildProcess>();
// One that is stopped would not hear that nobody is there any more.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Starts one of the children, and waits until it is ready. `failed`: it ended though nobody ended it. */
export async function start(
  directory: string,
  file: string,
  name: string,
  plan: unknown,
  failed: (why: string) => void,
): Promise<Child> {
  const options = { execArgv: ['--expose-gc'] };
  const child = fork(join(directory, `${file}.mjs`), [JSON.stringify(plan)], options);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  let ended = false;
  child.on('message', (reply: Reply) => {
    const { resolve, reject } = waiting.get(reply.id) ?? {};
    waiting.delete(reply.id);
    if ('error' in reply) reject?.(new Error(`${name}: ${reply.error}`));
    else resolve?.(reply.answer);
  });
  alive.add(child);
  const gone = once(child, 'exit').then(([code, signal]) => {
    alive.delete(child);
    if (!ended) failed(`${name} ended with ${code ?? signal}`);
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended with ${code ?? signal}.`));
  });
  const ask = <T>(what: string): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const id = asked++;
      waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      child.send({ id, what, details: undefined } satisfies Question, (error) => error !== null && reject(error));
    });
  await ask('ready');
  return {
    name,
    process: child,
    get ended() {
      return ended;
    },
    gone,
    ask,
    kill: () => {
      ended = true;
      child.kill('SIGKILL');
      return gone;
    },
  };
}
