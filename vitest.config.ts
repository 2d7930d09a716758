import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packages = fileURLToPath(new URL('./packages', import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run on the sources, so they need no build and cannot meet a stale one.
    alias: [{ find: /^@nearcall\/(\w+)$/, replacement: `${packages}/$1/src/index.ts` }],
  },
  test: {
    include: ['{packages,examples,test}/**/*.test.ts', 'bench/results/*.test.mjs'],
    // Files share what they import: for each anew that took a fifth of all CPU.
    isolate: false,
    globalSetup: ['test/temporary-files.ts'],
    setupFiles: ['test/after-each-file.ts'],
    pool: 'forks',
    // Left to itself, vitest leaves one CPU free, and on two runs one file after the other.
    maxWorkers: Math.max(1, Math.min(4, availableParallelism())),
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
