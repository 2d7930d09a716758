// Lets servers and clients work at full load while they are killed, stopped and cut off, and looks that nothing is lost
// and nothing grows:
//
//     pnpm soak                    one minute
//     pnpm soak --minutes 60
//     pnpm soak --seed 7           other faults; which calls they meet is up to the machine
//     pnpm soak --leak object      a server that leaks, to see that it is found: LEAKS in leak.ts
import { parseArgs } from 'node:util';
import { judge } from './judge.ts';
import { LEAKS, type Leak } from './leak.ts';
import { print } from './print.ts';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 1e6)}` },
    leak: { type: 'string', default: 'none' },
    help: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.minutes) * 60;
const seed = Number(values.seed);
const leak = values.leak as Leak;
if (values.help || !(seconds > 0) || !Number.isInteger(seed) || !LEAKS.includes(leak)) {
  console.error(`Usage: pnpm soak [--minutes N] [--seed S] [--leak ${LEAKS.join('|')}]`);
  process.exit(values.help ? 0 : 2);
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));
const soaked = await soak({ seconds, seed, leak, progress: console.log });
const verdict = judge(soaked, seconds);
print(soaked, verdict, { seconds, seed });
process.exitCode = verdict.wrong.length === 0 ? 0 : 1;
