import { parseArgs } from 'node:util';
import { channelOutcomes } from './channel/channel-outcomes.ts';
import { runChannel } from './channel/run-channel.ts';
import { outcomes } from './outcomes.ts';
import { run } from './run.ts';

/** How one seed of a world went. */
interface Result {
  readonly broken: string | undefined;
  readonly trace: readonly string[];
  readonly outcomes: readonly string[];
}

/** What a seed may be run in, and for every how many seeds it is where nobody says which. */
const WORLDS = {
  /** Both ends of one connection. */
  connection: {
    each: 1,
    async run(seed: number, traced: boolean): Promise<Result> {
      const { broken, trace, world } = await run(seed, traced);
      return { broken, trace, outcomes: outcomes(world) };
    },
  },
  /** One client, and servers that come and go. */
  channel: {
    each: 4,
    async run(seed: number, traced: boolean): Promise<Result> {
      const { broken, trace, world } = await runChannel(seed, traced);
      return { broken, trace, outcomes: channelOutcomes(world) };
    },
  },
} as const;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    world: { type: 'string' },
    trace: { type: 'boolean', default: false },
    outcomes: { type: 'boolean', default: false },
  },
});

const count = Number(values.seeds);
const from = Number(values.from);
const known = values.world === undefined || Object.hasOwn(WORLDS, values.world);
if (!Number.isInteger(count) || !Number.isInteger(from) || count < 1 || !known) {
  const worlds = Object.keys(WORLDS).join('|');
  console.error(`Usage: pnpm sim [--seeds N] [--from S] [--world ${worlds}] [--trace, with one seed] [--outcomes]`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
const seen = new Map<string, number>();
for (let seed = from; seed < from + count; seed++) {
  for (const [name, world] of Object.entries(WORLDS)) {
    const meant = values.world === undefined ? seed % world.each === 0 : values.world === name;
    if (!meant) continue;
    const result = await world.run(seed, values.trace && count === 1);
    for (const line of result.trace) console.log(line);
    if (values.outcomes) for (const outcome of result.outcomes) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    if (result.broken === undefined) passed++;
    else {
      failed++;
      const again = `pnpm sim --world ${name} --seeds 1 --from ${seed} --trace`;
      console.log(`seed ${seed}: ${result.broken} (again: ${again})`);
    }
  }
}
for (const [outcome, times] of [...seen].sort()) console.log(`${String(times).padStart(8)}  ${outcome}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
