import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { defineConfig, type Options } from 'tsup';

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

/** msgpackr is a fifth of what core loads, and nobody reads stack traces of it: without its names it is 33 KB less. */
const small: Plugin = {
  name: 'small',
  setup(build) {
    build.onLoad({ filter: /msgpackr/ }, async ({ path }) => {
      const { code } = await build.esbuild.transform(await readFile(path, 'utf8'), { minify: true });
      return { contents: code };
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
    esbuildPlugins: [builtins, small],
    // A process keeps the text of what it has loaded: without comments and indentation a client's heap is 0.15 MB
    // smaller. Names stay, and lines stay short, for stack traces.
    esbuildOptions(options) {
      options.minifyWhitespace = true;
      options.lineLimit = 120;
    },
  })),
);
