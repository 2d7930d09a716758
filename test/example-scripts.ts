import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'examples');

/** The names of all examples: each is a folder with a server, a client and a demo. That in Python has no demo. */
export const exampleNames = readdirSync(sources, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['dist', 'node_modules', 'python'].includes(entry.name))
  .map(({ name }) => name)
  .sort();

/** How a process ended, and all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Scripts of the examples, compiled from the sources as they are, in a directory of their own. */
export class ExampleScripts {
  readonly directory = mkdtempSync(join(tmpdir(), 'nearcall-examples-'));
  readonly #running = new Set<ChildProcess>();

  /** Compiles with all that they import: a process then starts in a fraction of the time that a loader takes. */
  async compile(...names: string[]): Promise<void> {
    const scripts = names.flatMap((name) =>
      readdirSync(join(sources, name)).map((file) => `${name}/${file.replace(/\.ts$/, '')}`),
    );
    await build({
      config: false,
      entry: Object.fromEntries(scripts.map((script) => [script, join(sources, `${script}.ts`)])),
      outDir: join(this.directory, 'dist'),
      format: 'esm',
      target: 'node20',
      tsconfig: join(root, 'tsconfig.json'),
      noExternal: [/./],
      splitting: true,
      silent: true,
    });
  }

  /** Where a compiled script lies: `'chat/server'`. */
  path(script: string): string {
    return join(this.directory, 'dist', `${script}.js`);
  }

  /** The address of a socket in the directory. */
  address(name: string): string {
    return `unix:${join(this.directory, `${name}.sock`)}`;
  }

  /** Starts a script. */
  start(script: string, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [this.path(script), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Runs a script to its end. */
  run(script: string, ...args: string[]): Promise<Ended> {
    return ended(this.start(script, ...args));
  }

  /** Ends what still runs, and removes everything. */
  async remove(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }),
    );
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Waits for the end of a process whose output nobody has read yet. */
export async function ended(child: ChildProcess): Promise<Ended> {
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

/** What a process prints, line by line; undefined at its end. */
export function linesOf(child: ChildProcess): () => Promise<string | undefined> {
  if (child.stdout === null) throw new Error('The process has no output.');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => (await lines.next()).value;
}
