// How the cost of nearcall grows with what there is of everything (../README.md).
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { affinities } from '../affinities.mjs';
import { checkWritable } from '../output.mjs';
import { median, spread } from '../statistics.mjs';
import { inTurns } from '../turns.mjs';
import { growth, inWords, MOST } from './growth.mjs';
import { SERIES } from './series.mjs';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '0.2' },
    'warm-up': { type: 'string', default: '1.2' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const warmUp = Number(values['warm-up']);
const only = values.only?.split(',');
const names = SERIES.map(({ name }) => name);
const unknown = only?.find((name) => !names.includes(name));
if (unknown !== undefined) throw new Error(`--only takes ${names.join(', ')}; got "${unknown}"`);
const series = SERIES.filter(({ name }) => only?.includes(name) ?? true);
if (values.json) checkWritable(values.json);

const [place] = affinities({ cpus: [1] });
if (!place) throw new Error('both processes have to be on one CPU, which needs taskset');

// A process makes its first calls once: each round of these takes new ones.
const MOST_STARTS = 3;

const terminal = process.stderr.isTTY;
const failures = [];
const tell = {
  step({ title, x }, what) {
    if (terminal) process.stderr.write(`\r\x1b[Kscaling: ${title}: ${x}: ${what}`);
  },
  failure({ title, x }, cause) {
    failures.push(new Error(`${title}: ${x} failed`, { cause }));
  },
};

for (const { title, lines } of series) {
  const points = lines.flatMap((line) => line.points.map((point) => ({ ...line, point })));
  const entries = points.map(({ peer, measure, point: { x, load } }) => {
    const often = measure === 'load' ? rounds : Math.min(rounds, MOST_STARTS);
    return { title, x, peer, measure, load, affinity: place, warmUp, seconds, rounds: often };
  });
  const samples = await inTurns(entries, { again: 0, tell });
  for (const [i, { point }] of points.entries()) point.samples = samples[i].map(({ cpuUs }) => cpuUs);
}
if (terminal) process.stderr.write('\r\x1b[K');
if (failures.length > 0) throw new AggregateError(failures);

const charts = series.map(({ per, lines, ...chart }) => {
  const drawn = lines.map(({ name, points }) => ({
    name,
    points: points.map(({ x, samples }) => ({ x, y: median(samples), spread: spread(samples) })),
  }));
  const verdicts = drawn.map(({ name, points }) => ({ name, ...growth(points, per) }));
  return { ...chart, log: { x: true, y: true }, lines: drawn, verdicts };
});

for (const { title, x, y, lines, verdicts } of charts) {
  console.log(`\n${title} (${y.label}, ${y.unit})`);
  for (const { name, points } of lines) {
    for (const point of points) {
      const share = point.spread === undefined ? '' : `±${(point.spread * 50).toFixed(0)}%`;
      console.log(
        `  ${name.padEnd(16)}${String(point.x).padStart(9)} ${x.unit.padEnd(2)}${point.y.toFixed(2).padStart(11)} ${share}`,
      );
    }
  }
  for (const verdict of verdicts) console.log(`  ${inWords(verdict.name, verdict)}`);
}
// What others do is there to be compared with, and not ours to judge.
const faster = charts.flatMap(({ title, verdicts }) =>
  verdicts.filter(({ name, linear }) => !linear && name.startsWith('nearcall')).map(({ name }) => `${title} (${name})`),
);
if (faster.length > 0) {
  console.error(`\nscaling: FAILED: a unit costs more than ${MOST} times its least: ${faster.join(', ')}`);
  process.exitCode = 1;
} else {
  console.log(`\nscaling: nothing grows faster than linearly: no unit costs more than ${MOST} times its least`);
}

if (values.json) {
  const withWords = charts.map(({ verdicts, ...chart }) => ({
    ...chart,
    verdict: verdicts.map((verdict) => inWords(verdict.name, verdict)).join('. '),
  }));
  const found = { node: process.version, cpu: cpus()[0].model, rounds, charts: withWords };
  writeFileSync(values.json, `${JSON.stringify(found, null, 2)}\n`);
}
