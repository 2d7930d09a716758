import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll } from 'vitest';

const CHILDREN = ['server-child', 'client-child', 'life-child'] as const;

type ChildName = (typeof CHILDREN)[number];

let built: Promise<string> | undefined;

/**
 * The file of a child, made of the sources as they are now. One that is made beforehand starts in a quarter of the time
 * that one takes which compiles itself, and there are many of them.
 */
async function fileOf(name: ChildName): Promise<string> {
  built ??= bundle();
  return join(await built, `${name}.mjs`);
}

async function bundle(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'nearcall-children-'));
  await build({
    entry: CHILDREN.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
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

/** The processes that have not ended. */
const alive = new Set<ChildProcess>();

/** Sees to it that a process does not outlive the tests, also where the test that started it has failed. */
function watch(process: ChildProcess): void {
  alive.add(process);
  process.once('exit', () => alive.delete(process));
}

afterAll(async () => {
  for (const process of alive) process.kill('SIGKILL');
  if (built !== undefined) await rm(await built, { recursive: true, force: true });
});

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

/** Starts a process and waits until it says that it is ready. */
async function startChild(name: ChildName, address: string): Promise<Child> {
  const process = fork(await fileOf(name), [address], { execArgv: ['--expose-gc'] });
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
  const ask = <T>(what: string, details?: unknown): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const id = asked++;
      waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      process.send({ id, what, details } satisfies Question);
    });
  void exited.then(({ code, signal }) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended with ${code ?? signal}.`));
  });
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> => {
    process.kill(signal);
    return exited;
  };
  const child: Child = {
    process,
    exited,
    ask,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
    },
  };
  await ask('ready');
  return child;
}

/** Starts a process that serves the contract `text` at an address. */
export function startServer(address: string): Promise<Child> {
  return startChild('server-child', address);
}

/** Starts a process that has a client of the contract `text`. */
export function startClient(address: string): Promise<Child> {
  return startChild('client-child', address);
}

/** What a process that ran to its end has left. */
export interface Run extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a scenario of `life-child.ts` to its end. It has no channel, which would keep the process running. */
export async function runLife(scenario: string, address: string): Promise<Run> {
  const process = spawn(globalThis.process.execPath, [await fileOf('life-child'), scenario, address], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process that never ends is a failure, and not to outlive its test.
    timeout: 15_000,
    killSignal: 'SIGKILL',
  });
  watch(process);
  let stdout = '';
  let stderr = '';
  process.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
  });
  process.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
  });
  const [code, signal] = (await once(process, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
