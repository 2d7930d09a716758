// How the cost of nearcall grows with what there is of everything (../README.md).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { affinities } from '../affinities.mjs';
import { checkWritable } from '../output.mjs';
import { Pair } from '../pair.mjs';
import { median, spread } from '../statistics.mjs';
import { growth, inWords, MOST } from './growth.mjs';
import { SERIES } from './series.mjs';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '0.4' },
    'warm-up': { type: 'string', default: '1.2' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const only = values.only?.split(',');
const names = SERIES.map(({ name }) => name);
const unknown = only?.find((name) => !names.includes(name));
if (unknown !== undefined) throw new Error(`--only takes ${names.join(', ')}; got "${unknown}"`);
const series = SERIES.filter(({ name }) => only?.includes(name) ?? true);
if (values.json) checkWritable(values.json);

const [place] = affinities({ cpus: [1] });
if (!place) throw new Error('both processes have to be on one CPU, which needs taskset');

const all = series.flatMap(({ lines }) => lines.flatMap((line) => line.points.map((point) => ({ ...line, point }))));
for (const { point } of all) point.samples = [];
const folder = mkdtempSync(join(tmpdir(), 'nearcall-scaling-'));
try {
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of (round % 2 ? all.toReversed() : all).entries()) {
      if (process.stderr.isTTY) {
        process.stderr.write(
          `\r\x1b[Kscaling: round ${round + 1} of ${rounds}, ${i + 1} of ${all.length}: ${one.name}`,
        );
      }
      one.point.samples.push(await sample(one));
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const charts = series.map(({ per, lines, ...chart }) => {
  const drawn = lines.map(({ name, points }) => ({
    name,
    points: points.map(({ x, samples }) => pointOf(x, samples)),
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

async function sample({ peer, cold, point: { load } }) {
  const pair = new Pair({ peer, load, folder, cpu: place.server });
  try {
    await pair.open();
    if (cold) return (await pair.cost({ seconds: 60 })).cpuUs;
    await pair.run({ seconds: Number(values['warm-up']) });
    return (await pair.cost({ seconds: Number(values.seconds) })).cpuUs;
  } finally {
    await pair.end();
  }
}

function pointOf(x, samples) {
  return { x, y: median(samples), spread: spread(samples) };
}
