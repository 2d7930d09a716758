import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** The address on the command line, or an example's own in the user's runtime directory; and the words that follow. */
export function readArguments(example: string): { address: string; words: string[] } {
  try {
    const { values, positionals } = parseArgs({ options: { address: { type: 'string' } }, allowPositionals: true });
    return { address: values.address ?? `unix:${join(runtimeDirectory(), `${example}.sock`)}`, words: positionals };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error('Options: --address unix:/path/to.sock');
    process.exit(2);
  }
}

/** A directory that only this user can write to: the system's, or one of our own among the temporary files. */
function runtimeDirectory(): string {
  const given = process.env['XDG_RUNTIME_DIR'];
  if (given !== undefined && isPrivate(given)) return given;
  const own = join(tmpdir(), `nearcall-${process.getuid?.()}`);
  mkdirSync(own, { mode: 0o700, recursive: true });
  // Whoever made it first could listen in it: in a directory that all can write to, a name proves nothing.
  if (!isPrivate(own)) throw new Error(`${own} is not a directory of this user's alone. Give an --address.`);
  return own;
}

function isPrivate(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
}
