import { type Flatness, flatness, type Margin } from './flatness.ts';
import { handles } from './handles.ts';
import type { Sample } from './sample.ts';
import type { Soaked, Watch } from './soak.ts';

/** What came out of a soak. */
export interface Verdict {
  /** Each measured thing of each process that lives, under its name. */
  readonly measured: readonly (Flatness & { readonly process: string; readonly unit: Unit })[];
  /** What must not be, in words; nothing where all is well. */
  readonly wrong: readonly string[];
}

type Unit = 'bytes' | 'count';

const MIB = 2 ** 20;

/** What is to be flat, and how flat. The heap after a collection is what tells a leak; the others have their own ways. */
const MEASURED: readonly {
  readonly name: string;
  readonly unit: Unit;
  readonly margin: Margin;
  readonly of: (sample: Sample) => number;
}[] = [
  { name: 'heap', unit: 'bytes', margin: { most: MIB, part: 0 }, of: ({ heap }) => heap },
  { name: 'outside', unit: 'bytes', margin: { most: 8 * MIB, part: 0 }, of: ({ outside }) => outside },
  // What a process has once had it mostly keeps: this goes up in steps that become rare.
  { name: 'rss', unit: 'bytes', margin: { most: 32 * MIB, part: 0.15 }, of: ({ rss }) => rss },
  { name: 'descriptors', unit: 'count', margin: { most: 12, part: 0 }, of: ({ descriptors }) => descriptors },
  { name: 'handles, timers', unit: 'count', margin: { most: 12, part: 0 }, of: ({ resources }) => handles(resources) },
];

/** What may be told to `onError`: what is thrown on purpose, and calls of handlers that are lost with their connection. */
const REPORTS = [
  /^Error: thrown on purpose/,
  /^Error: work\.fail gave an answer that does not match its contract/,
  /^RpcError (UNAVAILABLE|DEADLINE_EXCEEDED): /,
];

/** Without these a soak of so many seconds or more would have shown nothing. */
const NEEDED = ['kill server', 'stop server', 'kill client', 'stop client', 'cut', 'delay', 'halfClose', 'noise'];
const LONG = 60;

/** Says whether all was as it must be. */
export function judge({ watches, ledgers, reports, faults, left, failures }: Soaked, seconds: number): Verdict {
  const measured = watches.flatMap((watch) => measure(watch));
  const wrong = [
    ...failures,
    ...ledgers.flatMap((ledger) => ledger.faults),
    ...watches.flatMap(ending),
    ...measured.filter(({ flat }) => !flat).map(grew),
    ...Object.keys(reports)
      .filter((text) => !REPORTS.some((expected) => expected.test(text)))
      .map((text) => `onError was told what nobody expects: ${text}`),
    ...left.map((file) => `the file ${file} was left behind`),
    ...(seconds < LONG ? [] : NEEDED.filter((fault) => faults[fault] === undefined)).map(
      (fault) => `there was no "${fault}" in all that time`,
    ),
  ];
  return { measured, wrong: [...new Set(wrong)] };
}

function measure({ name: process, samples }: Watch): Verdict['measured'] {
  if (samples.length < 8) return [];
  return MEASURED.map(({ name, unit, margin, of }) => {
    const values = samples.map(({ sample }) => of(sample));
    return { ...flatness({ name, values }, margin), process, unit };
  });
}

function grew({ process, name, early, late, margin }: Verdict['measured'][number]): string {
  return `${name} of ${process} went from ${early} to ${late}, and may go up by ${Math.round(margin)}`;
}

/** What a process that has closed all it had still holds. */
function ending({ name, samples, ended }: Watch): string[] {
  if (ended === undefined) return [`${name} could not be asked what it holds in the end`];
  const { descriptors, more, resources, counts } = ended;
  const wrong: string[] = [];
  if (samples.length < 8) wrong.push(`${name} was measured ${samples.length} times only`);
  if (descriptors !== 0) wrong.push(`${name} has ${descriptors} descriptors more in the end than in the beginning`);
  if (more !== 0) wrong.push(`${name} has ${more} handles more than at first, among ${JSON.stringify(resources)}`);
  for (const [what, count] of Object.entries(counts)) {
    if (count !== 0) wrong.push(`${name} still has ${what}: ${count} in the end`);
  }
  return wrong;
}
