import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.ts';

/** A TypeScript that is installed here. */
export interface Compiler {
  readonly version: string;
  /** Compiles a project, and gives how many types its checker had to instantiate. */
  instantiations(project: string): Promise<number>;
}

/** The TypeScript that is installed under a name. */
export function compiler(name: string): Compiler {
  const folder = join(root, 'node_modules', name);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  // By default TypeScript 7 has four checkers, which do what they share once each: their sum says little.
  const checkers = Number.parseInt(version, 10) >= 7 ? ['--checkers', '1'] : [];
  const args = [join(folder, 'bin', 'tsc'), '--extendedDiagnostics', ...checkers];
  return {
    version,
    async instantiations(project) {
      const out = await run([...args, '-p', project]);
      const [, count] = /^Instantiations:\s+(\d+)$/m.exec(out) ?? [];
      if (count === undefined) throw new Error(`TypeScript ${version} did not say how much it instantiated:\n${out}`);
      return Number(count);
    },
  };
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }, (error, out) => {
      if (error === null) resolve(out);
      else reject(new Error(`tsc failed:\n${out.split('\n').slice(0, 20).join('\n')}`, { cause: error }));
    });
  });
}
