import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affinities } from './affinities.mjs';
import { installDependencies } from './dependencies.mjs';
import { measure, obstacle } from './measurement.mjs';
import { options } from './options.mjs';
import { ratios, table } from './report.mjs';
import { median, spread } from './statistics.mjs';

const { peers, cases, rounds, seconds, apart, json } = options(process.argv.slice(2));
installDependencies();

const able = [];
for (const peer of peers) {
  const reason = await obstacle(peer);
  if (reason) console.error(`bench: ${peer} skipped: ${reason}`);
  else able.push(peer);
}

const places = affinities({ apart });
const series = cases.flatMap(({ name, load }) =>
  places.flatMap((affinity) => able.map((peer) => ({ peer, name, load, affinity, samples: [] }))),
);

const folder = mkdtempSync(join(tmpdir(), 'nearcall-bench-'));
try {
  // A round takes every peer, so that a slow minute of the machine falls on all
  // of them; the order turns, so that none always follows the same neighbour.
  for (let round = 0; round < rounds; round++) {
    if (process.stderr.isTTY) console.error(`bench: round ${round + 1} of ${rounds}`);
    for (const [i, one] of (round % 2 ? series.toReversed() : series).entries()) {
      const path = join(folder, `${round}-${i}.sock`);
      one.samples.push(await measure({ ...one, seconds, path }));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const rows = series.map(({ peer, name, affinity, samples }) => {
  const over = (summary, fields) =>
    Object.fromEntries(fields.map((field) => [field, summary(samples.map((s) => s[field]))]));
  return {
    peer,
    case: name,
    cpus: affinity.cpus,
    ...over(median, ['rate', 'cpuUs', 'p50', 'p99', 'peakRss', 'othersCpus']),
    spread: over(spread, ['rate', 'cpuUs', 'p50']),
  };
});

console.log(table(rows));
const disturbed = rows.filter(({ othersCpus }) => othersCpus > 0.15);
if (disturbed.length > 0) {
  // Other work pushes both processes onto one CPU, and the rows for two CPUs then say the same as those for one.
  console.log(`\nDISTURBED: other work took more than 0.15 CPUs in ${disturbed.length} of ${rows.length} rows`);
}
console.log();
console.log(ratios(rows, 'nearcall', ['raw', 'hand']));
if (json) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
