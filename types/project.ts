import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byHand, type MethodSource } from './methods.ts';

export const root = fileURLToPath(new URL('..', import.meta.url));

const SETTINGS = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  module: 'nodenext',
  strict: true,
  // The check of the libraries' own declarations costs 20,000 whatever the project.
  skipLibCheck: true,
};

/** A directory from which the packages, as they were built, resolve by their names as in anybody's project. */
export function workspace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nearcall-types-'));
  const links = {
    '@nearcall/core': 'packages/core',
    '@nearcall/server': 'packages/server',
    '@nearcall/client': 'packages/client',
    '@types/node': 'node_modules/@types/node',
    zod: 'node_modules/zod',
  };
  for (const [name, target] of Object.entries(links)) {
    const link = join(directory, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, target), link);
  }
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module' }));
  return directory;
}

/**
 * Writes a project that declares, serves and calls the methods, which compiles into its `dist`; and in `reader` another
 * that serves and calls them by the declarations in that `dist`.
 */
export function writeProject(directory: string, methods: readonly MethodSource[]): void {
  mkdirSync(join(directory, 'reader'), { recursive: true });
  const contract = methods.map(({ definition }, i) => `  m${i}: ${definition},`).join('\n');
  writeFileSync(
    join(directory, 'contract.ts'),
    `import * as core from '@nearcall/core';
import { z } from 'zod';
const { event, method, service, stream } = core;
void [event, stream];
export const big = service('big', {
${contract}
});
`,
  );
  writeEnds(directory, './contract.js', methods);
  writeEnds(join(directory, 'reader'), '../dist/contract.js', methods);
  const both = ['server.ts', 'client.ts'];
  writeSettings(directory, { ...SETTINGS, declaration: true, outDir: 'dist' }, both);
  writeSettings(join(directory, 'reader'), { ...SETTINGS, noEmit: true }, both);
}

/** Writes a project that has as many plain methods without nearcall. */
export function writeByHand(directory: string, count: number): void {
  mkdirSync(directory);
  const all = Array.from({ length: count }, (_, i) => byHand(i));
  writeFileSync(join(directory, 'methods.ts'), `import { z } from 'zod';\n${all.join('\n')}\n`);
  writeSettings(directory, { ...SETTINGS, noEmit: true }, ['methods.ts']);
}

function writeEnds(directory: string, contract: string, methods: readonly MethodSource[]): void {
  writeFileSync(
    join(directory, 'server.ts'),
    `import { implement } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { big } from '${contract}';
await serve('unix:./big.sock', implement(big, {
${methods.map(({ handler }) => `  ${handler},`).join('\n')}
}));
// @ts-expect-error Were anything here \`any\`, it would cost nothing, and this would be no error.
big.methods.m0['~handler'] = 1;
`,
  );
  writeFileSync(
    join(directory, 'client.ts'),
    `import { connect } from '@nearcall/client';
import { safe } from '@nearcall/core';
import { big } from '${contract}';
void safe;
const client = connect('unix:./big.sock', big);
${methods.map(({ call }) => call).join('\n')}
// @ts-expect-error As in server.ts.
await client.m0(1);
`,
  );
}

function writeSettings(directory: string, compilerOptions: object, files: readonly string[]): void {
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
}
