// Runs the suite on every Node that nearcall supports:
//
//     pnpm test:nodes                             on all of them
//     pnpm test:nodes 22 26                       on these
//     pnpm test:nodes 20 packages/core -t credit  what follows the majors goes to vitest
import { type Binary, binary } from './binary.ts';
import { type Outcome, suite } from './suite.ts';

const SUPPORTED = [20, 22, 24, 26];

// Some package managers hand the `--` on that keeps arguments from them.
const given = process.argv.slice(2).filter((arg, i, all) => arg !== '--' || all.indexOf('--') !== i);
const end = given.findIndex((arg) => !/^\d+$/.test(arg));
const majors = given.slice(0, end === -1 ? given.length : end).map(Number);
const args = given.slice(majors.length);

try {
  // All first: a Node that is missing should not be news after ten minutes.
  const binaries: Binary[] = (majors.length > 0 ? majors : SUPPORTED).map(binary);
  const outcomes: Outcome[] = [];
  for (const node of binaries) {
    console.log(`\n== Node ${node.version}`);
    outcomes.push(await suite(node, args));
  }
  print(outcomes);
  process.exitCode = outcomes.every(({ good }) => good) ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

function print(outcomes: readonly Outcome[]): void {
  const line = (...cells: readonly (string | number)[]): void =>
    console.log(cells.map((cell) => String(cell).padStart(10)).join(''));
  console.log();
  line('Node', 'passed', 'failed', 'skipped', 'seconds');
  for (const { version, passed, failed, skipped, seconds } of outcomes) {
    line(version, passed, failed, skipped, seconds.toFixed(1));
  }
  for (const { version } of outcomes.filter(({ good, failed }) => !good && failed === 0)) {
    console.log(`On Node ${version} no test failed, but the run did, or it had none: see above.`);
  }
}
