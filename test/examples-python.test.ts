import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { connect, ready } from '@nearcall/client';
import { type Context, implement, RpcError } from '@nearcall/core';
import { type Server, serve } from '@nearcall/server';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { text } from '../examples/uppercase/contract.ts';
import { type Ended, ExampleScripts, ended, linesOf } from './example-scripts.ts';

/** The first Python here that has msgpack. Debian's package gives it to the system's own and to no other. */
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import msgpack'], { timeout: 30_000 }).status === 0,
);
const folder = fileURLToPath(new URL('../examples/python', import.meta.url));
const scripts = new ExampleScripts();
const GOODBYE = 'The server ended the connection.\n';

beforeAll(() => scripts.compile('uppercase'));
afterAll(() => scripts.remove());

function start(script: string, address: string, ...texts: string[]): ChildProcess {
  // -B: it leaves nothing in the folder. Whatever the locale is, text is UTF-8.
  const options = ['-B', '-X', 'utf8', `${folder}/${script}`];
  const child = spawn(python ?? 'python3', [...options, address.replace(/^unix:/, ''), ...texts]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function run(script: string, address: string, ...texts: string[]): Promise<Ended> {
  return ended(start(script, address, ...texts));
}

let served = 0;

/** Serves `text.uppercase` by another handler than the example's. */
async function serveBy(handler: (input: string, context: Context) => string | Promise<string>): Promise<Server> {
  const address = scripts.address(`served-${++served}`);
  const server = await serve(address, implement(text, { uppercase: handler }));
  onTestFinished(() => server.close({ grace: 0 }));
  return server;
}

/** Fulfils when the server has seen that its client has half-closed. */
function halfClosed({ draining }: Context): Promise<void> {
  // All calls of a connection wait for the same one.
  setMaxListeners(0, draining);
  return new Promise((resolve) => {
    draining.addEventListener('abort', () => resolve());
    if (draining.aborted) resolve();
  });
}

const missing = 'no python3 here has msgpack, which Debian has as python3-msgpack';
if (python === undefined) console.warn(`The tests of the clients in Python are skipped: ${missing}.`);
const title = python === undefined ? `%s (skipped: ${missing})` : '%s';

describe.skipIf(python === undefined).each(['uppercase.py', 'uppercase_asyncio.py'])(title, (script) => {
  test('calls the server of the example, half-closes, prints its answer and sees the end', async () => {
    const address = scripts.address(script);
    const server = scripts.start('uppercase/server', '--address', address);
    const log = linesOf(server);
    expect(await log()).toBe(`Listening at ${address} (Ctrl-C stops)`);
    expect(await run(script, address, 'hello wörld 行')).toEqual({ code: 0, out: 'HELLO WÖRLD 行\n', err: GOODBYE });
    expect(await log()).toBe('uppercase "hello wörld 行" -> "HELLO WÖRLD 行"');
    const end = ended(server);
    server.kill('SIGINT');
    expect(await end).toMatchObject({ code: 0, err: '' });
  });

  test('gets the answer of a handler that takes longer than its half-close', async () => {
    const server = await serveBy(async (input, context) => {
      await halfClosed(context);
      expect(context.signal.aborted).toBe(false);
      return input.toUpperCase();
    });
    expect(await run(script, server.address, 'late')).toEqual({ code: 0, out: 'LATE\n', err: GOODBYE });
    await expect.poll(() => server.connections).toBe(0);
  });

  test('gets all answers of the calls that it made before it half-closed, in whatever order they come', async () => {
    const texts = Array.from({ length: 100 }, (_, i) => `call ${i}`);
    const answers: (() => void)[] = [];
    const server = await serveBy(async (input, context) => {
      await halfClosed(context);
      await new Promise<void>((answer) => {
        answers.push(answer);
        if (answers.length === texts.length) for (const each of answers.reverse()) each();
      });
      return input.toUpperCase();
    });
    const out = texts.map((each) => `${each.toUpperCase()}\n`).join('');
    expect(await run(script, server.address, ...texts)).toEqual({ code: 0, out, err: GOODBYE });
  });

  test('sends long texts in chunks as it gets credit, and gets long answers after it can grant none', async () => {
    const server = await serveBy(async (input, context) => {
      await halfClosed(context);
      return input.toUpperCase().repeat(input.length > 1 ? 50 : 1);
    });
    const long = 'long text '.repeat(10_000);
    const { code, out, err } = await run(script, server.address, long, 'x', long);
    expect([code, err]).toEqual([0, GOODBYE]);
    const answer = long.toUpperCase().repeat(50);
    expect(out === `${answer}\nX\n${answer}\n`).toBe(true);
  });

  test('makes more calls than the server takes at once', async () => {
    const server = await serveBy((input) => input.toUpperCase());
    const texts = Array.from({ length: 3000 }, (_, i) => `call ${i}`);
    const out = texts.map((each) => `${each.toUpperCase()}\n`).join('');
    expect(await run(script, server.address, ...texts)).toEqual({ code: 0, out, err: GOODBYE });
  });

  test('understands an error, and gets the other answers beside it', async () => {
    const server = await serveBy((input) => {
      if (input === 'bad') throw new RpcError('NOT_FOUND', 'There is nothing like it.', { metadata: { asked: input } });
      return input.toUpperCase();
    });
    const err = `${GOODBYE}NOT_FOUND: There is nothing like it.\n`;
    expect(await run(script, server.address, 'a', 'bad', 'b')).toEqual({ code: 1, out: 'A\nB\n', err });
  });

  test('is told of a method that the server does not have', async () => {
    const server = await serve(scripts.address(`none-${script}`), []);
    onTestFinished(() => server.close());
    const { code, out, err } = await run(script, server.address, 'a');
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('UNIMPLEMENTED: The other side serves no method text.uppercase');
  });

  test('says why a server refused it', async () => {
    const limited = { serverLimits: { connections: 1 } };
    const server = await serve(scripts.address(`busy-${script}`), [], limited);
    onTestFinished(() => server.close());
    await using client = connect(server.address, text);
    await ready(client);
    const { code, err } = await run(script, server.address, 'a');
    expect(code).toBe(1);
    expect(err).toContain('The server refused: the server is busy');
  });

  test('says why a server breaks off, and that the call has no answer', async () => {
    const server = await serveBy(async (input, context) => {
      await halfClosed(context);
      void server.close({ grace: 0 });
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      return input;
    });
    const { code, out, err } = await run(script, server.address, 'a');
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('The server ended the connection: The connection was closed, and its grace is over.\n');
    expect(err).toContain('UNAVAILABLE: The connection ended before the answer.\n');
  });

  test('says of what is no server of nearcall that it is none, and breaks off itself', async () => {
    const address = scripts.address(`other-${script}`);
    const other = createServer((socket) => void socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request')));
    other.listen(address.replace(/^unix:/, ''));
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { code, out, err } = await run(script, address, 'a');
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('What listens there is no nearcall server of version 1.\n');
  });
});
