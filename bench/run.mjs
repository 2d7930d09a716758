import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abilities } from './abilities.mjs';
import { affinities } from './affinities.mjs';
import { installDependencies } from './dependencies.mjs';
import { undisturbed } from './disturbed.mjs';
import { options } from './options.mjs';
import { checkWritable } from './output.mjs';
import { report } from './report.mjs';
import { isHeld } from './results/budgets.mjs';
import { figuresOf } from './results/figures.mjs';
import { against, entryAt } from './results/history.mjs';
import { machine, writeMachine } from './results/machine.mjs';
import { median, spread } from './statistics.mjs';

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

const places = affinities({ cpus, apart });
const series = cases.flatMap((one) =>
  // Memory is the same on one CPU and on two.
  (one.measuresMemory ? places.slice(0, 1) : places).flatMap((affinity) =>
    able
      .filter(({ can }) => one.needs.every((need) => can.includes(need)))
      .map((peer) => ({ ...one, ...peer, affinity, samples: [] })),
  ),
);

const folder = mkdtempSync(join(tmpdir(), 'nearcall-bench-'));
try {
  // A round takes one peer after the other, so that a slow minute of the machine falls on all
  // of them; the order turns, so that none always follows the same neighbour.
  for (let round = 0; round < rounds; round++) {
    const taken = series.filter(({ peer, name }) => round < (isHeld(peer, name) ? rounds : others));
    for (const [i, one] of (round % 2 ? taken.toReversed() : taken).entries()) {
      const where = `${one.peer} at ${one.name} on ${one.affinity.cpus} CPUs`;
      if (process.stderr.isTTY) {
        process.stderr.write(`\r\x1b[Kbench: round ${round + 1} of ${rounds}, ${i + 1} of ${taken.length}: ${where}`);
      }
      const { measure } = await import(`./measures/${one.measure}.mjs`);
      try {
        const path = (time) => join(folder, `${round}-${i}-${time}.sock`);
        const sample = (time) => measure({ ...one, seconds, warmUp, path: path(time) });
        one.samples.push({ round, ...(await undisturbed(again, sample)) });
      } catch (error) {
        // The rest of what may be an hour's run is worth having all the same.
        console.error(`\nbench: ${where} FAILED:`, error);
        process.exitCode = 1;
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

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
