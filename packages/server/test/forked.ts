import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll } from 'vitest';
import type { Child, Exit, Question, Reply } from './child.ts';

/** Where the children of each folder are. */
const built = new Map<string, Promise<string>>();
const alive = new Set<ChildProcess>();

afterAll(async () => {
  for (const process of alive) process.kill('SIGKILL');
  for (const directory of built.values()) await rm(await directory, { recursive: true, force: true });
  built.clear();
});

/** Makes the children of a folder, and all that they import, as the sources are now: they start in no time. */
async function bundle(folder: string): Promise<string> {
  const from = fileURLToPath(new URL(folder, import.meta.url));
  const children = (await readdir(from)).filter((file) => file.endsWith('-child.ts'));
  const directory = await mkdtemp(join(tmpdir(), 'nearcall-forked-'));
  await build({
    entry: children.map((file) => join(from, file)),
    outDir: directory,
    outExtension: () => ({ js: '.mjs' }),
    format: 'esm',
    target: 'node20',
    // Its paths are how the packages find each other's sources.
    tsconfig: fileURLToPath(new URL('../../../tsconfig.json', import.meta.url)),
    noExternal: [/.*/],
    config: false,
    silent: true,
  });
  return directory;
}

/**
 * Starts a `*-child.ts` of one of the folders here, named without its `.ts`, in a process of its own, and waits until it
 * is ready. It answers questions through `answering.ts`, and does not outlive the tests.
 */
export async function forked(file: string, ...args: string[]): Promise<Child> {
  const folder = dirname(file);
  let directory = built.get(folder);
  if (directory === undefined) {
    directory = bundle(folder);
    built.set(folder, directory);
  }
  const process = fork(join(await directory, `${basename(file)}.mjs`), args, { execArgv: ['--expose-gc'] });
  alive.add(process);
  const exited = once(process, 'exit').then(([code, signal]): Exit => ({ code, signal }));
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  process.on('message', (reply: Reply) => {
    const { resolve, reject } = waiting.get(reply.id) ?? {};
    waiting.delete(reply.id);
    if ('error' in reply) reject?.(new Error(reply.error));
    else resolve?.(reply.answer);
  });
  void exited.then(({ code, signal }) => {
    alive.delete(process);
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code ?? signal}.`));
  });
  const ask = <T>(what: string, details?: unknown): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const id = asked++;
      waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      process.send({ id, what, details } satisfies Question);
    });
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> => {
    process.kill(signal);
    return exited;
  };
  await ask('ready');
  return {
    process,
    exited,
    ask,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
    },
  };
}
