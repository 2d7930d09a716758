import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'nearcall-examples-'));
const address = `unix:${join(directory, 'uppercase.sock')}`;

/** An example's script, on the sources. */
function run(script: string, ...args: string[]): ChildProcess {
  const path = join(root, 'examples', 'uppercase', script);
  return spawn(process.execPath, ['--import', 'tsx', path, '--address', address, ...args], {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, out, err };
}

let server: ChildProcess;
let log: AsyncIterator<string>;

beforeAll(async () => {
  server = run('server.ts');
  if (server.stdout === null) throw new Error('The server has no output.');
  log = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  expect((await log.next()).value).toBe(`Listening at ${address} (Ctrl-C stops)`);
});

afterAll(() => {
  server.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

test('the client prints what it is given as arguments in capitals, and the server logs the call', async () => {
  expect(await ended(run('client.ts', 'hello', 'world'))).toEqual({ code: 0, out: 'HELLO WORLD\n', err: '' });
  expect((await log.next()).value).toBe('uppercase "hello world" -> "HELLO WORLD"');
});

test('the client prints what is piped in line by line, until the end of input', async () => {
  const client = run('client.ts');
  client.stdin?.end('hello world\n\nこんにちは straße\nno line feed');
  const out = 'HELLO WORLD\n\nこんにちは STRASSE\nNO LINE FEED\n';
  expect(await ended(client)).toEqual({ code: 0, out, err: '' });
});

test('on Ctrl-C the server closes and leaves no socket file, and a client is told that nobody listens', async () => {
  server.kill('SIGINT');
  expect(await once(server, 'exit')).toEqual([0, null]);
  expect(readdirSync(directory)).toEqual([]);
  const { code, out, err } = await ended(run('client.ts', 'hello'));
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('there is no such file. Is the server running?');
});
