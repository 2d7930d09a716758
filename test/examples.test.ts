import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExampleScripts, ended, linesOf } from './example-scripts.ts';

const scripts = new ExampleScripts();
const address = scripts.address('uppercase');
let server: ChildProcess;
let log: () => Promise<string | undefined>;

function client(...words: string[]): ChildProcess {
  return scripts.start('uppercase/client', '--address', address, ...words);
}

beforeAll(async () => {
  await scripts.compile('uppercase');
  server = scripts.start('uppercase/server', '--address', address);
  log = linesOf(server);
  expect(await log()).toBe(`Listening at ${address} (Ctrl-C stops)`);
});

afterAll(() => scripts.remove());

test('the client prints what it is given as arguments in capitals, and the server logs the call', async () => {
  expect(await ended(client('hello', 'world'))).toEqual({ code: 0, out: 'HELLO WORLD\n', err: '' });
  expect(await log()).toBe('uppercase "hello world" -> "HELLO WORLD"');
});

test('the client prints what is piped in line by line, until the end of input', async () => {
  const piped = client();
  piped.stdin?.end('hello world\n\nこんにちは straße\nno line feed');
  const out = 'HELLO WORLD\n\nこんにちは STRASSE\nNO LINE FEED\n';
  expect(await ended(piped)).toEqual({ code: 0, out, err: '' });
});

test('on Ctrl-C the server closes and leaves no socket file, and a client is told that nobody listens', async () => {
  server.kill('SIGINT');
  expect(await once(server, 'exit')).toEqual([0, null]);
  expect(readdirSync(scripts.directory)).toEqual(['dist']);
  const { code, out, err } = await ended(client('hello'));
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('there is no such file. Is the server running?');
});

test('the demo starts a server, calls it from two clients, and prints what became of it', async () => {
  const { code, out, err } = await scripts.run('uppercase/demo');
  expect(err).toBe('');
  expect(out.replaceAll(/process \d+/g, 'process N').replaceAll(/[\d.]+ s\b/g, 'N s')).toBe(`\
The uppercase service, over a Unix socket:
  server      process N
  client      process N
  greeting    hello world -> HELLO WORLD
  Unicode     ＮＥＡＲＣＡＬＬ は速い, STRASSE 🚀
  10 MB       sent, put in capitals and received in N s
  1,000 calls at once, each answered correctly, in N s
  bad input   INVALID_ARGUMENT: The input of text.uppercase is not valid: Invalid input: expected string, received number
HELLO WORLD
`);
  expect(code).toBe(0);
});
