import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aheadSentence } from './ahead.mjs';
import { barsOf } from './bars.mjs';
import { budgets, isHeld } from './budgets.mjs';
import { figuresOf } from './figures.mjs';
import { against, changesSince, entryAt, entryOf } from './history.mjs';
import { withMeasured } from './readme.mjs';
import { results } from './results.mjs';
import { table } from './table.mjs';

const row = (peer, name, cpus, samples) => ({
  measure: 'load',
  peer,
  case: name,
  cpus,
  unit: 'calls',
  samples: samples.map((sample, round) => ({ round, ...sample })),
});

const rates = (peer, ...values) =>
  row(
    peer,
    '64x11',
    2,
    values.map((rate) => ({ rate })),
  );

const measuredBudgets = (figures) => budgets(figures).filter(({ measured }) => measured);

test('a ratio is taken within each round, so that a slow round of the machine is none of it', () => {
  const figures = figuresOf([[rates('nearcall', 100, 50, 200), rates('raw', 200, 100, 400)]]);
  const ratio = figures.ratio({ peer: 'nearcall', case: '64x11', cpus: 2 }, 'raw', 'rate');
  expect(ratio).toEqual({ middle: 0.5, lowest: 0.5, highest: 0.5, count: 3 });
});

test('a peer that lacks a round is held against the others in the rounds that both have', () => {
  const figures = figuresOf([[rates('nearcall', 100, 50), rates('raw', 200)], [rates('nearcall', 90)]]);
  const place = { peer: 'nearcall', case: '64x11', cpus: 2 };
  expect(figures.ratio(place, 'raw', 'rate')).toEqual({ middle: 0.5, lowest: 0.5, highest: 0.5, count: 1 });
  expect(figures.of(place, 'rate')).toEqual({ middle: 90, lowest: 50, highest: 100, count: 3 });
  expect(figures.ratio(place, 'hand', 'rate')).toBeUndefined();
  expect(figures.runs()).toBe(2);
});

test('the rows of a file without rounds count as one round, and what is null as not there', () => {
  const old = { peer: 'nearcall', case: 'idle', cpus: 2, rate: null, serverBytes: 20_480, spread: {} };
  const figures = figuresOf([[old, { ...old, peer: 'raw', serverBytes: 8192 }]]);
  expect(figures.of(old, 'rate')).toBeUndefined();
  expect(measuredBudgets(figures)).toMatchObject([
    { case: 'idle', cpus: 2, value: '12.0 KiB', range: 'once', met: false },
  ]);
});

test('a budget is met at its very limit, on either side', () => {
  const cpu = (peer, cpuUs) => row(peer, '64x11', 1, [{ cpuUs }]);
  const figures = figuresOf([
    [rates('nearcall', 150), rates('hand', 100), rates('raw', 251), cpu('nearcall', 3.1), cpu('raw', 1)],
  ]);
  expect(measuredBudgets(figures).map(({ what, cpus, met }) => [what, cpus, met])).toEqual([
    ['CPU / raw', 1, true],
    ['rate / raw', 2, false],
    ['rate / hand', 2, true],
  ]);
});

test('differences and times have their units', () => {
  const cold = (peer, ...times) =>
    row(
      peer,
      'cold',
      2,
      times.map((p50) => ({ p50 })),
    );
  const figures = figuresOf([
    [cold('nearcall', 160_000, 150_000, 149_000), cold('imports', 145_000, 142_000, 140_000)],
  ]);
  expect(measuredBudgets(figures)).toMatchObject([
    { what: 'p50 - imports', limit: 'at most 10 ms', value: '9.0 ms', range: '8.0 to 15.0', met: true },
  ]);
});

test('a budget that nothing was measured of is told to be so', () => {
  const all = budgets(figuresOf([[rates('nearcall', 150)]]));
  expect(all.length).toBeGreaterThan(15);
  expect(all.every(({ measured, met }) => measured === undefined && met === undefined)).toBe(true);
});

const entryWith = (...ours) =>
  entryOf(figuresOf([[rates('nearcall', ...ours), rates('raw', 100, 100, 100), rates('hand', 40, 40, 40)]]), {});

test('a change is told where the rounds of then and now do not overlap, and against both bases', () => {
  const then = entryWith(60, 62, 64);
  expect(changesSince(then, entryWith(63, 66, 68))).toEqual({ compared: 1, changes: [] });
  expect(changesSince(then, entryWith(70, 72, 74)).changes).toMatchObject([
    { place: '64x11 2', field: 'rate', better: true },
  ]);
  const worse = changesSince(then, entryWith(50, 52, 53)).changes;
  expect(worse).toMatchObject([{ better: false }]);
  expect(worse[0].factor).toBeCloseTo(52 / 62, 2);
});

test('what only one base shows is a change of the base, and less than a twentieth none at all', () => {
  const then = entryWith(60, 60, 60);
  const rawSlower = figuresOf([[rates('nearcall', 60, 60, 60), rates('raw', 80, 80, 80), rates('hand', 40, 40, 40)]]);
  expect(changesSince(then, entryOf(rawSlower, {})).changes).toEqual([]);
  expect(changesSince(then, entryWith(62, 62, 62)).changes).toEqual([]);
});

test('less CPU time is better', () => {
  const entry = (ours) =>
    entryOf(figuresOf([[row('nearcall', '1x11', 1, [{ cpuUs: ours }]), row('raw', '1x11', 1, [{ cpuUs: 20 }])]]), {});
  expect(changesSince(entry(30), entry(20)).changes).toMatchObject([{ place: '1x11 1', field: 'cpuUs', better: true }]);
});

test('a file of rows serves as what a run is held against', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nearcall-rows-'));
  try {
    const file = `${folder}/rows.json`;
    writeFileSync(file, JSON.stringify([rates('nearcall', 60), rates('raw', 100)]));
    const said = against(figuresOf([[rates('nearcall', 30), rates('raw', 100)]]), entryAt(file));
    expect(said).toContain('WORSE   64x11 on two CPUs: rate 0.50x');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the table has ours first, then rivals by their rate, then floors, and no column that nobody has', () => {
  const figures = figuresOf([
    [rates('raw', 900), rates('trpc', 10), rates('hand', 155_123), rates('nearcall', 347_048)],
  ]);
  expect(table(figures, { trpc: '11.2.0' }).split('\n')).toEqual([
    '| | 64 calls in flight |',
    '| --- | --: |',
    '| | calls/s |',
    '| **nearcall** | **347,000** |',
    '| *check what they carry* | |',
    '| hand-written: net, msgpackr, zod | 155,000 |',
    '| tRPC over ws 11.2.0 | 10 |',
    '| *floors: no RPC, but what one is built on* | |',
    '| raw socket in Node | 900 |',
  ]);
});

test('a chart has the best first, and is logarithmic only where ours would vanish', () => {
  const bars = { title: '', unit: '', case: '64x11', cpus: 2, field: 'rate' };
  const drawn = (raw) =>
    barsOf(figuresOf([[rates('nearcall', 100), rates('raw', raw), rates('trpc', 10)]]), bars, 'light');
  expect(drawn(1000).option.yAxis.data).toEqual(['raw socket in Node', 'nearcall', 'tRPC over ws']);
  expect(drawn(1000).option.xAxis).toMatchObject({ type: 'value', min: 0 });
  expect(drawn(5000).option.xAxis).toMatchObject({ type: 'log', min: 1 });
  expect(drawn(5000).option.title.subtext).toContain('logarithmic');
  expect(barsOf(figuresOf([[rates('raw', 1)]]), bars, 'light')).toBeUndefined();
});

test('only what stands between the marks of the README is replaced', () => {
  const marks = ['<!-- measured: written by `pnpm bench:publish`, see bench/README.md -->', '<!-- /measured -->'];
  const once = withMeasured(`before\n${marks.join('\nold\n')}\nafter\n`, 'new');
  expect(once).toBe(`before\n${marks.join('\n\nnew\n\n')}\nafter\n`);
  expect(withMeasured(once, 'new')).toBe(once);
  expect(() => withMeasured('no marks', 'new')).toThrow('lacks');
});

test('the page of results names the budgets and each case', () => {
  const page = results({ figures: figuresOf([[rates('nearcall', 100, 120, 90), rates('hand', 50, 50, 50)]]) });
  expect(page).toContain('| 64x11 | 2 | rate / hand | at least 1.5x | 2.00x | 1.80x to 2.40x | met |');
  expect(page).toContain('## 64x11 on two CPUs, in calls');
  expect(page).toContain('| nearcall | 100 (90 to 120) |');
});

test('a rival that answers sooner is named where it is, and nobody else', () => {
  const p50 = (peer, us) => row(peer, '1x11', 1, [{ rate: 1000, p50: us }]);
  const said = (trpc) =>
    aheadSentence(figuresOf([[p50('nearcall', 20), p50('trpc', trpc), p50('raw', 10), p50('hand', 19)]]));
  expect(said(19)).toMatch(/sooner: tRPC over ws at 1x11 on one CPU\.$/);
  expect(said(21)).toContain('none');
});

test('a peer is measured in all rounds where a budget names it, and ours and its bases everywhere', () => {
  expect(['nearcall', 'raw', 'hand'].every((peer) => isHeld(peer, 'nested'))).toBe(true);
  expect(isHeld('ttrpc-go', '64x11')).toBe(true);
  expect(isHeld('ttrpc-go', 'nested')).toBe(false);
  expect(isHeld('imports', 'cold')).toBe(true);
});
