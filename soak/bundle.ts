import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const root = fileURLToPath(new URL('..', import.meta.url));
const children = fileURLToPath(new URL('children', import.meta.url));

/**
 * Makes the processes of a soak, with the packages as they were built: what is measured is what is shipped. `directory`:
 * where to.
 *
 * @throws Error where the packages were not built.
 */
export async function bundle(directory: string): Promise<void> {
  const names = ['core', 'server', 'client'];
  const built = names.map((name) => join(root, 'packages', name, 'dist', 'index.js'));
  if (!built.every(existsSync)) throw new Error('The packages have to be built first: npx -y pnpm@12 build.');
  await build({
    entry: (await readdir(children)).map((file) => join(children, file)),
    outDir: directory,
    outExtension: () => ({ js: '.mjs' }),
    format: 'esm',
    target: 'node20',
    // Not the one whose paths lead to the sources.
    tsconfig: join(root, 'tsconfig.base.json'),
    // Left where they are: core has files beside its bundle.
    esbuildPlugins: [
      {
        name: 'packages',
        setup({ onResolve }) {
          onResolve({ filter: /^@nearcall\// }, ({ path }) => {
            return { path: join(root, 'packages', basename(path), 'dist', 'index.js'), external: true };
          });
        },
      },
    ],
    noExternal: [/.*/],
    config: false,
    silent: true,
  });
}
