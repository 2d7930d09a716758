import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The bench stands outside the workspace, so that whoever only builds and tests does not install it. */
export function installDependencies() {
  const installed = modified('./node_modules/.package-lock.json');
  if (installed && installed >= modified('./package-lock.json')) return;
  console.error('bench: installing its dependencies');
  // Peers of the dependencies are compilers and databases that nothing here needs; what does is named by us.
  const { status } = spawnSync('npm', ['ci', '--omit=peer', '--no-audit', '--no-fund', '--silent'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('npm ci failed in the bench folder');
}

function modified(path) {
  return statSync(new URL(path, import.meta.url), { throwIfNoEntry: false })?.mtimeMs;
}
