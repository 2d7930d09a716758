import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT_OWN_LIMITS, type OwnLimits } from '../packages/core/src/wire/limits.ts';
import { serverLimits } from '../packages/server/src/server-limits.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** `16 MiB` as a number. */
function amount(text: string): number {
  const [number = '', unit = ''] = text.trim().split(' ');
  return Number(number.replaceAll(',', '')) * (UNITS[unit] ?? Number.NaN);
}

test('the README lists every limit of a connection with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, rows = ''] = /^\| `limits` .*\n.*\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  const listed: Partial<Record<keyof OwnLimits, number>> = {};
  for (const row of rows.trim().split('\n')) {
    const [, names = '', defaults = ''] = row.split('|');
    const amounts = defaults.split(';').map(amount);
    for (const [i, name] of names.split(',').entries()) {
      listed[name.replaceAll(/[` ]/g, '') as keyof OwnLimits] = amounts[i] ?? Number.NaN;
    }
  }
  expect(listed).toEqual(DEFAULT_OWN_LIMITS);
});

test('the README tells every limit of a server with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replaceAll('\n', ' ');
  const { connections, calls, queued, ...others } = serverLimits();
  expect(others).toEqual({});
  const [, sentence = ''] = /`serverLimits`: (.*?) A method/.exec(readme) ?? [];
  const told = [...sentence.matchAll(/(?:^| )([\d,]+(?: MiB)?) (?:[a-z ]+)?\(?`(\w+)`/g)].map(([, size = '', name]) => [
    name,
    amount(size),
  ]);
  expect(told).toEqual([
    ['connections', connections],
    ['calls', calls],
    ['queued', queued],
  ]);
});
