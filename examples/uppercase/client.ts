import { createInterface } from 'node:readline';
import { close, connect } from '@nearcall/client';
import { readArguments } from '../address.ts';
import { text } from './contract.ts';

const { address, words } = readArguments('uppercase');

/** What to put in capitals: the arguments as one text, or what is typed or piped in, line by line. */
async function* inputs(): AsyncGenerator<string> {
  if (words.length > 0) return yield words.join(' ');
  const asking = process.stdin.isTTY && process.stdout.isTTY;
  const lines = createInterface({ input: process.stdin, prompt: 'Text: ', ...(asking && { output: process.stdout }) });
  if (asking) lines.prompt();
  for await (const line of lines) {
    yield line;
    if (asking) lines.prompt();
  }
  if (asking) console.log();
}

try {
  const client = connect(address, text);
  for await (const input of inputs()) console.log(await client.uppercase(input));
  await close(client);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
