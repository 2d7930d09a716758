import { type ChildProcess, type ForkOptions, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { inject } from 'vitest';
import { watch } from './watched.ts';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Another process that runs one of the `*-child.ts` files here, and can be asked things. */
export interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Fulfils when the process is gone. */
  readonly exited: Promise<Exit>;
  /** Asks over Node's own channel, so that nothing under test is needed for it. */
  ask<T = unknown>(what: string, details?: unknown): Promise<T>;
  /** Ends the process with a signal, and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
}

/** A message to a child. */
export interface Question {
  readonly id: number;
  readonly what: string;
  readonly details: unknown;
}

/** A message from a child. */
export type Reply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

/** Where the children of each folder are. */
const built = new Map<string, Promise<string>>();
/** Makes the children of a folder, and all that they import, as the sources are now: they start in no time. */
async function bundle(folder: string): Promise<string> {
  const from = fileURLToPath(new URL(folder, import.meta.url));
  const children = (await readdir(from)).filter((file) => file.endsWith('-child.ts'));
  const directory = await mkdtemp(join(inject('temporaryFiles'), 'forked-'));
  // For those that run as another user.
  await chmod(directory, 0o755);
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

/** The file of a `*-child.ts`, named without its `.ts`, as it runs. */
export async function fileOf(file: string): Promise<string> {
  const folder = dirname(file);
  let directory = built.get(folder);
  if (directory === undefined) {
    directory = bundle(folder);
    built.set(folder, directory);
  }
  return join(await directory, `${basename(file)}.mjs`);
}

/**
 * Starts a `*-child.ts` of one of the folders here, named without its `.ts`, in a process of its own, and waits until it
 * is ready. It answers questions through `answering.ts`, and does not outlive the tests.
 */
export function forked(file: string, ...args: string[]): Promise<Child> {
  return start(file, args, { execArgv: ['--expose-gc'] });
}

/** The same with options of Node's for it, beside that. */
export function forkedWith(options: string[], file: string, ...args: string[]): Promise<Child> {
  return start(file, args, { execArgv: ['--expose-gc', ...options] });
}

/** Whether a process can be started as another user: by root, where there is `setpriv`. */
export const canBeOthers: boolean =
  process.getuid?.() === 0 && spawnSync('setpriv', ['--version'], { stdio: 'ignore' }).status === 0;

/** The same as another user, who is in the group of the same number, and in those that are named. */
export async function forkedAs(user: number, file: string, args: string[] = [], groups: number[] = []): Promise<Child> {
  const more = groups.length === 0 ? '--clear-groups' : `--groups=${groups}`;
  return start(file, args, {
    execPath: 'setpriv',
    execArgv: [`--reuid=${user}`, `--regid=${user}`, more, process.execPath],
  });
}

/** The same, in a process that may have no more than so many file descriptors open. */
export function forkedWithin(descriptors: number, file: string, ...args: string[]): Promise<Child> {
  const execArgv = ['-c', `ulimit -n ${descriptors} && exec "$0" "$@"`, process.execPath];
  return start(file, args, { execPath: '/bin/sh', execArgv });
}

async function start(file: string, args: string[], options: ForkOptions): Promise<Child> {
  const process = fork(await fileOf(file), args, options);
  watch(process);
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
