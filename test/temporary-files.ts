import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A directory for what test files share, such as the children that they have compiled. It goes with the run. */
    readonly temporaryFiles: string;
  }
}

/** Makes the directory before a run, and removes it after. What the files of a run share outlives each of them. */
export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'nearcall-tests-'));
  // For children that run as another user.
  chmodSync(directory, 0o755);
  project.provide('temporaryFiles', directory);
  return () => rmSync(directory, { recursive: true, force: true });
}
