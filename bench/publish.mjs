// Makes everything that shows what was measured: the charts, the README's table, the page of results, and the history.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { installDependencies } from './dependencies.mjs';
import { BARS, barsOf } from './results/bars.mjs';
import { readFiles } from './results/files.mjs';
import { addEntry, entryOf } from './results/history.mjs';
import { linesOf } from './results/lines.mjs';
import { measured, withMeasured } from './results/readme.mjs';
import { results } from './results/results.mjs';

const CHARTS = new URL('./charts/', import.meta.url);
const RESULTS = new URL('./RESULTS.md', import.meta.url);
const README = new URL('../README.md', import.meta.url);

const { positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  allowPositionals: true,
});
if (positionals.length === 0) throw new Error('usage: pnpm bench:publish ROWS.json... [SCALING.json]');
const held = readFiles(positionals);

installDependencies();
const { draw } = await import('./results/draw.mjs');
// What is not drawn any more must not stay.
rmSync(CHARTS, { recursive: true, force: true });
mkdirSync(CHARTS);
const bars = BARS.filter((one) => barsOf(held.figures, one, 'light'));
for (const one of bars) draw(CHARTS, one.name, (theme) => barsOf(held.figures, one, theme));
for (const one of held.scaling?.charts ?? []) draw(CHARTS, `scaling-${one.name}`, (theme) => linesOf(one, theme));

writeFileSync(RESULTS, results(held));
writeFileSync(README, withMeasured(readFileSync(README, 'utf8'), measured({ ...held, bars })));
// Without a machine a later run could not know what it is held against.
if (held.machine)
  console.log(`history: ${addEntry(entryOf(held.figures, { machine: held.machine, runs: held.figures.runs() }))}`);
console.log(`drew ${bars.length + (held.scaling?.charts.length ?? 0)} charts; README.md and RESULTS.md are written`);
