import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affinities } from './affinities.mjs';
import { installDependencies } from './dependencies.mjs';
import { abilities, measure } from './measurement.mjs';
import { options } from './options.mjs';
import { legend, ratios, table } from './report.mjs';
import { median, spread } from './statistics.mjs';

const { peers, cases, rounds, seconds, warmUp, cpus, apart, json } = options(process.argv.slice(2));
installDependencies();

const able = [];
for (const peer of peers) {
  const { can, obstacle } = await abilities(peer);
  if (obstacle) console.error(`bench: ${peer} skipped: ${obstacle}`);
  else able.push({ peer, can });
}

const places = affinities({ cpus, apart });
const all = cases.flatMap((one) =>
  places.flatMap((affinity) => able.map(({ peer, can }) => ({ ...one, peer, can, affinity, samples: [] }))),
);
const series = all.filter(({ can, load }) => can.includes(load.kind));

const folder = mkdtempSync(join(tmpdir(), 'nearcall-bench-'));
try {
  // A round takes every peer, so that a slow minute of the machine falls on all
  // of them; the order turns, so that none always follows the same neighbour.
  for (let round = 0; round < rounds; round++) {
    if (process.stderr.isTTY) console.error(`bench: round ${round + 1} of ${rounds}`);
    for (const [i, one] of (round % 2 ? series.toReversed() : series).entries()) {
      const path = join(folder, `${round}-${i}.sock`);
      one.samples.push(await measure({ ...one, seconds, warmUp, path }));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const rows = all.map(({ peer, name, unit, affinity, samples }) => {
  if (samples.length === 0) return { peer, case: name, cpus: affinity.cpus };
  const over = (summary, fields) =>
    Object.fromEntries(fields.map((field) => [field, summary(samples.map((s) => s[field]))]));
  return {
    peer,
    case: name,
    cpus: affinity.cpus,
    unit,
    ...over(median, ['rate', 'cpuUs', 'p50', 'p99', 'bulkRate', 'peakRss', 'othersCpus']),
    spread: over(spread, ['rate', 'cpuUs', 'p50']),
  };
});

console.log(legend(cases));
console.log();
console.log(table(rows));
const disturbed = rows.filter(({ othersCpus }) => othersCpus > 0.15);
if (disturbed.length > 0) {
  // Other work pushes both processes onto one CPU, and the rows for two CPUs then say the same as those for one.
  console.log(`\nDISTURBED: other work took more than 0.15 CPUs in ${disturbed.length} of ${rows.length} rows`);
}
console.log();
console.log(ratios(rows, 'nearcall', ['raw', 'hand', 'effect']));
if (json) {
  const measured = rows.filter(({ rate }) => rate !== undefined);
  const orNull = (_, value) => value ?? null;
  writeFileSync(json, `${JSON.stringify(measured, orNull, 2)}\n`);
}
