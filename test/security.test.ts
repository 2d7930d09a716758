import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './documentation.ts';

const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');

/** The rows of the tables of attacks: all of them name their tests. */
const rows = page
  .slice(page.indexOf('## The attacks that were tried'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| attack |') && !line.startsWith('| --- |'))
  .map((line) => line.split(' | '));

const tests = rows.flatMap(([attack = '', , named = '']) =>
  [...named.matchAll(/\[(.+?)\]\((\S+?)\)(?=, \[| \|$)/g)].map(([, title = '', file = '']) => ({
    attack,
    title,
    file,
  })),
);

test('every attack on the page says what happens, and names a test', () => {
  expect(rows.length).toBeGreaterThan(40);
  for (const [attack = '', happens = '', named = ''] of rows) {
    expect(happens, attack).not.toBe('');
    expect(
      tests.filter((one) => one.attack === attack),
      attack,
    ).toHaveLength(named.split('](').length - 1);
    expect(named, attack).toMatch(/^\[/);
  }
});

test('every test that the page names is there, by that name', () => {
  const missing = tests.filter(({ title, file }) => {
    const path = join(root, file);
    return !existsSync(path) || !readFileSync(path, 'utf8').includes(`'${title}'`);
  });
  expect(missing).toEqual([]);
});

test('the README leads to the page', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('(SECURITY.md)');
});
