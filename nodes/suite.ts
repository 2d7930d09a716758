import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { type Binary, root } from './binary.ts';

/** How the suite went on one Node. */
export interface Outcome {
  readonly version: string;
  readonly passed: number;
  /** A file that could not be loaded counts as one. */
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly good: boolean;
}

/** What vitest reports, as far as it is needed. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Runs the suite on a Node: vitest, its workers, their children, and whatever is found by PATH. */
export async function suite({ path, version }: Binary, args: readonly string[]): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'nearcall-nodes-'));
  const report = join(directory, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const began = performance.now();
  try {
    const child = spawn(path, [vitest, 'run', ...reporters, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        PATH: `${dirname(path)}${delimiter}${process.env['PATH']}`,
        // How package managers tell their scripts which Node to start.
        NODE: path,
        npm_node_execpath: path,
        // For the test that looks whether all this did what it should.
        NEARCALL_TESTED_NODE: version,
      },
    });
    const [code] = await once(child, 'exit');
    const counts = countsOf(report);
    const seconds = (performance.now() - began) / 1000;
    return { version, ...counts, seconds, good: code === 0 && counts.failed === 0 && counts.passed > 0 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function countsOf(file: string): Pick<Outcome, 'passed' | 'failed' | 'skipped'> {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // It ended before it could report, and has said why.
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken, skipped: report.numPendingTests };
}
