import { parseArgs } from 'node:util';
import { localAddress } from '@nearcall/core';

/** The address on the command line, or an example's own in the user's directory for sockets; and the words that follow. */
export function readArguments(example: string): { address: string; words: string[] } {
  try {
    const { values, positionals } = parseArgs({ options: { address: { type: 'string' } }, allowPositionals: true });
    return { address: values.address ?? localAddress(example), words: positionals };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error('Options: --address unix:/path/to.sock');
    process.exit(2);
  }
}
