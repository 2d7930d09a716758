// Puts runs of several versions of Node beside each other, as a table.
import { readFileSync } from 'node:fs';
import { readMachine } from './results/machine.mjs';
import { median } from './statistics.mjs';

/** What is compared of a case, where that is not the CPU time. */
const OF = {
  idle: { of: 'KiB', value: ({ serverBytes, clientBytes }) => (serverBytes + clientBytes) / 1024 },
  cold: { of: 'ms', value: ({ p50 }) => p50 / 1000 },
};
const CPU = { of: 'CPU µs', value: ({ cpuUs }) => cpuUs };
const AGAINST = ['raw', 'hand'];

const files = process.argv.slice(2).filter((arg) => arg !== '--');
if (files.length === 0)
  throw new Error('usage: node bench/nodes.mjs ROWS.json... (one or more of each version of Node)');
const nodes = new Map();
for (const file of files) {
  const { node } = readMachine(file);
  nodes.set(node, [...(nodes.get(node) ?? []), ...JSON.parse(readFileSync(file, 'utf8'))]);
}

const places = new Map();
for (const { case: name, cpus } of [...nodes.values()].flat()) places.set(`${name} ${cpus}`, { name, cpus });

const head = ['case', 'CPUs', 'of', ...nodes.keys()];
console.log(`| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}`);
for (const { name, cpus } of places.values()) {
  const { of, value } = OF[name] ?? CPU;
  const cells = [...nodes.values()].map((rows) => cell(rows, name, cpus, value));
  console.log(`| ${[`\`${name}\``, cpus, of, ...cells].join(' | ')} |`);
}

/** The median of ours, and of its ratios to raw and to hand, each taken within a round. */
function cell(rows, name, cpus, value) {
  const samplesOf = (peer) => rows.find((row) => row.peer === peer && row.case === name && row.cpus === cpus)?.samples;
  const ours = samplesOf('nearcall');
  if (ours === undefined) return '';
  const ratios = AGAINST.map((peer) => {
    const theirs = samplesOf(peer);
    if (theirs === undefined) return '-';
    const inRound = ours.flatMap((sample) => {
      const other = theirs.find(({ round }) => round === sample.round);
      return other === undefined ? [] : [value(sample) / value(other)];
    });
    return median(inRound).toFixed(2);
  });
  return [rounded(median(ours.map(value))), ...ratios].join(' · ');
}

function rounded(figure) {
  return figure < 100 ? figure.toFixed(1 + (figure < 10)) : Math.round(figure).toLocaleString('en');
}
