/** The parent: starts workers, shares work among those that have connected, and dismisses them: `server.js [WORKERS]`. */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { implement, RpcError } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { library, worker } from './contract.ts';

const { address, words } = readArguments('workers');
const wanted = Number(words[0] ?? 2);

const texts = new Map([
  ['first', 'near'],
  ['second', 'near call'],
  ['third', 'near call works'],
  ['fourth', 'near call works here'],
]);

const implementation = implement(library, {
  read({ title }) {
    const text = texts.get(title);
    if (text === undefined) throw new RpcError('NOT_FOUND', `There is no text "${title}".`);
    return text;
  },
});

let begin = (): void => {};
const enough = new Promise<void>((resolve) => {
  begin = resolve;
});
let connected = 0;
const server = await serve(address, implementation, {
  onConnect() {
    if (++connected >= wanted) begin();
  },
});
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());

const script = fileURLToPath(new URL('client.js', import.meta.url));
const children = Array.from({ length: wanted }, () =>
  spawn(process.execPath, [script, '--address', server.address], { stdio: ['ignore', 'ignore', 'inherit'] }),
);
const ended = children.map((child) => once(child, 'exit'));

await enough;
const workers = Array.from(server.peers, (peer) => peer.client(worker));
const counts = await Promise.all(
  Array.from(texts.keys(), async (title, i) => {
    // Each in turn. It reads the text from here before it answers.
    const { count, pid } = await workers[i % workers.length]!.countWords({ title });
    return { title, count, pid };
  }),
);
for (const { title, count } of counts) console.log(`${title}: ${count}`);
console.log(`counted by ${new Set(counts.map(({ pid }) => pid)).size} workers`);

// Dismisses the workers: their connections end.
await server.close();
assert.ok((await Promise.all(ended)).every(([code]) => code === 0));
console.log('all of them have ended');
