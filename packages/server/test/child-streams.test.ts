import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { text } from './contract.ts';
import {
  close,
  connect,
  duplexTransport,
  messagePortTransport,
  RpcError,
  streamTransport,
  type Transport,
} from './nearcall.ts';
import { calls } from './semantics/contract.ts';
import { type FarEnd, thread } from './semantics/far-end.ts';
import { watch } from './watched.ts';

/** A process that runs a script of a line or two, and a transport to it over its standard streams. */
function running(script: string, file = process.execPath): { child: ChildProcess; transport: Transport } {
  const child = spawn(file, ['-e', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  watch(child);
  return { child, transport: streamTransport(child.stdout, child.stdin) };
}

async function failure(transport: Transport): Promise<RpcError> {
  // The deadline is long, so that what is read is why, and soon.
  const error = await connect(transport, text)
    .uppercase('x', { deadline: 60_000 })
    .catch((caught: unknown) => caught);
  return RpcError.from(error);
}

describe('a call to a child over its standard streams tells', () => {
  test('that it could not be started', async () => {
    const { child, transport } = running('', '/nowhere/at/all');
    const failed = once(child, 'error');
    expect(await failure(transport)).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    expect((await failed)[0]).toMatchObject({ code: 'ENOENT' });
  });

  test('that it has ended at once', async () => {
    const { transport } = running('');
    expect(await failure(transport)).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
  });

  test('what it has said instead', async () => {
    const { child, transport } = running('console.log("Usage: frobnicate [file]"); setInterval(() => {}, 1000)');
    const error = await failure(transport);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    expect(error.message).toContain('Usage: frob');
    child.kill('SIGKILL');
  });

  test('that it has closed its pipe without ending', async () => {
    const script = 'const s = new (require("net").Socket)({ fd: 3 }); s.destroy(); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    watch(child);
    expect(await failure(duplexTransport(child.stdio[3] as Duplex))).toMatchObject({
      code: 'UNAVAILABLE',
      execution: 'not-sent',
    });
    child.kill('SIGKILL');
  });
});

describe('a call to a thread tells', () => {
  test.each([
    ['that it has ended at once', '', /has ended, or closed its port/],
    ['that it says something else', 'require("worker_threads").workerData.postMessage("hi")', /none of this protocol/],
  ])('%s', async (_, script, why) => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(script, { eval: true, workerData: port2, transferList: [port2] });
    const error = await failure(messagePortTransport(port1));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    expect(error.message).toMatch(why);
    await worker.terminate();
  });
});

describe('a client that is given a function', () => {
  test('calls a new thread where the one before has died', async () => {
    const threads: FarEnd[] = [];
    const dial = async (): Promise<Transport> => {
      const started = await thread();
      threads.push(started);
      return started.target as Transport;
    };
    const client = connect(dial, calls, { onError: () => {} });
    const hanging = client.hang();
    expect(await client.echo('first')).toBe('first');
    threads[0]?.kill();
    await expect(hanging).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
    expect(await client.echo('second')).toBe('second');
    expect(threads.length).toBe(2);
    await close(client);
    // Nothing holds it any more.
    await threads[1]?.gone;
  });
});
