import { aheadSentence } from './ahead.mjs';
import { budgets } from './budgets.mjs';
import { sentence } from './machine.mjs';
import { wrapped } from './readme.mjs';
import { STANDINGS, standingOf, titleOf } from './standing.mjs';

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });

const FIELDS = [
  { field: 'rate', head: 'a second' },
  { field: 'cpuUs', head: 'CPU µs' },
  { field: 'p50', head: 'p50 µs' },
  { field: 'p99', head: 'p99 µs' },
  { field: 'bulkRate', head: 'MiB/s beside' },
  { field: 'serverBytes', head: 'KiB at the server', scale: 1024 },
  { field: 'clientBytes', head: 'KiB at the client', scale: 1024 },
  { field: 'heldBytes', head: 'KiB held', scale: 1024 },
];

/** All that was measured, as a page: the budgets, then each case with every peer. */
export function results({ figures, machine, scaling }) {
  const runs = figures.runs() === 1 ? 'one run' : `${figures.runs()} runs`;
  const parts = [
    '# What was measured',
    wrapped(
      `Written by \`pnpm bench:publish\` from ${runs} of \`pnpm bench\`, on ${machine ? sentence(machine) : 'a machine that was not noted'}.`,
      'Each figure is the middle of its rounds, with the lowest and the highest behind it; [README.md](README.md) says',
      'what the cases are and how a figure comes about.',
    ),
    `## Budgets\n\n${budgetTable(figures)}`,
    `## Who is ahead\n\n${wrapped(aheadSentence(figures))}`,
  ];
  if (machine?.peers) {
    const versions = Object.entries(machine.peers).map(([peer, version]) => `${titleOf(peer)} ${version}`);
    parts.push(`## Versions\n\n${wrapped(`${versions.join(', ')}.`)}`);
  }
  const places = new Map();
  for (const row of figures.places()) {
    const name = `${row.case} on ${row.cpus === 1 ? 'one CPU' : 'two CPUs'}`;
    places.set(name, [...(places.get(name) ?? []), row]);
  }
  for (const [name, rows] of places) parts.push(`## ${name}, in ${rows[0].unit}\n\n${caseTable(figures, rows)}`);
  for (const { title, verdict } of scaling?.charts ?? []) {
    if (verdict) parts.push(`## ${title}\n\n${wrapped(verdict)}`);
  }
  return `${parts.join('\n\n')}\n`;
}

function budgetTable(figures) {
  const lines = budgets(figures).map((budget) => [
    budget.case,
    String(budget.cpus),
    budget.what,
    budget.limit,
    budget.value ?? '',
    budget.range ?? '',
    budget.measured ? (budget.met ? 'met' : '**not met**') : 'not measured',
  ]);
  return markdown(['case', 'CPUs', 'what', 'budget', 'measured', 'rounds', ''], lines, [1, 3, 4, 5]);
}

function caseTable(figures, rows) {
  const fields = FIELDS.filter(({ field }) => rows.some((row) => figures.of(row, field)));
  const sorted = STANDINGS.flatMap((standing) => rows.filter(({ peer }) => standingOf(peer) === standing));
  const lines = sorted.map((row) => [
    titleOf(row.peer),
    ...fields.map(({ field, scale }) => cell(figures.of(row, field), scale)),
  ]);
  const heads = ['', ...fields.map(({ head }) => head)];
  return markdown(
    heads,
    lines,
    fields.map((_, i) => i + 1),
  );
}

function cell(figure, scale = 1) {
  if (!figure) return '';
  const [middle, lowest, highest] = [figure.middle, figure.lowest, figure.highest].map((one) => shown(one / scale));
  return figure.count === 1 ? middle : `${middle} (${lowest} to ${highest})`;
}

function shown(value) {
  return number.format(Math.abs(value) < 1000 ? value : Math.round(value));
}

function markdown(heads, lines, rightColumns) {
  const rule = heads.map((_, i) => (rightColumns.includes(i) ? '--:' : '---'));
  return [heads, rule, ...lines].map((line) => `| ${line.join(' | ')} |`.replaceAll(/ +\|/g, ' |')).join('\n');
}
