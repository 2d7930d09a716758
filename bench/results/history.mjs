import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { BASES } from './budgets.mjs';
import { figuresOf } from './figures.mjs';
import { readMachine } from './machine.mjs';

const FOLDER = new URL('../history/', import.meta.url);
const OURS = 'nearcall';

/** More is better in the first, less in the others. */
const FIELDS = ['rate', 'cpuUs', 'p50', 'p99', 'serverBytes', 'clientBytes', 'heldBytes'];

/** Of these the ratios are too wild to be compared from one run to another. */
const SHOWN_ONLY = ['p99'];

/** Less than this is no change, however close together the rounds were. */
const LEAST_CHANGE = 0.05;

/** What is kept of a run: our figures, and their ratios to the bases, each as middle, lowest and highest. */
export function entryOf(figures, { machine, runs }) {
  const cases = {};
  for (const place of figures.places().filter(({ peer }) => peer === OURS)) {
    const found = { own: {} };
    for (const field of FIELDS) {
      const own = figures.of(place, field);
      if (own) found.own[field] = ends(own);
      for (const base of SHOWN_ONLY.includes(field) ? [] : BASES) {
        const ratio = figures.ratio(place, base, field);
        if (ratio) found[base] = { ...found[base], [field]: ends(ratio) };
      }
    }
    cases[`${place.case} ${place.cpus}`] = found;
  }
  return { machine, runs, cases };
}

/**
 * What has changed since: by the ratios to the bases in the same run, for no two runs find the machine equally fast.
 * Something is a change where the ends of now and then do not overlap, and that against each base there is.
 */
export function changesSince(entry, now) {
  const changes = [];
  let compared = 0;
  for (const [place, then] of Object.entries(entry.cases)) {
    for (const field of FIELDS) {
      const factors = BASES.map((base) => change(then[base]?.[field], now.cases[place]?.[base]?.[field]));
      const known = factors.filter((factor) => factor !== undefined);
      if (known.length === 0) continue;
      compared++;
      const all = known.every((factor) => factor > 1) || known.every((factor) => factor < 1);
      if (!all) continue;
      // The base against which the change is the smaller one.
      const [least] = known.sort((a, b) => Math.abs(Math.log(a)) - Math.abs(Math.log(b)));
      const better = field === 'rate' ? least > 1 : least < 1;
      changes.push({ place, field, factor: least, better });
    }
  }
  return { compared, changes };
}

/** The lines that say so. */
function saidOf({ compared, changes }, { machine }) {
  const since = `${machine?.date?.slice(0, 10) ?? 'an unknown day'}, commit ${machine?.commit ?? 'unknown'}`;
  const lines = changes.map(
    ({ place, field, factor, better }) =>
      `  ${better ? 'better' : 'WORSE '}  ${place.replace(/ 1$/, ' on one CPU').replace(/ 2$/, ' on two CPUs')}: ${field} ${factor.toFixed(2)}x`,
  );
  if (lines.length === 0) lines.push('  no change beyond the spread');
  return [`AGAINST ${since}: ${compared} ratios to ${BASES.join(' and ')}`, ...lines].join('\n');
}

/** The entry to hold a run against: "last" or a file, which may hold another run's rows. */
export function entryAt(where) {
  return where === 'last' ? lastEntry() : entryIn(where);
}

/** What a run has to say against an entry. */
export function against(figures, entry) {
  if (!entry) return 'AGAINST: the history has no entry yet';
  return saidOf(changesSince(entry, entryOf(figures, {})), entry);
}

/** One run has one entry, however often it is added. */
export function addEntry(entry) {
  mkdirSync(FOLDER, { recursive: true });
  const name = `${entry.machine.date.replace(':', '')}-${entry.machine.commit ?? 'unknown'}.json`;
  writeFileSync(new URL(name, FOLDER), entryText(entry));
  return name;
}

/** A line for each case, so that two entries can be compared by eye as well. */
function entryText({ machine, runs, cases }) {
  const lines = Object.entries(cases).map(([place, found]) => `    ${JSON.stringify(place)}: ${JSON.stringify(found)}`);
  const head = `{\n  "machine": ${JSON.stringify(machine)},\n  "runs": ${JSON.stringify(runs)},`;
  return `${head}\n  "cases": {\n${lines.join(',\n')}\n  }\n}\n`;
}

/** The newest one that is kept. */
function lastEntry() {
  const [last] = namesOfEntries().sort().reverse();
  return last && JSON.parse(readFileSync(new URL(last, FOLDER), 'utf8'));
}

function entryIn(path) {
  const held = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(held)) return held;
  return entryOf(figuresOf([held]), { machine: readMachine(path), runs: 1 });
}

function namesOfEntries() {
  try {
    return readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function ends({ middle, lowest, highest, count }) {
  return count === 1 ? [rounded(middle)] : [middle, lowest, highest].map(rounded);
}

function rounded(value) {
  return Number(value.toPrecision(4));
}

/** By how much the ratio is another one, 1 where that is within the spread; undefined where one of the two is missing. */
function change(then, now) {
  if (!then || !now) return undefined;
  const [middleThen, lowestThen, highestThen] = widened(then);
  const [middleNow, lowestNow, highestNow] = widened(now);
  const apart = lowestNow > highestThen || highestNow < lowestThen;
  return apart ? middleNow / middleThen : 1;
}

function widened([middle, lowest = middle, highest = middle]) {
  const least = (middle * LEAST_CHANGE) / 2;
  return [middle, Math.min(lowest, middle - least), Math.max(highest, middle + least)];
}
