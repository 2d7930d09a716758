/** Runs the uppercase service in one process and calls it from others. Exits non-zero if anything is wrong. */
import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { close, connect } from '@nearcall/client';
import { RpcError } from '@nearcall/core';
import { text } from './contract.ts';

function start(script: string, ...args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** All lines that a process prints; awaiting the first one waits for it to be up. */
function linesOf(child: ChildProcess): AsyncIterator<string> {
  assert.ok(child.stdout);
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

function show(title: string, line: string): void {
  console.log(`  ${title.padEnd(12)}${line}`);
}

async function seconds(work: () => Promise<void>): Promise<string> {
  const start = performance.now();
  await work();
  return `${((performance.now() - start) / 1000).toFixed(2)} s`;
}

const directory = await mkdtemp(join(tmpdir(), 'nearcall-demo-'));
const address = `unix:${join(directory, 'uppercase.sock')}`;
const server = start('server.js', '--address', address);
const exited = once(server, 'exit');
try {
  const serverLines = linesOf(server);
  const first = await serverLines.next();
  assert.match(first.value, /^Listening at unix:/);
  console.log('The uppercase service, over a Unix socket:');
  show('server', `process ${server.pid}`);
  show('client', `process ${process.pid}`);

  const client = connect(address, text);
  const greeting = await client.uppercase('hello world');
  assert.equal(greeting, 'HELLO WORLD');
  show('greeting', `hello world -> ${greeting}`);

  const mixed = await client.uppercase('ｎｅａｒｃａｌｌ は速い, straße 🚀');
  assert.equal(mixed, 'ＮＥＡＲＣＡＬＬ は速い, STRASSE 🚀');
  show('Unicode', mixed);

  const long = 'near call. '.repeat(1_000_000).slice(0, 10_000_000);
  const took = await seconds(async () => assert.equal(await client.uppercase(long), long.toUpperCase()));
  show('10 MB', `sent, put in capitals and received in ${took}`);

  const words = Array.from({ length: 1000 }, (_, i) => `call ${i}`);
  const together = await seconds(async () => {
    const answers = await Promise.all(words.map((word) => client.uppercase(word)));
    assert.deepEqual(
      answers,
      words.map((word) => word.toUpperCase()),
    );
  });
  show('1,000 calls', `at once, each answered correctly, in ${together}`);

  const wrong = client.uppercase(42 as unknown as string);
  const refused: unknown = await wrong.catch((error: unknown) => error);
  assert.ok(refused instanceof RpcError);
  assert.equal(refused.code, 'INVALID_ARGUMENT');
  show('bad input', `${refused.code}: ${refused.message}`);
  await close(client);

  // Last the example's own client, as a third process.
  const other = start('client.js', '--address', address, 'hello', 'world');
  const answer = (await linesOf(other).next()).value;
  assert.equal(answer, 'HELLO WORLD');

  server.kill('SIGINT');
  assert.deepEqual(await exited, [0, null]);
  assert.deepEqual(await readdir(directory), [], 'the server left its socket file behind');
  console.log(answer);
} finally {
  server.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
}
