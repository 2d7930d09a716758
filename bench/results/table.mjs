import { STANDINGS, standingOf, titleOf } from './standing.mjs';

const many = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const few = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });

/** What a reader of the README looks for, each of one case. */
const COLUMNS = [
  { head: '64 calls in flight', unit: 'calls/s', case: '64x11', cpus: 2, field: 'rate' },
  { head: 'CPU of a call', unit: 'µs, on one CPU', case: '64x11', cpus: 1, field: 'cpuUs' },
  { head: 'one call, p50', unit: 'µs, on one CPU', case: '1x11', cpus: 1, field: 'p50' },
  { head: '1 KB objects', unit: 'calls/s', case: 'nested', cpus: 2, field: 'rate' },
  { head: 'stream', unit: 'items/s', case: 'stream', cpus: 2, field: 'rate' },
  { head: '1 MiB answers', unit: 'MiB/s', case: 'bulk', cpus: 2, field: 'rate' },
  { head: 'cold start', unit: 'ms', case: 'cold', cpus: 2, field: 'p50', scale: 1000 },
];

/** A line for each peer: ours, then those that check what they carry, those that do not, and the floors. */
export function table(figures, versions = {}) {
  const measured = [...new Set(figures.places().map(({ peer }) => peer))];
  const columns = COLUMNS.filter((column) => measured.some((peer) => figures.of({ peer, ...column }, column.field)));
  const lines = [
    ['', ...columns.map(({ head }) => head)],
    ['---', ...columns.map(() => '--:')],
    ['', ...columns.map(({ unit }) => unit)],
  ];
  for (const standing of STANDINGS) {
    const some = measured.filter((peer) => standingOf(peer) === standing);
    if (some.length > 0 && HEADINGS[standing]) lines.push([`*${HEADINGS[standing]}*`, ...columns.map(() => '')]);
    for (const peer of fastestFirst(some, figures)) {
      const name = standing === 'ours' ? `**${titleOf(peer)}**` : `${titleOf(peer)} ${shortly(versions[peer])}`.trim();
      const cells = columns.map((column) => cell(figures.of({ peer, ...column }, column.field), column.scale));
      lines.push([name, ...cells.map((text) => (standing === 'ours' && text ? `**${text}**` : text))]);
    }
  }
  return lines.map((line) => `| ${line.join(' | ')} |`.replaceAll(/ +\|/g, ' |')).join('\n');
}

const HEADINGS = {
  rival: 'check what they carry',
  other: 'check nothing',
  floor: 'floors: no RPC, but what one is built on',
};

function fastestFirst(peers, figures) {
  const rate = (peer) => figures.of({ peer, case: '64x11', cpus: 2 }, 'rate')?.middle ?? 0;
  return peers.toSorted((a, b) => rate(b) - rate(a));
}

function cell(figure, scale = 1) {
  if (!figure) return '';
  const value = figure.middle / scale;
  return value < 100 ? few.format(value) : many.format(Number(value.toPrecision(3)));
}

/** Of Debian's "1.51.1-3+b1" what people call the version. */
function shortly(version = '') {
  return version.replace(/^\d+:/, '').replace(/[-+~].*$/, '');
}
