import { rmSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { bundle } from './bundle.ts';
import { type Cast, cast } from './cast.ts';
import type { Child } from './child.ts';
import type { Leak } from './leak.ts';
import type { LedgerReport } from './ledger.ts';
import type { Ended, Watched } from './watched.ts';

/** How to soak. */
export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly leak: Leak;
  /** Hears how it goes, now and then. */
  readonly progress: (line: string) => void;
}

/** What a process that lives was, over the run. */
export interface Watch {
  readonly name: string;
  readonly samples: readonly Watched[];
  /** What it told when it had closed all that it had. */
  readonly ended: Ended | undefined;
}

/** All that there is to judge. */
export interface Soaked {
  readonly watches: readonly Watch[];
  readonly ledgers: readonly LedgerReport[];
  /** What was told to `onError`, and how often. */
  readonly reports: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  /** The socket files that were there in the end. */
  readonly left: readonly string[];
  /** What went wrong with the processes themselves. */
  readonly failures: readonly string[];
}

/** How long all may take to end what they do, in milliseconds: longer than any deadline. */
const ENDING = 120_000;

/** Runs all, for so long, and then lets all end. */
export async function soak({ seconds, seed, leak, progress }: SoakOptions): Promise<Soaked> {
  const directory = await mkdtemp(join(tmpdir(), 'nearcall-soak-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.on('exit', remove);
  const failures: string[] = [];
  const failed = (why: string): void => void failures.push(why);
  let players: Cast | undefined;
  try {
    await bundle(directory);
    players = await cast({ directory, seed, leak, failed });
    const { server, proxy, clients, hostile, mortals } = players;
    const steady = [server, ...clients, proxy];
    const samples = new Map<Child, Watched[]>(steady.map((child) => [child, []]));
    for (const mortal of mortals) mortal.suffer(failed);

    const until = performance.now() + seconds * 1000;
    const interval = Math.min(10_000, Math.max(250, (seconds * 1000) / 60));
    let spoke = performance.now();
    while (performance.now() < until && failures.length === 0) {
      await setTimeout(Math.min(interval, Math.max(0, until - performance.now())));
      try {
        await Promise.all(steady.map(async (child) => samples.get(child)?.push(await child.ask<Watched>('sample'))));
        if (performance.now() - spoke < 60_000) continue;
        spoke = performance.now();
        progress(`${Math.round((until - spoke) / 60_000)} minutes to go, ${await soFar([server, ...clients])}`);
      } catch (error) {
        failed(String(error));
      }
    }

    const ending = end(players);
    const ledgers = await within(ENDING, ending, failed);
    const watches: Watch[] = [];
    for (const child of steady) {
      const ended = await child.ask<Ended>('ended').catch(() => undefined);
      watches.push({ name: child.name, samples: samples.get(child) ?? [], ended });
    }
    const counts = (child: Child, what: string): Promise<Record<string, number>> =>
      child.ask<Record<string, number>>(what).catch(() => ({}));
    const reports = await Promise.all(steady.map((child) => counts(child, 'reports')));
    await Promise.all(mortals.map((mortal) => mortal.tell()));
    const told = mortals.flatMap((mortal) => [...mortal.told.values()]);
    const faults = await Promise.all([proxy, hostile].map((child) => counts(child, 'faults')));
    return {
      watches,
      ledgers: [...(ledgers ?? []), ...told.map(({ ledger }) => ledger)],
      reports: sum([...reports, ...told.map((each) => each.reports)]),
      faults: sum([...faults, ...mortals.map((mortal) => mortal.faults)]),
      left: (await readdir(directory)).filter((file) => !file.endsWith('.mjs')),
      failures,
    };
  } finally {
    await Promise.all(children(players).map((child) => child.kill()));
    remove();
    process.off('exit', remove);
  }
}

/** How it goes, in a few words. */
async function soFar(children: readonly Child[]): Promise<string> {
  const ledgers = await Promise.all(children.map((child) => child.ask<LedgerReport>('ledger')));
  const calls = ledgers.reduce((sum, { settled }) => sum + settled, 0);
  return [`${calls} calls of those that live`, ...ledgers.flatMap(({ faults }) => faults)].join('; ');
}

/** Ends all in order: those that harm, those that call, those that serve. Gives what those that live had to tell. */
async function end({ server, proxy, clients, hostile, mortals }: Cast): Promise<LedgerReport[]> {
  await Promise.all(mortals.map((mortal) => mortal.leave()));
  const stop = (all: readonly Child[]): Promise<LedgerReport[]> =>
    Promise.all(all.map((child) => child.ask<LedgerReport>('stop')));
  const some = (serve: boolean): Child[] => mortals.filter(({ serves }) => serves === serve).map(({ child }) => child);
  const [, ...told] = await Promise.all([stop(some(false)), ...clients.map((client) => stop([client]))]);
  await hostile.ask('stop');
  await proxy.ask('stop');
  await stop(some(true));
  return [...told.flat(), ...(await stop([server]))];
}

function children(players: Cast | undefined): Child[] {
  if (players === undefined) return [];
  const { server, proxy, clients, hostile, mortals } = players;
  return [server, proxy, ...clients, hostile, ...mortals.map(({ child }) => child)];
}

async function within<T>(
  milliseconds: number,
  promise: Promise<T>,
  failed: (why: string) => void,
): Promise<T | undefined> {
  const controller = new AbortController();
  const late = setTimeout(milliseconds, undefined, { signal: controller.signal }).then(() => {
    failed(`not all had ended after ${milliseconds} ms`);
    return undefined;
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    failed(String(error));
    return undefined;
  } finally {
    controller.abort();
  }
}

/** Adds up what is counted by the same text. */
export function sum(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [text, count] of Object.entries(counts)) total[text] = (total[text] ?? 0) + count;
  return total;
}
