import { readFileSync } from 'node:fs';
import Module from 'node:module';
import { fileURLToPath } from 'node:url';

/** The text of modules that no code has been made of: bytes outside of V8's heap, which it does not look through. */
export interface LateText {
  readonly file: string;
  readonly bytes: Buffer;
}

/**
 * Reads it at once, and not when it is needed: the package may have been replaced by then, or the process be out of
 * descriptors.
 *
 * @throws Error where it is missing, as in what a bundler has made without asking for `module`.
 */
export function textOf(url: URL): LateText {
  const file = fileURLToPath(url);
  try {
    return { file, bytes: readFileSync(file) };
  } catch (cause) {
    throw new Error(
      `A file of @nearcall/core cannot be read: ${file}. Where a bundler has made one file of the program, let it take ` +
        'packages by the condition "module", as most do unless they are told other conditions.',
      { cause },
    );
  }
}

/**
 * Makes code of it, which knows what is `early` in the bundle, and `late` in other texts. As Node would of a file: stack
 * traces name it and follow its source map, and no code is made from strings where that is forbidden.
 */
export function load({ file, bytes }: LateText, early: object, late: object): unknown {
  const module = new Module(file) as Module & { _compile(text: string, file: string): void };
  module.require = ((name: string) => (name === 'early' ? early : late)) as NodeJS.Require;
  // esbuild writes ASCII.
  module._compile(bytes.toString('latin1'), file);
  return module.exports;
}
