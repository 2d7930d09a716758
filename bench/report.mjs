const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const percent = (share) => `±${(share * 50).toFixed(0)}%`;

export function table(rows) {
  const lines = rows.map((row) => [
    row.case,
    String(row.cpus),
    row.peer,
    count.format(row.rate),
    percent(row.spread.rate),
    row.cpuUs.toFixed(2),
    percent(row.spread.cpuUs),
    row.p50.toFixed(1),
    percent(row.spread.p50),
    row.p99.toFixed(1),
    (row.peakRss / 2 ** 20).toFixed(0),
  ]);
  const head = ['case', 'cpus', 'peer', 'calls/s', '', 'CPU µs', '', 'p50 µs', '', 'p99 µs', 'RSS MiB'];
  return align([head, ...lines], 3);
}

export function ratios(rows, peer, others) {
  const lines = rows
    .filter((row) => row.peer === peer)
    .flatMap((row) =>
      others.flatMap((other) => {
        const base = rows.find((r) => r.peer === other && r.case === row.case && r.cpus === row.cpus);
        if (!base) return [];
        const ratio = (field) => `${(row[field] / base[field]).toFixed(2)}x`;
        return [[row.case, String(row.cpus), `${peer}/${other}`, ratio('rate'), ratio('cpuUs'), ratio('p50')]];
      }),
    );
  if (lines.length === 0) return `no ratios: they need ${peer} and one of ${others.join(', ')}`;
  return align([['case', 'cpus', 'ratio', 'calls/s', 'CPU µs', 'p50 µs'], ...lines], 3);
}

function align(lines, leftColumns) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const pad = (cell, i) => (i < leftColumns ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}
