// Says of runs that are in files what a run says at its end: who is ahead, the budgets, and what has changed.
import { parseArgs } from 'node:util';
import { aheadReport, budgetReport } from './report.mjs';
import { readFiles } from './results/files.mjs';
import { against, entryAt } from './results/history.mjs';

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  allowPositionals: true,
  options: { against: { type: 'string' } },
});
if (positionals.length === 0) throw new Error('usage: pnpm bench:summary ROWS.json... [--against ENTRY.json|last]');
const { figures } = readFiles(positionals);
console.log(`${aheadReport(figures)}\n\n${budgetReport(figures)}`);
if (values.against) console.log(`\n${against(figures, entryAt(values.against))}`);
