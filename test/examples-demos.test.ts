import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExampleScripts, exampleNames } from './example-scripts.ts';

const folder = fileURLToPath(new URL('../examples', import.meta.url));
const scripts = new ExampleScripts();

const SHA256 = 'c246bbcc87426b285a5efa98da931ea4ed5b6f99b5dd9a4a63c8aa2c2092e263';
const LISTENING = '  server  Listening at unix:…/demo.sock (Ctrl-C stops)';

/** All that each demo prints. That of uppercase, which prints times, has a test of its own. */
const demos: Record<string, string> = {
  bytes: `\
bytes: the server calls its client
${LISTENING}
  client  received 01 02 03 04
  server  sent 01 02 03 04, received 05 06 07 08
  client  received 01 02 03 04
  server  sent 01 02 03 04, received 05 06 07 08
`,
  cancellation: `\
cancellation: by signal, deadline and break
${LISTENING}
  server  wait: begins, with time
  client  by a signal: CANCELLED
  server  wait: stops, CANCELLED
  server  wait: begins, with little time
  client  by a deadline: DEADLINE_EXCEEDED
  server  wait: stops, DEADLINE_EXCEEDED
  server  wait: begins, with time
  client  by a signal of time: DEADLINE_EXCEEDED
  server  wait: stops, DEADLINE_EXCEEDED
  server  ticks: begins
  client  by break, at the third item
  server  ticks: stops, CANCELLED
  client  and the next call has its turn: hello
`,
  chat: `\
chat: streams both ways, many clients
${LISTENING}
  server  somebody came: 1 here
  server  somebody came: 2 here
  Ann     Ann: Hello, Bob.
  Bob     Ann: Hello, Bob.
  server  somebody came: 3 here
  Ann     Cleo: こんにちは
  Bob     Cleo: こんにちは
  Cleo    Cleo: こんにちは
  server  somebody left: 2 here
  Bob     Bob: Ann has gone.
  Cleo    Bob: Ann has gone.
  server  somebody left: 1 here
  server  somebody left: 0 here
`,
  errors: `\
errors: what a call can fail with
${LISTENING}
  client  insufficient: 30 are missing
  client  ann: 90 are left
  client  eve: frozen since 2024, case 4711
  client  nobody: NOT_FOUND (unknown): There is no account "nobody".
  client  bob: INTERNAL (unknown): bank.withdraw failed; the server's log says why.
  server  in bank.withdraw: Error: The password of the database is "secret".
  client  INVALID_ARGUMENT (rejected): The input of bank.withdraw is not valid: at amount: Too small: expected number to be >0
  client  UNAVAILABLE (not-sent): Nothing listens at unix:…/demo.sock.none: there is no such file. Is the server running?
`,
  greeting: `\
greeting: the server speaks first
${LISTENING}
  client  サーバからメッセージを送信
  server  greeted a client
  client  サーバからメッセージを送信
  server  greeted a client
`,
  jobs: `\
jobs: a dispatcher and four workers, one of which crashes
${LISTENING}
  server  resize: 25 %
  server  resize: 50 %
  server  resize: 75 %
  server  resize: 100 %
  client  resize: done.
  server  a: 50 %
  server  a: 100 %
  server  b: 50 %
  server  b: 100 %
  server  c: 50 %
  server  c: 100 %
  server  d: 50 %
  server  d: 100 %
  server  e: 50 %
  server  e: 100 %
  client  a: done.
  client  crash: failed. The stream broke off before its end, and the handler may have run: The other side ended the connection.
  client  b: done.
  client  c: done.
  client  d: done.
  client  e: done.
  server  last: 20 %
  server  finishes what has begun
  server  last: 40 %
  server  last: 60 %
  server  last: 80 %
  server  last: 100 %
  client  last: done.
`,
  'log-tail': `\
log-tail: a stream of answers
${LISTENING}
  server  reads …/app.log
  client  one
  client  two
  client  three
  client  four
  client  five
  client  six
  client  seven
  server  closed …/app.log
  server  reads …/app.log
  client  one
  client  two
  client  three
  client  four
  client  five
  client  six
  client  seven
  server  closed …/app.log
`,
  middleware: `\
middleware: code around every call
${LISTENING}
  Ann     the server measured it: true
  Ann     diary.write: it is done
  Ann     wrote page 2
  Ann     there are 2 pages
  Ann     Ann: It rains.
  Ann     Ann: The sun shines.
  Ann     diary.read: it is done
  server  diary.write: done
  server  diary.read: done
  nobody  the server measured it: true
  nobody  diary.write: diary.write needs a token that is known here.
  server  diary.write: failed
`,
  progress: `\
progress: events from the server to its caller
${LISTENING}
  client  20 %
  client  40 %
  client  60 %
  client  80 %
  client  100 %
  client  78498 primes below 1000000
`,
  upload: `\
upload: a stream of requests
${LISTENING}
  server  took 20000000 bytes
  client  20000000 bytes, SHA-256 ${SHA256}
`,
  workers: `\
workers: calls both ways between processes
${LISTENING}
  server  first: 1
  server  second: 2
  server  third: 3
  server  fourth: 4
  server  counted by 2 workers
  server  all of them have ended
`,
};

beforeAll(() => scripts.compile(...Object.keys(demos)));
afterAll(() => scripts.remove());

test('every example has a demo whose output is known, and a row in the table with its command', () => {
  expect(Object.keys(demos)).toEqual(exampleNames.filter((name) => name !== 'uppercase'));
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| \[(\S+)\]\((\S+)\) .* \| `(.+)` \|$/gm)];
  const expected = exampleNames.map((name) => [name, name, `node examples/dist/${name}/demo.js`]);
  expect(rows.map((row) => row.slice(1)).sort()).toEqual(expected);
});

test('the examples import nothing but the three packages, zod, Node and each other', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts') && !/^(dist|node_modules)\//.test(file));
  const imported = sources.flatMap((file) => {
    const source = readFileSync(join(folder, file), 'utf8');
    return [...source.matchAll(/\bfrom '(.+)'|\bimport\('(.+)'\)|^import '(.+)'/gm)].map((match) =>
      match.slice(1).join(''),
    );
  });
  expect(imported.length).toBeGreaterThan(100);
  const strange = imported.filter(
    (name) => !/^(@nearcall\/(core|server|client)|zod|node:[a-z_/]+|\.\.?\/.*)$/.test(name),
  );
  expect(strange).toEqual([]);
});

test.concurrent.each(Object.entries(demos))(
  'the demo of %s plays to its end, and prints this',
  { timeout: 40_000 },
  async (name, out) => {
    expect(await scripts.run(`${name}/demo`)).toEqual({ code: 0, out, err: '' });
  },
);

test('a demo exits non-zero, and says why, where a script prints anything else than it should', async () => {
  const path = scripts.path('bytes/client');
  const source = readFileSync(path, 'utf8');
  writeFileSync(path, source.replace('Uint8Array.of(5, 6, 7, 8)', 'Uint8Array.of(5, 6, 7, 9)'));
  const { code, out, err } = await scripts.run('bytes/demo');
  expect(code).toBe(1);
  expect(out).toBe(demos['bytes']?.split('\n').slice(0, 3).join('\n').concat('\n'));
  expect(err).toContain('what the server printed');
  expect(err).toContain("'sent 01 02 03 04, received 05 06 07 09'");
});
