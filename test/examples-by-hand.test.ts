import type { ChildProcess } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nearcall/client';
import { safe } from '@nearcall/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { patience } from '../examples/cancellation/contract.ts';
import { chat } from '../examples/chat/contract.ts';
import { ExampleScripts, ended, linesOf } from './example-scripts.ts';

const scripts = new ExampleScripts();

beforeAll(() => scripts.compile('bytes', 'cancellation', 'chat', 'greeting', 'log-tail', 'workers'));
afterAll(() => scripts.remove());

interface Started {
  readonly address: string;
  readonly process: ChildProcess;
  readonly log: () => Promise<string | undefined>;
}

let started = 0;

/** Starts an example's server, as one does in the first terminal. */
async function serve(name: string, ...args: string[]): Promise<Started> {
  const address = scripts.address(`${name}-${++started}`);
  const process = scripts.start(`${name}/server`, '--address', address, ...args);
  const log = linesOf(process);
  expect(await log()).toBe(`Listening at ${address} (Ctrl-C stops)`);
  return { address, process, log };
}

/** Stops it, as Ctrl-C does. It must have said all that was expected, and nothing to its standard error. */
async function stop(server: Started): Promise<void> {
  const end = ended(server.process);
  server.process.kill('SIGINT');
  expect(await server.log()).toBeUndefined();
  expect(await end).toMatchObject({ code: 0, err: '' });
}

test.concurrent('log-tail closes its file when its reader is killed, and ends when its reader is interrupted', async () => {
  const server = await serve('log-tail');
  const path = join(scripts.directory, 'killed.log');
  writeFileSync(path, 'line\n');
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const client = scripts.start('log-tail/client', '--address', server.address, path);
    expect(await server.log()).toBe(`reads ${path}`);
    expect(await linesOf(client)()).toBe('line');
    client.kill(signal);
    expect(await server.log()).toBe(`closed ${path}`);
  }
  await stop(server);
});

test.concurrent('log-tail ends on Ctrl-C although it is being read, and the loop of its client comes to its end', async () => {
  const server = await serve('log-tail');
  const path = join(scripts.directory, 'read.log');
  writeFileSync(path, 'line\n');
  const client = ended(scripts.start('log-tail/client', '--address', server.address, path));
  expect(await server.log()).toBe(`reads ${path}`);
  server.process.kill('SIGINT');
  expect(await server.log()).toBe(`closed ${path}`);
  expect(await server.log()).toBeUndefined();
  const { code, err } = await client;
  expect([code, err]).toEqual([0, '']);
});

test.concurrent('log-tail keeps what is half written, a character as well as a line, until the rest of it has come', async () => {
  const server = await serve('log-tail');
  const path = join(scripts.directory, 'cut.log');
  const bytes = Buffer.from('first\n行\n');
  const cut = bytes.length - 3;
  writeFileSync(path, bytes.subarray(0, cut));
  const client = scripts.start('log-tail/client', '--address', server.address, path, '2');
  const lines = linesOf(client);
  expect(await server.log()).toBe(`reads ${path}`);
  // It has read the first byte of the character with this.
  expect(await lines()).toBe('first');
  appendFileSync(path, bytes.subarray(cut));
  expect([await lines(), await lines()]).toEqual(['行', undefined]);
  expect(await server.log()).toBe(`closed ${path}`);
  await stop(server);
});

test.concurrent('log-tail tells the client of a file that is not there, and goes on serving', async () => {
  const server = await serve('log-tail');
  const path = join(scripts.directory, 'none.log');
  for (let time = 0; time < 2; time++) {
    const { code, out, err } = await scripts.run('log-tail/client', '--address', server.address, path);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`RpcError: ${path} cannot be read.`);
    expect([await server.log(), await server.log()]).toEqual([`reads ${path}`, `closed ${path}`]);
  }
  await stop(server);
});

test.concurrent('chat sends away a member that does not read, and stays up', async () => {
  const server = await serve('chat');
  await using idle = connect(server.address, chat);
  const lines = idle.join(
    (async function* () {
      await new Promise(() => {});
      yield { from: 'idle', text: 'never said' };
    })(),
  );
  // The call begins, and nothing more is read.
  const first = lines.next();
  expect(await server.log()).toBe('somebody came: 1 here');

  await using talker = connect(server.address, chat);
  const line = { from: 'talker', text: 'x'.repeat(1000) };
  let heard = 0;
  let hear = (): void => {};
  const stream = talker.join(
    (async function* () {
      for (let said = 0; said < 3000; said++) {
        // It reads what it hears, and waits for it, so that it is not the one to go.
        while (said - heard > 500) await new Promise<void>((resolve) => (hear = resolve));
        yield line;
      }
    })(),
  );
  for await (const echo of stream) {
    expect(echo).toEqual(line);
    heard++;
    hear();
  }
  expect(heard).toBe(3000);
  expect(await server.log()).toBe('somebody came: 2 here');
  expect((await first).value).toEqual(line);
  const rest = await safe(
    (async () => {
      let count = 0;
      for await (const _ of lines) count++;
      return count;
    })(),
  );
  expect(rest.error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'You read too slowly.' });
  expect([await server.log(), await server.log()].sort()).toEqual(['somebody left: 0 here', 'somebody left: 1 here']);
  await stop(server);
});

test.concurrent('cancellation: a handler hears that its client was killed', async () => {
  const server = await serve('cancellation');
  const client = scripts.start('cancellation/client', '--address', server.address);
  expect(await server.log()).toBe('wait: begins, with time');
  client.kill('SIGKILL');
  expect(await server.log()).toBe('wait: stops, CANCELLED');
  await using other = connect(server.address, patience);
  expect(await other.hello()).toBe('hello');
  await stop(server);
});

test.concurrent('workers: a parent that starts no worker waits for one that is started by hand', async () => {
  const server = await serve('workers', '0');
  const worker = await scripts.run('workers/client', '--address', server.address);
  const out = ['first', 'second', 'third', 'fourth'].map((title) => `counts the words of "${title}"\n`).join('');
  expect(worker).toEqual({ code: 0, out, err: '' });
  const said = ['first: 1', 'second: 2', 'third: 3', 'fourth: 4', 'counted by 1 workers', 'all of them have ended'];
  for (const line of said) expect(await server.log()).toBe(line);
  expect(await server.log()).toBeUndefined();
});

test.concurrent('a client that is there to be called says so where nobody listens', async () => {
  for (const name of ['bytes', 'greeting', 'workers']) {
    const { code, out, err } = await scripts.run(`${name}/client`, '--address', scripts.address(`none-${name}`));
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('there is no such file. Is the server running?');
  }
});
