import { isDisturbed, MOST_OTHERS } from './disturbed.mjs';

const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const percent = (share) => `±${(share * 50).toFixed(0)}%`;
const kib = (bytes) => (bytes / 1024).toFixed(1);

const OTHERS = ['raw', 'hand', 'effect', 'ttrpc-go', 'grpc-cpp'];

// Those that do what ours does: an RPC whose messages have checked types.
const RIVALS = [
  'effect',
  'grpc-js',
  'connect-es',
  'trpc',
  'orpc',
  'fastify',
  'grpc-cpp',
  'capnp-cpp',
  'grpc-go',
  'ttrpc-go',
];

/** All that a run says at its end: what the cases mean, a table for each way of measuring, and ratios. */
export function report(rows, cases) {
  const measured = (measure) => rows.filter((row) => row.measure === measure);
  const parts = [legend(cases)];
  if (measured('load').length > 0) parts.push(loads(measured('load')));
  if (measured('cold').length > 0) parts.push(cold(measured('cold')));
  if (measured('idle').length > 0) parts.push(idle(measured('idle')));
  const disturbed = rows.filter(isDisturbed).length;
  if (disturbed > 0) {
    parts.push(
      `DISTURBED, with a !: other work took more than ${MOST_OTHERS} CPUs in ${disturbed} of ${rows.length} rows`,
    );
  }
  parts.push(ratios(rows, 'nearcall', OTHERS), ahead(measured('load'), 'nearcall'));
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

function ratios(rows, peer, others) {
  const lines = rows
    .filter((row) => row.peer === peer)
    .flatMap((row) =>
      others.flatMap((other) => {
        const base = rows.find((r) => r.peer === other && r.case === row.case && r.cpus === row.cpus);
        if (!base) return [];
        const ratio = (field) => cell(row[field] / base[field], (value) => `${value.toFixed(2)}x`);
        return [[row.case, String(row.cpus), `${peer}/${other}`, ratio('rate'), ratio('cpuUs'), ratio('p50')]];
      }),
    );
  if (lines.length === 0) return `no ratios: they need ${peer} and one of ${others.join(', ')}`;
  return align([['case', 'cpus', 'ratio', 'rate', 'CPU µs', 'p50 µs'], ...lines], [0, 1, 2]);
}

/** Where another RPC that checks what it carries does more a second, or answers sooner. */
function ahead(rows, peer) {
  const lines = rows
    .filter((row) => row.peer === peer)
    .flatMap((ours) =>
      rows
        .filter((row) => RIVALS.includes(row.peer) && row.case === ours.case && row.cpus === ours.cpus)
        .filter((row) => row.rate > ours.rate || row.p50 < ours.p50)
        .map((row) => {
          const times = (ratio) => cell(ratio, (value) => `${value.toFixed(2)}x`);
          return [row.case, String(row.cpus), row.peer, times(row.rate / ours.rate), times(row.p50 / ours.p50)];
        }),
    );
  if (lines.length === 0) return `AHEAD of ${peer} in rate or p50: none`;
  return `AHEAD of ${peer} in rate or p50:\n${align([['case', 'cpus', 'peer', 'rate', 'p50'], ...lines], [0, 1, 2])}`;
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
