import { RpcError } from '@nearcall/core';
import { type Answers, answering } from '../packages/server/test/answering.ts';
import { handles } from './handles.ts';
import { common, count } from './ledger.ts';
import { descriptors, resources, type Sample, sample, watchLag } from './sample.ts';

/** What a process tells of itself, besides what it does. */
export interface Watched {
  readonly sample: Sample;
  /** Its own counts: clients, handlers that run, calls that are open. */
  readonly counts: Readonly<Record<string, number>>;
}

/** How a process ends: what it has open then, beyond what it had at first, and what was told to `onError`. */
export interface Ended {
  readonly descriptors: number;
  /** Handles and timers, beyond those that it had at first. */
  readonly more: number;
  /** All of them, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

/** What a process of a soak was told that no caller is, by its text, and how often. */
const reports: Map<string, number> = new Map();

/** Takes what goes to `onError`. */
export function report(error: unknown): void {
  const text = error instanceof RpcError ? `RpcError ${error.code}: ${error.message}` : `${error}`;
  const cause = error instanceof Error && error.cause !== undefined ? `, because of ${error.cause}` : '';
  count(reports, common(`${text}${cause}`));
}

/** Answers the harness, and ends the process with a word where anything goes unhandled. */
export function watched(counts: () => Record<string, number>, answers: Answers): void {
  // Where the harness is cut short its output may be gone first.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const before = descriptors();
  watchLag();
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      console.error(`${event}:`, error);
      process.exit(70);
    });
  }
  process.on('warning', (warning) => count(reports, `warning: ${warning.message}`));
  answering({
    sample: async (): Promise<Watched> => ({ sample: await sample(), counts: counts() }),
    reports: () => Object.fromEntries(reports),
    ended: async (): Promise<Ended> => {
      const { resources, descriptors } = await sample();
      return { descriptors: descriptors - before, more: handles(resources) - had, resources, counts: counts() };
    },
    ...answers,
  });
  const had = handles(resources());
}
