import { parseArgs } from 'node:util';
import { outcomes } from './outcomes.ts';
import { run } from './run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    outcomes: { type: 'boolean', default: false },
  },
});

const count = Number(values.seeds);
const from = Number(values.from);
if (!Number.isInteger(count) || !Number.isInteger(from) || count < 1) {
  console.error('Usage: pnpm sim [--seeds N] [--from S] [--trace, with one seed] [--outcomes]');
  process.exit(2);
}

let failed = 0;
const seen = new Map<string, number>();
for (let seed = from; seed < from + count; seed++) {
  const { broken, trace, world } = await run(seed, values.trace && count === 1);
  for (const line of trace) console.log(line);
  if (values.outcomes) for (const outcome of outcomes(world)) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  if (broken === undefined) continue;
  failed++;
  console.log(`seed ${seed}: ${broken} (again: pnpm sim --seeds 1 --from ${seed} --trace)`);
}
for (const [outcome, times] of [...seen].sort()) console.log(`${String(times).padStart(8)}  ${outcome}`);
console.log(`${count - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
