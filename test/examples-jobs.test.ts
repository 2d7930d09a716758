import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { close, connect } from '@nearcall/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobs } from '../examples/jobs/contract.ts';
import { ExampleScripts, ended } from './example-scripts.ts';

/** How long workers are killed, in seconds. Run with 60 by hand. */
const SECONDS = Number(process.env['NEARCALL_KILLS'] ?? 3);
/** One is killed so often, in milliseconds. */
const KILLS_EVERY = 500;
/** Jobs that are in the dispatcher's hands at any time: some of them wait. */
const AT_ONCE = 6;
const SLOTS = ['1', '2', '3', '4'];

const scripts = new ExampleScripts();

beforeAll(() => scripts.compile('jobs'));
afterAll(() => scripts.remove());

/** A line of the journal. */
interface Entry {
  readonly at: number;
  readonly slot: string;
  readonly pid: string;
  readonly what: string;
  readonly job: string;
}

function read(journal: string): Entry[] {
  if (!existsSync(journal)) return [];
  return [...readFileSync(journal, 'utf8').matchAll(/^(\d+) worker (\d) (\d+) (begins|ends) (\w+)$/gm)].map(
    ([, at, slot = '', pid = '', what = '', job = '']) => ({ at: Number(at), slot, pid, what, job }),
  );
}

/** How often each of them is there. */
function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The jobs that a slot's workers have done, and the milliseconds from the first thing that each did to its last. */
function served(entries: readonly Entry[]): { done: number; alive: number } {
  const pids = [...new Set(entries.map(({ pid }) => pid))];
  const alive = pids.map((own) => {
    const times = entries.filter(({ pid }) => pid === own).map(({ at }) => at);
    return Math.max(...times) - Math.min(...times);
  });
  const done = entries.filter(({ what }) => what === 'ends').length;
  return { done, alive: alive.reduce((sum, each) => sum + each, 0) };
}

/** How far from their mean they are at most, as a part of it. */
function spreadOf(numbers: readonly number[]): number {
  const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  return Math.max(...numbers.map((each) => Math.abs(each - mean) / mean));
}

test('workers that are killed at random: each job is done once or reported failed, and none is begun twice', {
  timeout: SECONDS * 1000 + 60_000,
}, async () => {
  const journal = join(scripts.directory, 'journal');
  const address = scripts.address('killed');
  const dispatcher = scripts.start('jobs/server', '--address', address, journal);
  // Whatever it says is read at once: one whose output nobody reads stands still in the end.
  const rest = ended(dispatcher);
  const client = connect(address, jobs, { waitForReady: true });
  const ends = new Map<string, string[]>();
  let submitting = true;
  let submitted = 0;
  const submitter = async (): Promise<void> => {
    while (submitting) {
      const name = `job${submitted++}`;
      const own: string[] = [];
      ends.set(name, own);
      const { outcome } = await client.submit({ name, steps: 1 });
      own.push(outcome);
    }
  };
  const all = Promise.all(Array.from({ length: AT_ONCE }, submitter));

  const killed = new Set<string>();
  const until = performance.now() + SECONDS * 1000;
  // On a busy machine a worker may take longer to start than a short run lasts.
  const allHaveWorked = (): boolean => {
    const done = read(journal).filter(({ what }) => what === 'ends');
    return SLOTS.every((slot) => done.some((entry) => entry.slot === slot)) && killed.size >= SLOTS.length;
  };
  let turn = 0;
  while (performance.now() < until || !allHaveWorked()) {
    await setTimeout(KILLS_EVERY * (0.5 + Math.random()));
    // Each slot as often as the others, at a moment and in an order of chance.
    if (turn % SLOTS.length === 0) SLOTS.sort(() => Math.random() - 0.5);
    const slot = SLOTS[turn++ % SLOTS.length];
    const pid = read(journal).findLast((entry) => entry.slot === slot)?.pid;
    if (pid === undefined || killed.has(pid)) continue;
    process.kill(Number(pid), 'SIGKILL');
    killed.add(pid);
  }
  submitting = false;
  await all;
  dispatcher.kill('SIGINT');
  expect(await rest).toMatchObject({ code: 0, err: '' });
  await close(client);

  const entries = read(journal);
  const begun = tally(entries.filter(({ what }) => what === 'begins').map(({ job }) => job));
  const done = tally(entries.filter(({ what }) => what === 'ends').map(({ job }) => job));
  const outcomes = [...ends];
  const reported = (outcome: string): string[] => outcomes.filter(([, [own]]) => own === outcome).map(([name]) => name);
  const double = [...begun].filter(([, times]) => times > 1);
  const slots = [...SLOTS].sort().map((slot) => {
    const { done, alive } = served(entries.filter((entry) => entry.slot === slot));
    const kills = entries.filter((entry) => entry.slot === slot && killed.has(entry.pid)).map(({ pid }) => pid);
    return { slot, done, alive, kills: new Set(kills).size, rate: (done / alive) * 1000 };
  });
  const spread = {
    count: spreadOf(slots.map(({ done }) => done)),
    rate: spreadOf(slots.map(({ rate }) => rate)),
  };
  if (process.env['NEARCALL_KILLS'] !== undefined) {
    const [finished, failed] = [reported('done').length, reported('failed').length];
    console.log({ submitted, finished, failed, double: double.length, kills: killed.size, spread });
    console.table(slots);
  }

  expect(killed.size).toBeGreaterThan(0);
  expect(outcomes.filter(([, own]) => own.length !== 1)).toEqual([]);
  expect(reported('done').length + reported('failed').length).toBe(submitted);
  expect(double).toEqual([]);
  expect(reported('done').filter((name) => done.get(name) !== 1)).toEqual([]);
  // A job is lost with the worker that was at it, and with nothing else.
  expect(reported('failed').length).toBeLessThanOrEqual(killed.size);
  for (const { done } of slots) expect(done).toBeGreaterThan(0);
  // Each is away after a kill, for as long as a process takes to start: even is what they do while they are there. In a
  // short run a few jobs more or less are more than a tenth.
  if (SECONDS >= 60) expect(spread.rate).toBeLessThanOrEqual(0.1);
});
