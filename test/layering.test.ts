import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const wrong: readonly (readonly [file: string, from: string])[] = [
  ['packages/core/src/error/a.ts', '../wire/frame.ts'],
  ['packages/core/src/wire/a.ts', '../connection/connection.ts'],
  ['packages/core/src/wire/b.ts', 'msgpackr/pack'],
  ['packages/core/src/connection/a.ts', '../peer/peer.ts'],
  ['packages/core/src/contract/a.ts', '../connection/call.ts'],
  ['packages/core/src/contract/b.ts', '../transport/transport.ts'],
  ['packages/core/src/contract/description/a.ts', '../method.ts'],
  ['packages/core/src/contract/description/b.ts', '../../wire/frame.ts'],
  ['packages/core/src/transport/a.ts', '../connection/connection.ts'],
  ['packages/core/src/peer/a.ts', 'node:net'],
  ['packages/core/src/peer/b.ts', '@nearcall/server'],
  ['packages/server/src/a.ts', '@nearcall/client'],
  ['packages/client/src/a.ts', '../../core/src/peer/peer.ts'],
];

const right: readonly (readonly [file: string, from: string])[] = [
  ['packages/core/src/wire/msgpack.ts', 'msgpackr/pack'],
  ['packages/core/src/contract/c.ts', '../transport/credentials.ts'],
  ['packages/core/src/contract/description/c.ts', '../kind.ts'],
  ['packages/core/src/connection/c.ts', '../wire/frame.ts'],
  ['packages/core/src/peer/c.ts', '../connection/connection.ts'],
  ['packages/server/src/c.ts', '@nearcall/core'],
];

let folder = '';
let refused = new Set<string>();

// The linter runs once, in a tree of its own that has this one's rules and nothing but the files in question.
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearcall-layers-'));
  for (const rules of ['biome.json', '.biome']) cpSync(join(root, rules), join(folder, rules), { recursive: true });
  for (const [file, from] of [...wrong, ...right]) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), `import { thing } from '${from}';\n\nexport const used = thing;\n`);
  }
  const biome = join(root, 'node_modules', '.bin', 'biome');
  const options = [
    'lint',
    '--only=style/noRestrictedImports',
    '--max-diagnostics=none',
    '--colors=off',
    '--vcs-enabled=false',
  ];
  const { stdout, stderr } = spawnSync(biome, options, { cwd: folder, encoding: 'utf8' });
  const found = `${stdout}${stderr}`.matchAll(/^(packages\/\S+?):\d+:\d+ lint\/style\/noRestrictedImports/gm);
  refused = new Set([...found].map(([, file]) => String(file)));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(wrong)('the lint refuses that %s imports %s', (file) => {
  expect(refused).toContain(file);
});

test.each(right)('the lint allows that %s imports %s', (file) => {
  expect(refused).not.toContain(file);
});
