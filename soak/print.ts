import { course } from './flatness.ts';
import type { Verdict } from './judge.ts';
import { type Soaked, sum } from './soak.ts';

/** What a run was, for the line that machines read. */
export interface Run {
  readonly seconds: number;
  readonly seed: number;
}

/** Prints what came out: for people, and in one line of JSON. */
export function print(soaked: Soaked, { measured, wrong }: Verdict, { seconds, seed }: Run): void {
  const { ledgers, faults, reports, watches } = soaked;
  const outcomes = sum(ledgers.map((ledger) => ledger.outcomes));
  const calls = total(ledgers.map(({ settled }) => settled));
  const latest = Math.max(...ledgers.map((ledger) => ledger.latest));

  console.log(`${calls} calls in ${seconds} s, ${Math.round(calls / seconds)} a second; seed ${seed}`);
  console.log(`the latest settled ${Math.round(latest)} ms after its deadline`);
  for (const { name, samples } of watches) {
    const lag = Math.max(0, ...samples.map(({ sample }) => sample.lag));
    console.log(`${name} was busy, or not let run, for up to ${Math.round(lag)} ms at a time`);
  }
  list('calls', outcomes);
  list('why calls were lost', sum(ledgers.map((ledger) => ledger.reasons)));
  list('faults', faults);
  list('told to onError', reports);
  console.log('\nmemory, descriptors, handles: low quartile of the second quarter and of the last');
  for (const { process, name, unit, early, late, margin, flat } of measured) {
    const [a, b, most] = [early, late, margin].map((value) => written(value, unit));
    const grown = `${a?.padStart(10)} ${b?.padStart(10)}   may be ${most?.padStart(9)} more`;
    console.log(`  ${process.padEnd(16)} ${name.padEnd(16)} ${grown}${flat ? '' : '  GREW'}`);
  }
  // What is measured lies half of the run apart.
  const served = measured.find(({ process, name }) => process === 'server' && name === 'heap');
  if (served !== undefined) {
    const least = (2 * served.margin) / calls;
    console.log(`  a server that kept ${least.toFixed(1)} bytes of each call would have been found out`);
  }
  const kinds = measured.map(({ process, name, early, late }) => [`${process}: ${name}`, [early, late]]);
  // In twelfths: what a process grows into comes to an end, and what leaks does not.
  const heaps = watches.map(({ name, samples }) => [
    name,
    course(
      samples.map(({ sample }) => sample.heap),
      12,
    ),
  ]);
  const line = {
    seconds,
    seed,
    calls,
    latest,
    outcomes,
    faults,
    measured: Object.fromEntries(kinds),
    heaps: Object.fromEntries(heaps),
    wrong,
  };
  console.log(`\n${JSON.stringify(line)}\n`);
  for (const what of wrong) console.log(`wrong: ${what}`);
  console.log(wrong.length === 0 ? 'flat, and every call settled' : `failed, for ${wrong.length} reasons`);
}

function list(title: string, counts: Readonly<Record<string, number>>): void {
  console.log(`\n${title}`);
  for (const [text, count] of Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${String(count).padStart(10)}  ${text}`);
  }
}

function written(value: number, unit: 'bytes' | 'count'): string {
  return unit === 'count' ? `${value}` : `${(value / 2 ** 20).toFixed(1)} MiB`;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
