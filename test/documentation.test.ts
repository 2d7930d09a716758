import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { implement, method, RpcError, service } from '@nearcall/core';
import { type Server, serve } from '@nearcall/server';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { docstringExamples, readmeFiles, readmeSnippetCount, root } from './documentation.ts';

// Inside the tree, so that the packages' names resolve as they do for the tests.
const folder = join(root, 'test', '.documentation');
const sockets = mkdtempSync(join(tmpdir(), 'nearcall-docs-'));
const examples = docstringExamples();
const runtimeDirectory = process.env['XDG_RUNTIME_DIR'];

/** The socket that stands in for the one that the documentation names. */
const socketOf = (name: string): string => join(sockets, `${name.replaceAll(/\W+/g, '-')}.sock`);

const PRELUDE = `
import { fork, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { MessageChannel, Worker } from 'node:worker_threads';
import * as core from '@nearcall/core';
import { handedOver, healthStatus, serve, systemdSockets } from '@nearcall/server';
import { close, connect, state, watch } from '@nearcall/client';
import { z } from 'zod';
const { addressText, duplexTransport, event, implement, memoryTransports, messagePortTransport, method } = core;
const { health, localAddress, parseAddress, RpcError, safe, service, stream, streamTransport, use } = core;
const text = service('text', {
  uppercase: method({ input: z.string(), output: z.string() }),
  parse: method({ input: z.string(), output: z.string(), errors: { syntax: z.object({ line: z.number() }) } }),
});
const progress = service('progress', { report: event(z.object({ done: z.number() })) });
void [serve, close, connect, state, watch, z, event, implement, memoryTransports, method, RpcError, safe, service, stream, text, progress];
void [health, healthStatus, addressText, duplexTransport, localAddress, messagePortTransport, parseAddress, spawn];
void [MessageChannel, streamTransport, use, Worker, fork, handedOver, systemdSockets];
export type { Duplex };
export type Middleware = core.Middleware;
export type Interceptor = core.Interceptor;
`;

function exampleFile(name: string, code: string): string {
  const local = `${code}\n`
    .replaceAll('export const', 'const')
    .replaceAll('/run/user/1000/text.sock', socketOf(name))
    // A process or a thread that an example starts may outlive it, and this folder.
    .replace(/'(\.\/)?worker\.js'/, "'/dev/null'");
  // What an example shows as text only, because the service of the prelude has one method more.
  const body = local.replace('implement(text, { uppercase', 'implement(text, { parse: (s) => s, uppercase');
  const end = body.includes('const server =') ? '  await server.close();\n' : '';
  const used = [...body.matchAll(/^const (\w+)(?:: \w+)? =|^const \[(\w+), (\w+)\] =/gm)].flatMap((match) =>
    match.slice(1),
  );
  const names = used.filter((name) => name !== undefined);
  const all = `${body}${end}${names.length > 0 ? `  void [${names}];\n` : ''}`;
  return `${PRELUDE}export async function example(): Promise<void> {\n${setting(`unix:${socketOf(name)}`, all)}}\n`;
}

/** Whether an example stands in a handler, whose context it does not say where it has from. */
function inHandler(code: string): boolean {
  return code.includes('context.') && !code.includes('(context');
}

/** What an example takes for granted: a client, or that it stands in a handler. */
function setting(address: string, body: string): string {
  if (inHandler(body)) {
    return `
  const server = await serve('${address}', implement(text, {
    parse: (s) => s,
    uppercase: async (s, context) => {
      ${body}
      return s;
    },
  }));
  let reports = 0;
  const client = connect('${address}', text, { implementations: implement(progress, { report: () => void reports++ }) });
  await client.uppercase('x');
  await close(client);
  await server.close();
  if (reports !== ${body.includes('.report(') ? 1 : 0}) throw new Error('The report did not arrive.');
`;
  }
  if (!/\bclient\b/.test(body) || body.includes('const client =')) return body;
  return `  const client = connect('${address}', text);\n${body}  await close(client);\n`;
}

beforeAll(() => {
  process.env['XDG_RUNTIME_DIR'] = sockets;
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of readmeFiles()) {
    writeFileSync(
      join(folder, name),
      code.replace(/\/run\/user\/1000\/(\w+)\.sock/g, (_, service) => socketOf(service)),
    );
  }
  for (const [index, { name, code }] of examples.entries()) {
    writeFileSync(join(folder, `example-${index}.ts`), exampleFile(name, code));
  }
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { paths: paths() },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
});

function paths(): Record<string, string[]> {
  return { '@nearcall/*': ['../../packages/*/src/index.ts'] };
}

afterAll(() => {
  if (runtimeDirectory === undefined) delete process.env['XDG_RUNTIME_DIR'];
  else process.env['XDG_RUNTIME_DIR'] = runtimeDirectory;
  rmSync(folder, { recursive: true, force: true });
  rmSync(sockets, { recursive: true, force: true });
});

async function load(file: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ join(folder, file));
}

test('every piece of code in the README and its pages has a name, and so is run here', () => {
  expect(readmeFiles().length).toBe(readmeSnippetCount());
  expect(readmeFiles().map(({ name }) => name)).toEqual([
    'contract.ts',
    'server.ts',
    'client.ts',
    'client-20.ts',
    'files.ts',
    'files-client.ts',
    'healthy-server.ts',
    'watcher.ts',
    'report.ts',
    'reader.ts',
    'signed-in.ts',
    'signed-client.ts',
    'transports.ts',
    'pool.ts',
    'steady.ts',
    'guests.ts',
    'activated.ts',
    'successor.ts',
  ]);
});

test('all of it compiles, under the strictest settings', { timeout: 60_000 }, () => {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    expect((error as { stdout: string }).stdout).toBe('');
    throw error;
  }
});

test('the code of the README works as written', async () => {
  const lines: unknown[][] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...line) => void lines.push(line));
  try {
    await load('server.ts');
    await load('client.ts');
    await load('client-20.ts');
    const files = await load('files.ts');
    const fileServer = await serve(`unix:${socketOf('files')}`, files['implementation'] as never);
    await load('files-client.ts');
    await fileServer.close();
    const reports = await load('report.ts');
    const server = await serve(`unix:${socketOf('reports')}`, reports['implementation'] as never);
    await load('reader.ts');
    await server.close();
    await load('guests.ts');
    await load('transports.ts');
    const signedIn = await load('signed-in.ts');
    const noteServer = await serve(`unix:${socketOf('notes')}`, signedIn['implementation'] as never);
    await load('signed-client.ts');
    await noteServer.close();
    const healthy = await load('healthy-server.ts');
    await load('watcher.ts');
    await (healthy['server'] as Server).close();
    const workers = await Promise.all(['text1', 'text2'].map((name) => serveText(socketOf(name))));
    await load('pool.ts');
    await Promise.all(workers.map((worker) => worker.close()));
    const storeServer = await serveStore();
    await load('steady.ts');
    await storeServer.close();
    for (const file of ['activated.ts', 'successor.ts']) await ((await load(file))['server'] as Server).close();
  } finally {
    log.mockRestore();
  }
  expect(lines).toEqual([
    [`Listening at unix:${socketOf('text')}`],
    ['HELLO WORLD'],
    ['HELLO WORLD'],
    ['{'],
    [6],
    ['HELLO'],
    ['WORLD'],
    ['step 1'],
    ['step 2'],
    [{ lines: ['7 days, in time'] }],
    ['empty', new Date(0)],
    [new Date(0)],
    [true],
    ['UNIX'],
    ['TCP:'],
    ['FROM A THREAD'],
    ['string'],
    [{ by: 'Ann', length: 9 }],
    [{ status: 'SERVING' }],
    ['SERVING'],
    [['ONE', 'TWO', 'THREE']],
    [[0, 0]],
    ['READY', ''],
    ['connected'],
    ['A', 'READY'],
  ]);
});

test('there are examples in the docstrings', () => {
  expect(examples.length).toBeGreaterThanOrEqual(8);
});

test.each(examples.map(({ name, code }, index) => ({ name, code, index })))(
  'the example in $name runs',
  async (shown) => {
    const { example } = (await load(`example-${shown.index}.ts`)) as { example: () => Promise<void> };
    const called = shown.code.includes('client.') && !inHandler(shown.code) && !shown.code.includes('await serve(');
    const server = called ? await serveText(socketOf(shown.name)) : undefined;
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      if (shown.code.startsWith('throw')) await expect(example()).rejects.toThrow(RpcError);
      else await example();
    } finally {
      log.mockRestore();
      await server?.close();
    }
  },
);

function serveStore(): ReturnType<typeof serve> {
  const read = method({ input: z.string(), output: z.string() });
  const append = method({ input: z.string(), output: z.void() });
  const handlers = { read: (s: string) => s.toUpperCase(), append: () => {} };
  return serve(`unix:${socketOf('store')}`, implement(service('store', { read, append }), handlers));
}

function serveText(socket: string): ReturnType<typeof serve> {
  const one = method({ input: z.string(), output: z.string() });
  const handler = (s: string): string => s.toUpperCase();
  return serve(
    `unix:${socket}`,
    implement(service('text', { uppercase: one, parse: one }), { uppercase: handler, parse: handler }),
  );
}
