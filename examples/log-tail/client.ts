/** Prints a file's lines as they come: `client.js PATH [COUNT]`. Leaves after so many, or on Ctrl-C. */
import { resolve } from 'node:path';
import { connect } from '@nearcall/client';
import { readArguments } from '../address.ts';
import { logs } from './contract.ts';

const { address, words } = readArguments('log-tail');
const [path = 'app.log', count = 'Infinity'] = words;

await using client = connect(address, logs);
const lines = client.lines({ path: resolve(path) });
// Ends the loop below, as a `break` inside it does.
process.once('SIGINT', () => lines.return());

let left = Number(count);
for await (const line of lines) {
  console.log(line);
  if (--left <= 0) break;
}
