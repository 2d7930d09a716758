import { median } from '../statistics.mjs';

/**
 * The rows of one run or of several, to be asked for a figure, a ratio or a difference. Each answer has its middle, its
 * ends and how many measurements it stands on, or is undefined where there is none.
 *
 * A ratio is taken within each round, whose peers ran one after the other, and only then is the middle found: the
 * machine's speed goes up and down by more than what most budgets leave room for, and falls out so.
 */
export function figuresOf(runs) {
  const places = new Map();
  for (const [run, rows] of runs.entries()) {
    for (const row of rows) {
      const found = places.get(keyOf(row)) ?? { row, runs: 0, samples: new Map() };
      places.set(keyOf(row), found);
      found.runs++;
      // A file of before rows had their rounds counts as one round.
      for (const sample of row.samples ?? [{ ...row, round: 0 }]) found.samples.set(`${run}/${sample.round}`, sample);
    }
  }

  function pointsOf(place, field) {
    const samples = places.get(keyOf(place))?.samples ?? new Map();
    return new Map([...samples].map(([turn, sample]) => [turn, sample[field]]).filter(([, value]) => isThere(value)));
  }

  function between(place, other, field, how) {
    const [ours, theirs] = [pointsOf(place, field), pointsOf({ ...place, peer: other }, field)];
    const together = [...ours].filter(([turn]) => theirs.has(turn));
    if (together.length > 0) return summary(together.map(([turn, value]) => how(value, theirs.get(turn))));
    if (ours.size === 0 || theirs.size === 0) return undefined;
    return summary([how(median([...ours.values()]), median([...theirs.values()]))]);
  }

  return {
    /** Each peer at each case and number of CPUs once, in the order of the files. */
    places: () => [...places.values()].map(({ row }) => row),
    /** How many runs there are of what was run most often. */
    runs: () => Math.max(...[...places.values()].map((place) => place.runs)),
    /** A figure: `place` has peer, case and cpus. */
    of: (place, field) => summary([...pointsOf(place, field).values()]),
    /** How many times the figure of the other peer. */
    ratio: (place, other, field) => between(place, other, field, (a, b) => a / b),
    /** How much more than the other peer. */
    beyond: (place, other, field) => between(place, other, field, (a, b) => a - b),
  };
}

function keyOf({ peer, case: name, cpus }) {
  return `${peer} ${name} ${cpus}`;
}

function isThere(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

function summary(values) {
  if (values.length === 0) return undefined;
  return { middle: median(values), lowest: Math.min(...values), highest: Math.max(...values), count: values.length };
}
