import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HALF, HALVES, STEP } from '../packages/core/src/connection/half.ts';
import { FLAG, FRAME } from '../packages/core/src/wire/frame.ts';
import { DEFAULT_LIMITS, LIMIT_RANGES, type Limits } from '../packages/core/src/wire/limits.ts';

const page = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');

/** The cells of every table row on the page. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** The rows of the table whose header begins with these cells. */
function table(...header: string[]): string[][] {
  const start = rows.findIndex((cells) => header.every((cell, i) => cells[i] === cell));
  expect(start, `a table with the header ${header.join(', ')}`).toBeGreaterThanOrEqual(0);
  const body = rows.slice(start + 2);
  const width = rows[start]?.length;
  const end = body.findIndex((cells) => cells.length !== width || cells.every((cell) => /^-+$/.test(cell)));
  return end === -1 ? body : body.slice(0, end);
}

function number(text: string): number {
  const [base = '', exponent] = text.replaceAll(',', '').split('^');
  if (exponent === undefined) return Number(base);
  const [power = '', less = '0'] = exponent.split('-');
  return Number(base) ** Number(power) - Number(less);
}

test('the page lists the frame types that the code knows, with their numbers', () => {
  const listed = table('type', 'name', 'payload').map(([type, name]) => [name, Number(type)]);
  expect(Object.fromEntries(listed.filter(([name]) => String(name) in FRAME))).toEqual(FRAME);
});

test('the page prints the table of halves that the code runs by', () => {
  const [, ...steps] = rows.find(([first, second]) => first === 'half' && second === 'PART') ?? [];
  expect(steps).toEqual(Object.keys(STEP));
  const states = Object.keys(HALF);
  const printed = table('half', 'PART').slice(0, states.length);
  expect(printed.map(([state]) => state)).toEqual(states);
  for (const [row, [, ...cells]] of printed.entries()) {
    const meant = HALVES[row]?.map((half) => (half === undefined ? '' : states[half]));
    expect(cells, states[row]).toEqual(meant);
  }
});

test('the page states the limits, their defaults and ranges as the code has them', () => {
  const listed = table('limit', 'default', 'range').filter(([name]) => name?.startsWith('`'));
  expect(listed.map(([name]) => name?.replaceAll('`', ''))).toEqual(Object.keys(DEFAULT_LIMITS));
  for (const [name = '', fallback = '', range = ''] of listed) {
    const limit = name.replaceAll('`', '') as keyof Limits;
    expect(number(fallback), limit).toBe(DEFAULT_LIMITS[limit]);
    expect(range.split(' – ').map(number), limit).toEqual(LIMIT_RANGES[limit]);
  }
});

test('the page lists the flags that the code knows', () => {
  const listed = table('flag', '', 'on').map(([value, name]) => [name?.split(':')[0], Number(value)]);
  expect(Object.fromEntries(listed)).toMatchObject(FLAG);
});
