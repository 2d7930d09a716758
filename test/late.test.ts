import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LATE } from '../late.config.ts';
import packages from '../tsup.config.ts';

const root = join(import.meta.dirname, '..');

/** A program's folder, whose path has a space, with the packages as they are built. */
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearcall late '));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const options of packages as Exclude<typeof packages, (...given: never) => unknown>[]) {
    const { outDir = '' } = Array.isArray(options) ? {} : options;
    const name = join('@nearcall', relative('packages', join(outDir, '..')));
    const to = join(folder, 'node_modules', name);
    mkdirSync(to, { recursive: true });
    cpSync(join(root, outDir, '../package.json'), join(to, 'package.json'));
    await build({ ...options, outDir: join(to, 'dist'), config: false });
  }
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CONTRACT = `
  import { method, RpcError, service, stream } from '@nearcall/core';
  const any = { '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value }) } };
  export const contract = service('late', {
    plain: method({ input: any, output: any }),
    same: method({ input: any, output: any }),
    fail: method({ input: any, output: any }),
    twice: method({ input: stream(any), output: stream(any) }),
  });
  export const handlers = {
    plain: (value) => value,
    same: (value) => value,
    fail: () => { throw new RpcError('NOT_FOUND', 'it is not here'); },
    async *twice(items) { for await (const item of items) yield item * 2; },
  };
  export async function tried(client) {
    const items = [];
    for await (const item of client.twice([1, 2, 3])) items.push(item);
    const thrown = await client.fail(1).catch((error) => error);
    const same = await client.same(new Map([[1, new Date(5)], [-0, 7n]]));
    const isOurs = thrown instanceof RpcError;
    console.log(JSON.stringify({ items, map: [...same].map(String), code: thrown.code, isOurs }));
  }
`;

const TRIED = { items: [2, 4, 6], map: [`1,${new Date(5)}`, '0,7'], code: 'NOT_FOUND', isOurs: true };

/** What a program with these lines prints, as JSON. Its server is another process as a rule. */
function run(lines: string, ...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  writeFileSync(join(folder, 'contract.mjs'), CONTRACT);
  writeFileSync(join(folder, 'program.mjs'), lines);
  const [command = '', ...args] = [...flags, join(folder, 'program.mjs')];
  return spawnSync(command, args, { encoding: 'utf8', cwd: folder, timeout: 30_000 });
}

const WORLD = `
  import { implement } from '@nearcall/core';
  import { connect, ready } from '@nearcall/client';
  import { serve } from '@nearcall/server';
  import { openSync, renameSync } from 'node:fs';
  import { contract, handlers, tried } from './contract.mjs';
  const address = 'unix:' + process.pid + '.sock';
`;

test('what is loaded when it is needed works', () => {
  const { stdout, stderr } = run(
    `${WORLD}
    await serve(address, implement(contract, handlers));
    await tried(connect(address, contract));
    process.exit();`,
    process.execPath,
    '--disallow-code-generation-from-strings',
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(TRIED);
});

test('it does in a worker thread', () => {
  const { stdout, stderr } = run(
    `import { isMainThread, Worker } from 'node:worker_threads';
    ${WORLD}
    if (isMainThread) new Worker(new URL(import.meta.url));
    else {
      await serve(address, implement(contract, handlers));
      await tried(connect(address, contract));
      process.exit();
    }`,
    process.execPath,
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(TRIED);
});

test('it does though the packages have gone from the disk meanwhile', () => {
  const { stdout, stderr } = run(
    `${WORLD}
    renameSync('node_modules', 'gone');
    try {
      await serve(address, implement(contract, handlers));
      await tried(connect(address, contract));
    } finally {
      renameSync('gone', 'node_modules');
    }
    process.exit();`,
    process.execPath,
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(TRIED);
});

test('it does where no descriptor is free', () => {
  const { stdout, stderr } = run(
    `${WORLD}
    await serve(address, implement(contract, handlers));
    const client = connect(address, contract);
    await ready(client);
    await client.plain('text');
    const opened = [];
    try { for (;;) opened.push(openSync('/dev/null')); } catch {}
    await tried(client);
    process.exit();`,
    'sh',
    '-c',
    'ulimit -n 64; exec "$0" "$@"',
    process.execPath,
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(TRIED);
});

test('it is loaded once, though somebody has kept what was there before', () => {
  const { stdout } = run(
    `import * as core from '@nearcall/core';
    const { messagePortTransport } = core;
    const made = () => messagePortTransport(new MessageChannel().port1).constructor;
    console.log(made() === made(), made() === core.messagePortTransport(new MessageChannel().port1).constructor);`,
    process.execPath,
  );
  expect(stdout).toBe('true true\n');
});

test('a stack trace names its file, and by its source map the source', () => {
  const program = `
    import { messagePortTransport } from '@nearcall/core';
    try { messagePortTransport({}); } catch (error) { console.log(error.stack); }`;
  expect(run(program, process.execPath).stdout).toMatch(/@nearcall\/core\/dist\/seldom\.cjs:\d+:\d+/);
  expect(run(program, process.execPath, '--enable-source-maps').stdout).toMatch(/message-port\.ts:\d+:\d+/);
});

test('a bundler makes one file of all', async () => {
  run(
    `${WORLD}
    await serve(address, implement(contract, handlers));
    await tried(connect(address, contract));
    process.exit();`,
    'true',
  );
  const outDir = join(folder, 'bundled');
  await build({
    entry: [join(folder, 'program.mjs')],
    outDir,
    format: 'esm',
    noExternal: [/./],
    config: false,
    silent: true,
    tsconfig: join(root, 'tsconfig.base.json'),
  });
  expect(readdirSync(outDir)).toEqual(['program.js']);
  const { stdout, stderr } = spawnSync(process.execPath, [join(outDir, 'program.js')], {
    encoding: 'utf8',
    cwd: outDir,
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(TRIED);
});

test('one that leaves the other files out is named when the program starts', () => {
  const alone = join(folder, 'alone.mjs');
  cpSync(join(folder, 'node_modules/@nearcall/core/dist/index.js'), alone);
  const { status, stderr } = spawnSync(process.execPath, [alone], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/A file of @nearcall\/core cannot be read: .*\.cjs\. Where a bundler/);
});

// TypeScript does not see what is late, and the build sees names alone.
test('no class that is late is extended elsewhere, or has what is static and used elsewhere', async () => {
  const sources = join(root, 'packages/core/src');
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  const groupOf = (module: string) => Object.keys(LATE).find((group) => LATE[group]?.includes(module)) ?? '';
  const classes = new Map<unknown, string>();
  const exported: { module: string; value: unknown }[] = [];
  const texts = new Map<string, string>();
  for (const file of files.filter((each) => /(?<!\.test|\.test-d)\.ts$/.test(each) && !/\btest-/.test(each))) {
    const module = file.slice(0, -'.ts'.length);
    texts.set(module, readFileSync(join(sources, file), 'utf8'));
    const all: Record<string, unknown> = await import(join(sources, file));
    for (const value of Object.values(all)) {
      exported.push({ module, value });
      if (groupOf(module) !== '' && typeof value === 'function') classes.set(value, module);
    }
  }
  const group = (value: unknown) => groupOf(classes.get(value) ?? '');
  expect(classes.size).toBeGreaterThan(50);
  const heirs = exported.filter(({ module, value }) => {
    const base: unknown = typeof value === 'function' ? Object.getPrototypeOf(value) : undefined;
    return classes.has(base) && group(base) !== groupOf(module);
  });
  expect(heirs).toEqual([]);
  const users = Array.from(classes).flatMap(([value, module]) => {
    const statics = Object.getOwnPropertyNames(value).filter((key) => !['length', 'name', 'prototype'].includes(key));
    const others = Array.from(texts).filter(([user]) => groupOf(user) !== groupOf(module));
    const uses = statics.map((key) => `${(value as { name: string }).name}.${key}`);
    return others.flatMap(([user, text]) => uses.filter((use) => text.includes(use)).map((use) => `${use} in ${user}`));
  });
  expect(users).toEqual([]);
  expect(Array.from(texts.values()).filter((text) => /^export let\b/m.test(text))).toEqual([]);
});
