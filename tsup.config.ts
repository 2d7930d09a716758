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
    // A process keeps the text of what it has loaded: without comments and indentation a client's heap is 0.15 MB
    // smaller. Names stay, and lines stay short, for stack traces.
    esbuildOptions(options) {
      options.minifyWhitespace = true;
      options.lineLimit = 120;
    },
  })),
);
