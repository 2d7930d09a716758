// Counts what a contract of 500 methods costs every TypeScript that nearcall supports, and fails over budget. Counts, not
// seconds: they are the same on every machine. The packages are taken as they were built.
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Compiler, compiler } from './compiler.ts';
import { methods } from './methods.ts';
import { workspace, writeByHand, writeProject } from './project.ts';

const METHODS = 500;
const COMPILERS = ['typescript-5.9', 'typescript-6', 'typescript'].map(compiler);
const NEWEST = COMPILERS.slice(-1);
// The second holds all of the first: one compiler is enough to see what the plain ones cost by themselves.
const SHAPES = [
  { name: 'unary methods', others: false, compilers: NEWEST },
  { name: 'with a tenth of other kinds', others: true, compilers: COMPILERS },
];
/** At most this many instantiations. */
const BUDGET = { project: 450_000, reader: 30_000 };

interface Row {
  readonly name: string;
  readonly budget: number;
  readonly counts: Map<Compiler, number>;
}

const directory = workspace();
try {
  const rows: Row[] = [];
  const jobs: (() => Promise<void>)[] = [];
  for (const { name, others, compilers } of SHAPES) {
    const project: Row = { name: `${name}: contract, server, client`, budget: BUDGET.project, counts: new Map() };
    const reader: Row = { name: `${name}: reader of the .d.ts`, budget: BUDGET.reader, counts: new Map() };
    rows.push(project, reader);
    for (const tsc of compilers) {
      const folder = join(directory, `${tsc.version}-${others ? 'all' : 'unary'}`);
      writeProject(folder, methods(METHODS, others));
      jobs.push(async () => {
        project.counts.set(tsc, await tsc.instantiations(folder));
        reader.counts.set(tsc, await tsc.instantiations(join(folder, 'reader')));
      });
    }
  }
  let byHand = 0;
  jobs.push(async () => {
    const folder = join(directory, 'by-hand');
    writeByHand(folder, METHODS);
    for (const tsc of NEWEST) byHand = await tsc.instantiations(folder);
  });
  await all(jobs, Math.min(4, availableParallelism()));
  print(rows, byHand);
  judge(rows);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Runs them, that many at a time. */
async function all(jobs: readonly (() => Promise<void>)[], atOnce: number): Promise<void> {
  const waiting = jobs.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const job of waiting) await job();
    }),
  );
}

function print(rows: readonly Row[], byHand: number): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const line = (name: string, cells: readonly string[]): void =>
    console.log([name.padEnd(width), ...cells.map((cell) => cell.padStart(9))].join('  '));
  line(`${METHODS} methods, instantiations`, [...COMPILERS.map(({ version }) => `TS ${version}`), 'at most']);
  for (const { name, budget, counts } of rows)
    line(name, [...COMPILERS.map((tsc) => counts.get(tsc)), budget].map(written));
  console.log(`The unary methods' types and functions written by hand, with zod alone: ${written(byHand)}.`);
}

function judge(rows: readonly Row[]): void {
  for (const { name, budget, counts } of rows) {
    for (const [{ version }, count] of counts) {
      if (count <= budget) continue;
      console.error(
        `Too much for TypeScript ${version}: ${name} cost ${written(count)}, the budget is ${written(budget)}.`,
      );
      process.exitCode = 1;
    }
  }
  if (process.exitCode === 1) {
    console.error(
      'What a method costs is decided in packages/core/src/contract: method-type.ts, service.ts, schema.ts.',
    );
  }
}

function written(count: number | undefined): string {
  return count?.toLocaleString('en') ?? '-';
}
