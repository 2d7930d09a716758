import { parseArgs } from 'node:util';
import { Campaign } from './campaign.ts';
import { TARGETS } from './targets.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    case: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const count = Number(values.cases);
const seed = Number(values.seed);
const only = values.case === undefined ? undefined : Number(values.case);
const targets = TARGETS.filter(({ name }) => values.target === undefined || values.target === name);
if (values.help || ![count, seed, only ?? 0].every(Number.isSafeInteger) || count < 1 || targets.length === 0) {
  const names = TARGETS.map(({ name }) => name).join('|');
  console.error(`Usage: pnpm fuzz [--cases N] [--seed S] [--target ${names}] [--case K, of one target]`);
  process.exit(values.help ? 0 : 2);
}

/** A find may come again and again: so many of a target are printed, and then it is given up. */
const ENOUGH = 10;

// Most of what is refused is an error, whose stack is most of its cost. A case that runs alone shows its own.
if (only === undefined) Error.stackTraceLimit = 0;

const shares = targets.reduce((sum, { share }) => sum + share, 0);
let [cases, finds, milliseconds] = [0, 0, 0];
for (const target of targets) {
  const campaign = new Campaign(target, seed);
  if (only !== undefined) await campaign.run(only, (what) => console.log(what()));
  const share = only === undefined ? Math.ceil((count * target.share) / shares) : 0;
  for (let number = 0; number < share && campaign.finds.length < ENOUGH; number++) {
    await campaign.run(number);
  }
  campaign.stop();
  report(campaign);
  cases += campaign.cases;
  finds += campaign.finds.length;
  milliseconds += campaign.milliseconds;
}
console.log(`${cases} cases, ${rate(cases, milliseconds)}, ${finds} finds`);
process.exitCode = finds > 0 ? 1 : 0;

function report({ target, cases, fed, finds, milliseconds, slowest, most }: Campaign): void {
  for (const find of finds) {
    const again = `pnpm fuzz --target ${target.name} --seed ${seed} --case ${find.case}`;
    console.log(`${target.name}, case ${find.case}: ${find.what} (again: ${again})`);
  }
  const parts = [
    `${cases} cases`,
    `${(fed / 1e6).toFixed(1)} MB`,
    rate(cases, milliseconds),
    `slowest ${slowest.milliseconds.toFixed(1)} ms (case ${slowest.case})`,
    `most memory ${(most.bytes / 1024).toFixed(0)} KiB (case ${most.case})`,
    `${finds.length} finds`,
  ];
  console.log(`${`${target.name}:`.padEnd(13)}${parts.join(', ')}`);
}

function rate(cases: number, milliseconds: number): string {
  return `${((cases / Math.max(milliseconds, 1)) * 1000).toFixed(0)} a second`;
}
