import { isDisturbed, MOST_OTHERS } from './disturbed.mjs';
import { ahead } from './results/ahead.mjs';
import { budgets } from './results/budgets.mjs';

const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const percent = (share) => `±${(share * 50).toFixed(0)}%`;
const kib = (bytes) => (bytes / 1024).toFixed(1);

const OTHERS = ['raw', 'hand', 'effect', 'ttrpc-go', 'grpc-cpp'];

/** All that a run says at its end: what the cases mean, a table for each way of measuring, and ratios. */
export function report(rows, cases, figures) {
  const measured = (measure) => rows.filter((row) => row.measure === measure);
  const parts = [legend(cases)];
  if (measured('load').length > 0) parts.push(loads(measured('load')));
  if (measured('cold').length > 0) parts.push(cold(measured('cold')));
  if (measured('idle').length > 0) parts.push(idle(measured('idle')));
  if (measured('slow-reader').length > 0) parts.push(held(measured('slow-reader')));
  const disturbed = rows.filter(isDisturbed).length;
  if (disturbed > 0) {
    parts.push(
      `DISTURBED, with a !: other work took more than ${MOST_OTHERS} CPUs in ${disturbed} of ${rows.length} rows`,
    );
  }
  parts.push(ratios(rows, 'nearcall', OTHERS, figures), aheadReport(figures), budgetReport(figures));
  return parts.join('\n\n');
}

/** What each case measures. The CPU time is that of both processes, for one of what the rate counts. */
function legend(cases) {
  return align(
    cases.map(({ name, unit, means }) => [name, unit, means]),
    [0, 1, 2],
  );
}

function loads(rows) {
  const lines = rows.map((row) => [
    ...place(row),
    cell(row.rate, count.format),
    `${row.unit}/s`,
    cell(row.spread.rate, percent, ''),
    cell(row.cpuUs, (us) => us.toFixed(2)),
    cell(row.spread.cpuUs, percent, ''),
    cell(row.p50, (us) => us.toFixed(1)),
    cell(row.spread.p50, percent, ''),
    cell(row.p99, (us) => us.toFixed(1)),
    cell(row.peakRss, (bytes) => (bytes / 2 ** 20).toFixed(0)),
    cell(row.bulkRate, (rate) => `${count.format(rate)} MiB/s`, ''),
  ]);
  const head = ['case', 'cpus', 'peer', '', 'rate', '', '', 'CPU µs', '', 'p50 µs', '', 'p99 µs', 'RSS MiB', 'beside'];
  return align([head, ...lines], [0, 1, 2, 3, 5]);
}

function cold(rows) {
  const ms = (us) => (us / 1000).toFixed(1);
  const lines = rows.map((row) => [
    ...place(row),
    ms(row.p50),
    cell(row.spread.p50, percent, ''),
    ms(row.p99),
    ms(row.cpuUs),
    (row.peakRss / 2 ** 20).toFixed(0),
  ]);
  const head = ['case', 'cpus', 'peer', '', 'p50 ms', '', 'p99 ms', "client's CPU ms", 'RSS MiB'];
  return align([head, ...lines], [0, 1, 2, 3]);
}

function idle(rows) {
  const lines = rows.map((row) => [
    ...place(row),
    kib(row.serverBytes),
    cell(row.spread.serverBytes, percent, ''),
    kib(row.clientBytes),
    cell(row.spread.clientBytes, percent, ''),
  ]);
  const head = ['case', 'cpus', 'peer', '', 'KiB at the server', '', 'at the client', ''];
  return align([head, ...lines], [0, 1, 2, 3]);
}

/** What was promised, what was measured of it, and whether it is kept. */
export function budgetReport(figures) {
  const found = budgets(figures).filter(({ measured }) => measured);
  if (found.length === 0) return 'no budgets: they need nearcall and what each is held against';
  const lines = found.map((budget) => [
    budget.case,
    String(budget.cpus),
    budget.what,
    budget.limit,
    budget.value,
    budget.range,
    budget.met ? 'met' : 'NOT MET',
  ]);
  const missed = found.filter(({ met }) => !met).length;
  const head = ['case', 'cpus', 'what', 'budget', 'measured', 'rounds', ''];
  return `BUDGETS: ${found.length - missed} of ${found.length} met\n${align([head, ...lines], [0, 1, 2, 6])}`;
}

function held(rows) {
  const lines = rows.map((row) => [...place(row), kib(row.heldBytes), cell(row.spread.heldBytes, percent, '')]);
  return align([['case', 'cpus', 'peer', '', 'KiB at both ends', ''], ...lines], [0, 1, 2, 3]);
}

function ratios(rows, peer, others, figures) {
  const lines = rows
    .filter((row) => row.peer === peer)
    .flatMap((row) =>
      others.flatMap((other) => {
        if (!rows.some((r) => r.peer === other && r.case === row.case && r.cpus === row.cpus)) return [];
        const ratio = (field) => cell(figures.ratio(row, other, field)?.middle, (value) => `${value.toFixed(2)}x`);
        return [[row.case, String(row.cpus), `${peer}/${other}`, ratio('rate'), ratio('cpuUs'), ratio('p50')]];
      }),
    );
  if (lines.length === 0) return `no ratios: they need ${peer} and one of ${others.join(', ')}`;
  return align([['case', 'cpus', 'ratio', 'rate', 'CPU µs', 'p50 µs'], ...lines], [0, 1, 2]);
}

/** Where a rival is ahead of ours. */
export function aheadReport(figures) {
  const times = (ratio) => cell(ratio, (value) => `${value.toFixed(2)}x`);
  const lines = ahead(figures).map((row) => [row.case, String(row.cpus), row.peer, times(row.rate), times(row.p50)]);
  if (lines.length === 0) return 'AHEAD of nearcall in rate or p50: none';
  return `AHEAD of nearcall in rate or p50:\n${align([['case', 'cpus', 'peer', 'rate', 'p50'], ...lines], [0, 1, 2])}`;
}

function place(row) {
  return [row.case, String(row.cpus), row.peer, isDisturbed(row) ? '!' : ''];
}

function cell(value, format, absent = '-') {
  return value === undefined || Number.isNaN(value) ? absent : format(value);
}

function align(lines, leftColumns) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const pad = (text, i) => (leftColumns.includes(i) ? text.padEnd(widths[i]) : text.padStart(widths[i]));
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
