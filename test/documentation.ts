import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** A piece of code that the documentation shows. */
export interface Snippet {
  readonly name: string;
  readonly code: string;
}

/** The pages that show code, one after the other. */
const PAGES = ['README.md', 'SOCKETS.md'].map((page) => readFileSync(join(root, page), 'utf8')).join('\n');

/** The TypeScript of the README and of its pages, each piece under the file name in its first line. */
export function readmeFiles(): Snippet[] {
  return [...PAGES.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => ({ name, code }));
}

/** How many pieces of TypeScript they show, named or not. */
export function readmeSnippetCount(): number {
  return PAGES.split('```ts\n').length - 1;
}

/** Every `@example` in the packages' docstrings. */
export function docstringExamples(): Snippet[] {
  return ['core', 'server', 'client'].flatMap((name) => {
    const folder = join(root, 'packages', name, 'src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(?<!\.test)\.ts$/.test(file),
    );
    return files.flatMap((file) => examplesIn(join(folder, file), `${name}/${file}`));
  });
}

function examplesIn(path: string, name: string): Snippet[] {
  const source = readFileSync(path, 'utf8');
  return [...source.matchAll(/@example\n\s+\* ```ts\n([\s\S]*?)\s+\* ```/g)].map(([, code = ''], index) => ({
    name: `${name} ${index + 1}`,
    code: code.replace(/^\s+\* ?/gm, ''),
  }));
}
