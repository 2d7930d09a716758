import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of one test. It is gone when the test is over. */
export interface Temporary extends AsyncDisposable {
  readonly path: string;
  /** The path of an entry. */
  at(name: string): string;
  /** The address of a socket in it. */
  unix(name?: string): string;
  /** What is in it now. */
  entries(): string[];
}

export async function temporary(): Promise<Temporary> {
  // The path is short, because a socket's path has to be.
  const path = await mkdtemp(join(tmpdir(), 'nearcall-'));
  return {
    path,
    at: (name) => join(path, name),
    unix: (name = 's.sock') => `unix:${join(path, name)}`,
    entries: () => readdirSync(path).sort(),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
