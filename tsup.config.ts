import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { defineConfig, type Options } from 'tsup';
import { late } from './late.config.ts';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * Takes Node's own modules by `process.getBuiltinModule`. A module that imports one has Node read every export that it
 * has, and some of these load further modules when they are read, such as `fs.ReadStream` and `net.BlockList`: a cold
 * client's first answer comes some 4 ms sooner without (of 19 over Node, zod and msgpackr), and its heap has 0.1 MB less.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin', sideEffects: false }));
    build.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => {
      if (!builtinModules.includes(path.slice('node:'.length))) throw new Error(`Node has no module ${path}.`);
      const names = Object.keys(process.getBuiltinModule(path) as object).filter((name) => name !== 'default');
      // Each is pure, so that what nobody imports is left out.
      const exported = names.map(
        (name) => `const _${name} = /* @__PURE__ */ (() => it.${name})(); export { _${name} as ${name} };`,
      );
      return {
        contents: [
          `const it = /* @__PURE__ */ process.getBuiltinModule('${path}'); export default it;`,
          ...exported,
        ].join('\n'),
      };
    });
  },
};

/** Errors keep the names of their classes: Node prints them. */
const namedErrors: Plugin = {
  name: 'named-errors',
  setup(build) {
    build.onLoad({ filter: /packages\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const names = Array.from(text.matchAll(/^export class (\w+) extends Error\b/gm), ([, name]) => name);
      if (names.length === 0) return undefined;
      const kept = names.map(
        (name) => `Object.defineProperty(${name}, 'name', { value: '${name}', configurable: true });`,
      );
      return { contents: [text, ...kept].join('\n'), loader: 'ts' };
    });
  },
};

export default defineConfig(
  ['core', 'server', 'client'].map((name) => ({
    entry: [`packages/${name}/src/index.ts`],
    outDir: `packages/${name}/dist`,
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    silent: true,
    // tsc runs after and never deletes: what it wrote for a source since removed would be shipped.
    clean: true,
    external: ['@nearcall/core'],
    // Bundled, so that core installs with no dependency at all.
    noExternal: ['msgpackr'],
    removeNodeProtocol: false,
    esbuildPlugins: [...(name === 'core' ? [late([builtins, namedErrors])] : []), builtins, namedErrors],
    // A process keeps the text of what it has loaded, and a scope the names of what is in it: a client's heap is 0.25 MB
    // smaller, and from 8 MB on V8 collects for buffers that come and go. Methods keep their names, and the source maps
    // have all others. Lines stay short, for stack traces.
    minify: true,
    esbuildOptions(options) {
      options.lineLimit = 120;
    },
  })),
);
