import { implement } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { text } from './contract.ts';

/** A text as it fits on a line of the log. */
function brief(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}… (${value.length} characters)` : value);
}

const implementation = implement(text, {
  uppercase: (input) => {
    const output = input.toUpperCase();
    console.log(`uppercase ${brief(input)} -> ${brief(output)}`);
    return output;
  },
});

const { address } = readArguments('uppercase');
try {
  const server = await serve(address, implementation);
  console.log(`Listening at ${server.address} (Ctrl-C stops)`);
  const stop = async (): Promise<void> => {
    await server.close();
    console.log('Stopped.');
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
