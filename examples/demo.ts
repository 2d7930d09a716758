/** What the demos have in common: they run an example's scripts as processes, and check and show each line they print. */
import { strict as assert } from 'node:assert';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** How long a demo may take, in milliseconds, before something must be wrong. */
const PATIENCE = 30_000;

/** A script in a process of its own. */
export class Script {
  readonly #name: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown[]>;
  readonly #show: (name: string, line: string) => void;

  constructor(name: string, path: string, args: readonly string[], show: (name: string, line: string) => void) {
    this.#name = name;
    this.#child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#exited = once(this.#child, 'exit');
    this.#show = show;
  }

  /** Waits for its next lines, which must be these, and shows them. */
  async says(...expected: string[]): Promise<void> {
    for (const line of expected) {
      const { value } = await this.#lines.next();
      assert.equal(value, line, `what the ${this.#name} printed`);
      this.#show(this.#name, line);
    }
  }

  /** Waits for its next lines, which must be these in whatever order, and shows them. */
  async saysInAnyOrder(...expected: string[]): Promise<void> {
    const said: unknown[] = [];
    for (const _ of expected) said.push((await this.#lines.next()).value);
    assert.deepEqual(said.sort(), [...expected].sort(), `what the ${this.#name} printed, in any order`);
    for (const line of expected) this.#show(this.#name, line);
  }

  /** Types a line into its standard input. */
  types(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends its standard input, as Ctrl-D does. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /** Interrupts it, as Ctrl-C does. */
  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Waits for its end, which must be a good one, with nothing more said. */
  async ends(): Promise<void> {
    assert.deepEqual(await this.#lines.next(), { done: true, value: undefined });
    assert.deepEqual(await this.#exited, [0, null], `how the ${this.#name} ended`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** What a demo plays with. */
export interface Stage {
  /** Where the example's server listens. */
  readonly address: string;
  /** A directory for files of its own. */
  readonly directory: string;
  /** Starts a script of the example, such as `'client'`, under that name or another. */
  readonly start: (script: string, args?: readonly string[], name?: string) => Script;
}

/**
 * Starts the example's server, plays the demo, and stops the server as Ctrl-C does. Throws if anything is wrong.
 *
 * @param demo The demo's `import.meta.url`: the scripts are found beside it.
 * @param args What the server is started with, besides its address. Default: nothing.
 */
export async function play(
  demo: string,
  title: string,
  scene: (stage: Stage, server: Script) => Promise<void>,
  args: (directory: string) => string[] = () => [],
) {
  const directory = await mkdtemp(join(tmpdir(), 'nearcall-demo-'));
  const address = `unix:${join(directory, 'demo.sock')}`;
  const scripts: Script[] = [];
  const show = (name: string, line: string): void =>
    console.log(`  ${name.padEnd(8)}${line.replaceAll(directory, '…')}`);
  const start: Stage['start'] = (script, args = [], name = script) => {
    const path = fileURLToPath(new URL(`${script}.js`, demo));
    const started = new Script(name, path, ['--address', address, ...args], show);
    scripts.push(started);
    return started;
  };
  const end = async (): Promise<void> => {
    for (const script of scripts) script.kill();
    await rm(directory, { recursive: true, force: true });
  };
  const tooLong = setTimeout(async () => {
    console.error(`The demo has waited for ${PATIENCE / 1000} s in vain.`);
    await end();
    process.exit(1);
  }, PATIENCE);
  try {
    console.log(title);
    const server = start('server', args(directory));
    await server.says(`Listening at ${address} (Ctrl-C stops)`);
    await scene({ address, directory, start }, server);
    server.interrupt();
    await server.ends();
    const left = (await readdir(directory)).filter((name) => name.endsWith('.sock'));
    assert.deepEqual(left, [], 'the server left its socket file behind');
  } finally {
    clearTimeout(tooLong);
    await end();
  }
}
