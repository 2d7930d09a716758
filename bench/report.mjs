const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const percent = (share) => `±${(share * 50).toFixed(0)}%`;

export function table(rows) {
  const lines = rows.map((row) => [
    row.case,
    String(row.cpus),
    row.peer,
    cell(row.rate, count.format),
    row.rate === undefined ? '' : `${row.unit}/s`,
    cell(row.spread?.rate, percent, ''),
    cell(row.cpuUs, (us) => us.toFixed(2)),
    cell(row.spread?.cpuUs, percent, ''),
    cell(row.p50, (us) => us.toFixed(1)),
    cell(row.spread?.p50, percent, ''),
    cell(row.p99, (us) => us.toFixed(1)),
    cell(row.peakRss, (bytes) => (bytes / 2 ** 20).toFixed(0)),
    cell(row.bulkRate, (rate) => `${count.format(rate)} MiB/s`, ''),
  ]);
  const head = ['case', 'cpus', 'peer', 'rate', '', '', 'CPU µs', '', 'p50 µs', '', 'p99 µs', 'RSS MiB', 'beside'];
  return align([head, ...lines], [0, 1, 2, 4]);
}

/** What each case measures. The CPU time is that of both processes, for one of what the rate counts. */
export function legend(cases) {
  return align(
    cases.map(({ name, unit, means }) => [name, `${unit}/s`, means]),
    [0, 1, 2],
  );
}

export function ratios(rows, peer, others) {
  const lines = rows
    .filter((row) => row.peer === peer && row.rate !== undefined)
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

function cell(value, format, absent = '-') {
  return value === undefined || Number.isNaN(value) ? absent : format(value);
}

function align(lines, leftColumns) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const pad = (text, i) => (leftColumns.includes(i) ? text.padEnd(widths[i]) : text.padStart(widths[i]));
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
