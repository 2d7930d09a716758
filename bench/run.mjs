import { writeFileSync } from 'node:fs';
import { abilities } from './abilities.mjs';
import { affinities } from './affinities.mjs';
import { installDependencies } from './dependencies.mjs';
import { options } from './options.mjs';
import { checkWritable } from './output.mjs';
import { report } from './report.mjs';
import { isHeld } from './results/budgets.mjs';
import { figuresOf } from './results/figures.mjs';
import { against, entryAt } from './results/history.mjs';
import { machine, writeMachine } from './results/machine.mjs';
import { median, spread } from './statistics.mjs';
import { inTurns } from './turns.mjs';

const { peers, cases, rounds, others, seconds, warmUp, again, cpus, apart, json, comparedTo } = options(
  process.argv.slice(2),
);
if (json) checkWritable(json);
// Before the run: a wrong name is not to be found out half an hour later.
const earlier = comparedTo && entryAt(comparedTo);
installDependencies();
const began = performance.now();
// Now, for who works on meanwhile must not have the figures told as those of what comes next.
const ranOn = machine();

const able = [];
for (const peer of peers) {
  const { obstacle, ...found } = await abilities(peer);
  if (obstacle) console.error(`bench: ${peer} skipped: ${obstacle}`);
  else able.push({ peer, ...found });
}

const terminal = process.stderr.isTTY;
const tell = {
  step({ peer, name, affinity }, what) {
    if (terminal) process.stderr.write(`\r\x1b[Kbench: ${name} on ${affinity.cpus} CPUs: ${peer}: ${what}`);
  },
  failure({ peer, name, affinity }, error) {
    console.error(`\nbench: ${peer} at ${name} on ${affinity.cpus} CPUs FAILED:`, error);
    process.exitCode = 1;
  },
};

const places = affinities({ cpus, apart });
const series = [];
for (const one of cases) {
  // Memory is the same on one CPU and on two, from one round to the next, and slow to measure.
  const often = (times) => (one.measuresMemory ? Math.ceil(times / 3) : times);
  for (const affinity of one.measuresMemory ? places.slice(0, 1) : places) {
    const entries = able
      .filter(({ can }) => one.needs.every((need) => can.includes(need)))
      .map((peer) => ({ ...one, ...peer, affinity, seconds, warmUp }))
      .map((entry) => ({ ...entry, rounds: often(isHeld(entry.peer, one.name) ? rounds : others) }));
    if (entries.length === 0) continue;
    const samples = await inTurns(entries, { again, tell });
    series.push(...entries.map((entry, i) => ({ ...entry, samples: samples[i] })));
  }
}
if (terminal) process.stderr.write('\r\x1b[K');

const rows = series
  .filter(({ samples }) => samples.length > 0)
  .map(({ peer, name, unit, measure, affinity, samples }) => {
    const over = (summary, fields) =>
      Object.fromEntries(fields.map((field) => [field, summary(samples.map((sample) => sample[field]))]));
    return {
      peer,
      case: name,
      cpus: affinity.cpus,
      unit,
      measure,
      rounds: samples.length,
      ...over(median, [
        'rate',
        'cpuUs',
        'p50',
        'p99',
        'bulkRate',
        'peakRss',
        'serverBytes',
        'clientBytes',
        'heldBytes',
        'othersCpus',
      ]),
      spread: over(spread, ['rate', 'cpuUs', 'p50', 'p99', 'serverBytes', 'clientBytes', 'heldBytes']),
      samples,
    };
  });

if (json) {
  const orNull = (_, value) => value ?? null;
  writeFileSync(json, `${JSON.stringify(rows, orNull, 2)}\n`);
  const minutes = Number(((performance.now() - began) / 60_000).toFixed(1));
  writeMachine(json, { ...ranOn, options: { rounds, others, seconds, warmUp }, minutes });
}
const figures = figuresOf([rows]);
console.log(report(rows, cases, figures));
if (comparedTo) console.log(`\n${against(figures, earlier)}`);
