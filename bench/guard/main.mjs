// Holds what a call costs against the figures of expected.json, and fails where one has grown (../README.md).
//
//     pnpm check:speed            about a minute
//     pnpm check:speed --write    takes the figures of expected.json anew, for the Node that runs
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { abilities } from '../abilities.mjs';
import { affinities } from '../affinities.mjs';
import { caseOf } from '../cases.mjs';
import { counts } from './counts.mjs';
import { cpuShare } from './cpu.mjs';
import { howToFind, letPass, print } from './figures.mjs';

const EXPECTED = new URL('./expected.json', import.meta.url);
const TIMES = 3;
const COUNTED = ['server', 'client'].flatMap((side) => ['bytes', 'reads', 'writes'].map((what) => `${side} ${what}`));

const MEASUREMENTS = [
  { name: '64x11', measure: cpuShare, held: ['share of CPU'] },
  { name: '1x11', measure: cpuShare, held: ['share of CPU'] },
  { name: 'stream', measure: cpuShare, held: ['share of CPU'] },
  { name: 'nested', measure: cpuShare, held: ['share of CPU'] },
  { name: '64x11', measure: counts, times: 300, held: COUNTED },
  { name: '1x11', measure: counts, times: 4000, held: COUNTED },
  // How the rows of a stream meet in reads and writes is the clock's doing.
  { name: 'stream', measure: counts, times: 10_000, held: ['server bytes', 'client bytes'] },
  { name: '1000x11', measure: counts, times: 40, held: COUNTED },
];

// Else hand would be another one where the bench's own dependencies are installed, which have msgpackr's native half.
process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: { write: { type: 'boolean', default: false } },
});

const [place] = affinities({ cpus: [1] });
if (place && process.platform === 'linux') await main(place);
else console.log('check:speed: skipped: it needs Linux, and taskset to have both processes on one CPU');

async function main(affinity) {
  for (const peer of ['hand', 'nearcall']) {
    const { obstacle } = await abilities(peer);
    if (obstacle) throw new Error(`${peer}: ${obstacle}`);
  }
  const major = process.versions.node.split('.')[0];
  const processor = cpus()[0].model;
  const all = JSON.parse(readFileSync(EXPECTED, 'utf8'));
  const expected = all[major];
  if (!expected && !values.write) {
    console.log(`check:speed: no figures for Node ${major}: nothing is held (check:speed --write takes them)`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'nearcall-guard-'));
  const figures = {};
  const grown = [];
  const shrunk = [];
  try {
    for (const one of MEASUREMENTS) {
      const found = await measured(one, {
        affinity,
        folder,
        expected,
        sameProcessor: processor === expected?.processor,
      });
      grown.push(...found.grown);
      shrunk.push(...found.shrunk);
      figures[one.name] = { ...figures[one.name], ...found.held };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (values.write) {
    writeFileSync(EXPECTED, `${JSON.stringify({ ...all, [major]: { processor, cases: figures } }, null, 2)}\n`);
    console.log(`check:speed: wrote these figures for Node ${major}`);
    return;
  }
  if (shrunk.length > 0) {
    console.log(
      `check:speed: less than expected: ${shrunk.join(', ')}. Take the figures anew by --write, or as much may be`,
    );
    console.log('lost again unseen.');
  }
  for (const line of grown) console.error(`check:speed: FAILED: ${line}`);
  if (grown.length > 0) process.exitCode = 1;
  else if (expected) console.log('check:speed: nothing has grown');
}

/** Takes it again, where it is over what is let pass or is to be written: what a busy machine did to it once must not count. */
async function measured({ name, measure, times, held }, { affinity, folder, expected, sameProcessor }) {
  const take = measure({ load: caseOf(name).load, affinity, folder, times });
  const base = values.write ? undefined : expected?.cases[name];
  const over = (taken) =>
    held.filter((figure) => taken[figure] > base?.[figure] * (1 + letPass(figure, sameProcessor)));
  let taken = await take();
  for (let i = 1; i < TIMES && (values.write || over(taken).length > 0); i++) taken = await take();

  for (const figure of held) console.log(line(name, figure, taken[figure], base?.[figure]));
  if (taken.rate) console.log(`${name.padEnd(9)}${'rate'.padEnd(14)}${taken.rate.toFixed(0)} a second, not held`);
  return {
    held: Object.fromEntries(held.map((figure) => [figure, Number(taken[figure].toPrecision(4))])),
    grown: over(taken).map(
      (figure) =>
        `${name}: ${figure}: ${compared(figure, taken[figure], base[figure])}, where ${percent(letPass(figure, sameProcessor))} ` +
        `is let pass. To find out: ${howToFind(figure)}. If it is worth that, \`pnpm check:speed --write\` takes it as the ` +
        'new figure; say in the commit why.',
    ),
    shrunk: held
      .filter((figure) => taken[figure] < base?.[figure] * (1 - letPass(figure, sameProcessor)))
      .map((figure) => `${figure} of ${name}`),
  };
}

function line(name, figure, value, base) {
  return `${name.padEnd(9)}${figure.padEnd(14)}${compared(figure, value, base)}`;
}

function compared(figure, value, base) {
  const held = base === undefined ? '' : `, expected ${print(figure, base)}: ${percent(value / base - 1)}`;
  return `${print(figure, value)}${held}`;
}

function percent(share) {
  return `${share < 0 ? '' : '+'}${(share * 100).toFixed(0)} %`;
}
