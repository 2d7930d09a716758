/** Says what is typed, and prints what all say: `client.js [NAME]`. Ctrl-D leaves. */
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import { connect } from '@nearcall/client';
import { readArguments } from '../address.ts';
import { chat, type Line } from './contract.ts';

const { address, words } = readArguments('chat');
const [from = userInfo().username] = words;

async function* typed(): AsyncGenerator<Line> {
  for await (const text of createInterface({ input: process.stdin })) yield { from, text };
}

await using client = connect(address, chat);
for await (const line of client.join(typed())) console.log(`${line.from}: ${line.text}`);
