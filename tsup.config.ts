import { defineConfig } from 'tsup';

export default defineConfig(
  ['core', 'server', 'client'].map((name) => ({
    entry: [`packages/${name}/src/index.ts`],
    outDir: `packages/${name}/dist`,
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    silent: true,
    // tsc runs after and never deletes: what it wrote for a source since removed would be shipped.
    clean: true,
    external: ['@nearcall/core'],
    // Bundled, so that core installs with no dependency at all.
    noExternal: ['msgpackr'],
  })),
);
