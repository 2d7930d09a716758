import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// Set by `pnpm test:nodes`; without it there is no one Node that everything should run on but the worker's own.
const asked = process.env['NEARCALL_TESTED_NODE'];

test('the tests run on the Node that was asked for, and so do the processes that they fork', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'nearcall-node-'));
  try {
    const script = join(directory, 'version.mjs');
    writeFileSync(script, 'process.send(process.version); process.disconnect();');
    const [version] = await once(fork(script, { execArgv: [] }), 'message');
    expect([process.version, version]).toEqual([asked ?? process.version, asked ?? process.version]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test.runIf(asked !== undefined)('what is found by its name is that Node, too', () => {
  expect(execFileSync('node', ['--version'], { encoding: 'utf8' }).trim()).toBe(asked);
});
