import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

const SOURCES = join(import.meta.dirname, 'packages/core/src');

/**
 * Modules of core that many a process never needs, by what needs them. Each group is a file of its own beside the
 * bundle, whose bytes are read when core is loaded, and made code of when something in it is first called
 * (`late.ts`). V8 looks through 110 KB of text less at each start, and its heap holds 0.3 MB less of a client: the
 * first answer comes 9 ms sooner (6.2 over Node, zod and msgpackr, where it was 15.7), and bulk is 1.4 to 2.1 times
 * as fast, for V8 collects much more often from 8 MB on.
 *
 * They may import and be imported as all others. But what others import of them is functions and classes, and nobody
 * calls those while core is loaded, extends them, or uses what is static in them; and what they import of others
 * never changes (`test/late.test.ts`).
 */
export const LATE: Readonly<Record<string, readonly string[]>> = {
  answering: [
    'connection/callee',
    'connection/contract-checks',
    'connection/method-table',
    'connection/refusal',
    'connection/responder',
    'contract/implement',
    'peer/answer-metadata',
    'peer/call-context',
    'peer/dispatcher',
    'peer/event-dispatcher',
    'peer/grown-context',
    'peer/handler-fault',
    'peer/middleware-run',
    'peer/serving',
    'peer/terms',
    'peer/told-error',
    'peer/watched-contexts',
  ],
  seldom: [
    'connection/error-body',
    'contract/description/alternatives',
    'contract/description/compare',
    'contract/description/comparison',
    'contract/description/describe-standard',
    'contract/description/description',
    'contract/description/differences',
    'contract/description/discriminate',
    'contract/description/schema-node',
    'contract/description/shape',
    'contract/description/words',
    'error/wire-error',
    'peer/layers',
    'peer/made-in-time',
    'peer/rejection',
    'peer/only-exit',
    'transport/local-address',
    'transport/memory',
    'transport/message-port',
    'transport/socket-credentials',
    'wire/condition',
    'wire/metadata',
    'wire/shaped-items',
    'wire/shaped-reader',
    'wire/shaped-writer',
  ],
  streaming: [
    'connection/events-in',
    'connection/events-out',
    'connection/inflow',
    'connection/outflow',
    'connection/parcel',
    'connection/trailer',
    'peer/input-pump',
    'peer/input-stream',
    'peer/intercepted-stream',
    'peer/item-reader',
    'peer/iterator-of',
    'peer/leaving-events',
    'peer/line',
    'peer/pending-event',
    'peer/pending-stream',
    'peer/pump',
    'peer/response-metadata',
    'peer/response-reader',
    'wire/alike',
    'wire/items',
  ],
  values: ['wire/collections', 'wire/inspect', 'wire/msgpack', 'wire/portable', 'wire/proto-key', 'wire/timestamp'],
};

const withoutEnding = (file: string): string => file.replace(/\.ts$/, '');
const groupOf = (module: string): string | undefined =>
  Object.keys(LATE).find((group) => LATE[group]?.includes(module));
const moduleOf = (found: { path: string; resolveDir: string }): string =>
  withoutEnding(relative(SOURCES, join(found.resolveDir, found.path)));

/** What the modules of core import of each other, but types. */
function importsOfAll(): { by: string; of: string; name: string }[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => /(?<!\.test|\.test-d)\.ts$/.test(file) && !/\btest-/.test(file));
  return sources.flatMap((file) => {
    const text = readFileSync(join(SOURCES, file), 'utf8');
    const statements = Array.from(text.matchAll(/^(?:import|export) \{([^}]*)\} from '(\..*)';$/gm));
    return statements.flatMap(([, names = '', from = '']) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type '))
        .map((name) => ({ by: withoutEnding(file), of: withoutEnding(join(dirname(file), from)), name })),
    );
  });
}

/** The names, each once, with the module that it comes from. */
function named(imports: readonly { of: string; name: string }[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { of, name } of imports) {
    if (names.has(name) && names.get(name) !== of) throw new Error(`Two modules around a late one export ${name}.`);
    names.set(name, of);
  }
  return names;
}

/** A door is called, or constructed, as what is behind it, and is replaced by that. Somebody may have kept it. */
function door(name: string, of: string): string {
  const isOne = new RegExp(`^export (abstract |async )?(class|function\\*?) ${name}\\b`, 'm');
  if (!isOne.test(readFileSync(join(SOURCES, `${of}.ts`), 'utf8')))
    throw new Error(`${name} is late, and no function.`);
  return `export let ${name} = function (...given) { return open(new.target, () => ${name}, given); };`;
}

/** Builds the groups of {@link LATE}, and puts doors in their place. `others`: the plugins of each build. */
export function late(others: Plugin[]): Plugin {
  return {
    name: 'late',
    setup(build) {
      const { entryPoints, plugins: _, outdir = '', ...common } = build.initialOptions;
      const options = { ...common, sourcemap: true, splitting: false, write: true };
      const imports = importsOfAll();

      /** One file with all of it, for bundlers, which would not find the others: the condition "module" leads there. */
      build.onStart(async () => {
        await build.esbuild.build({
          ...options,
          entryPoints: [join(SOURCES, 'index.ts')],
          outfile: join(outdir, 'whole.js'),
          plugins: others,
        });
      });

      build.onResolve({ filter: /^\..*\.ts$/ }, (found) => {
        const group = groupOf(moduleOf(found));
        return group === undefined ? undefined : { path: group, namespace: 'doors' };
      });
      build.onLoad({ filter: /./, namespace: 'doors' }, async ({ path: group }) => {
        const doors = named(imports.filter(({ by, of }) => groupOf(of) === group && groupOf(by) !== group));
        const around = imports.filter(({ by, of }) => groupOf(by) === group && groupOf(of) !== group);
        const early = named(around.filter(({ of }) => groupOf(of) === undefined));
        const elsewhere = named(around.filter(({ of }) => groupOf(of) !== undefined));
        const surroundings: Plugin = {
          name: 'surroundings',
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /^\..*\.ts$/ }, (found) => {
              const other = groupOf(moduleOf(found));
              if (other === group) return undefined;
              return other === undefined ? { path: 'early', namespace: 'early' } : { path: 'late', external: true };
            });
            onResolve({ filter: /^early$/ }, ({ path }) => ({ path, external: true }));
            // As variables: to read each of an object took a call a third more CPU.
            onLoad({ filter: /./, namespace: 'early' }, () => ({
              contents: `const early = require('early'); export const { ${[...early.keys()]} } = early;`,
            }));
          },
        };
        const contents = Array.from(doors, ([name, of]) => `export { ${name} } from './${of}.ts';`).join('\n');
        await build.esbuild.build({
          ...options,
          format: 'cjs',
          outfile: join(outdir, `${group}.cjs`),
          stdin: { contents, resolveDir: SOURCES },
          define: { 'import.meta.url': '__filename' },
          plugins: [surroundings, ...others],
        });
        const getters = Array.from(elsewhere.keys(), (name) => `get ${name}() { return ${name}; }`);
        return {
          resolveDir: SOURCES,
          contents: [
            `import { load, textOf } from './late.ts';`,
            ...Array.from([...early, ...elsewhere], ([name, of]) => `import { ${name} } from './${of}.ts';`),
            ...Array.from(doors, ([name, of]) => door(name, of)),
            `let text = textOf(new URL('./${group}.cjs', import.meta.url));`,
            `function open(made, behind, given) {
              if (text) ({ ${[...doors.keys()]} } = load(text, { ${[...early.keys()]} }, { ${getters} }));
              text = undefined;
              return made === undefined ? behind()(...given) : new (behind())(...given);
            }`,
          ].join('\n'),
        };
      });
    },
  };
}
