const OURS = 'nearcall';

const KIB = { unit: 'KiB', scale: 1024 };
const MS = { unit: 'ms', scale: 1000 };

/** What the project has promised, against others in the same run. A row without CPUs holds on two and on one. */
const BUDGETS = [
  { case: '64x11', cpus: 1, field: 'cpuUs', over: 'raw', most: 3.1 },
  { case: '64x11', cpus: 1, field: 'cpuUs', over: 'hand', most: 0.65 },
  { case: '64x11', cpus: 2, field: 'rate', over: 'raw', least: 0.6 },
  { case: '64x11', cpus: 2, field: 'rate', over: 'hand', least: 1.5 },
  { case: '64x11', cpus: 2, field: 'rate', over: 'ttrpc-go', least: 2 },
  { case: '64x11', cpus: 2, field: 'rate', over: 'grpc-cpp', least: 4 },
  { case: '64x11', cpus: 2, field: 'rate', over: 'effect', least: 5 },
  { case: '1x11', cpus: 1, field: 'p50', over: 'raw', most: 1.25 },
  { case: '64x1000', field: 'rate', over: 'hand', least: 1.2 },
  { case: 'stream', field: 'rate', over: 'effect', least: 1.5 },
  { case: 'bulk', field: 'rate', over: 'raw', least: 0.8 },
  { case: 'bulk', field: 'rate', over: 'raw-heap', least: 0.8 },
  { case: 'calls-during-bulk', field: 'p99', most: 3, ...MS },
  { case: 'cold', field: 'p50', beyond: 'imports', most: 10, ...MS },
  { case: 'idle', cpus: 2, field: 'serverBytes', beyond: 'raw', most: 8, ...KIB },
  { case: 'slow-reader', cpus: 2, field: 'heldBytes', most: 1024, ...KIB },
].flatMap((budget) => (budget.cpus ? [budget] : [2, 1].map((cpus) => ({ ...budget, cpus }))));

/** What ours is held against from one run to another: they cost least to run, and no upgrade of a peer makes them faster. */
export const BASES = ['raw', 'hand'];

/** Whether a judgement hangs on this peer at this case: where a run takes some more often than others, these. */
export function isHeld(peer, name) {
  const named = BUDGETS.some((budget) => budget.case === name && (budget.over ?? budget.beyond) === peer);
  return peer === OURS || BASES.includes(peer) || named;
}

const WORDS = { rate: 'rate', cpuUs: 'CPU', p50: 'p50', p99: 'p99', serverBytes: 'memory', heldBytes: 'memory' };

/** Each promise, what was measured of it if anything was, and whether it is kept. */
export function budgets(figures) {
  return BUDGETS.map((budget) => {
    const measured = measuredOf(figures, budget);
    return { ...budget, ...texts(budget), ...(measured && { measured, ...judged(budget, measured) }) };
  });
}

function judged({ over, least, most, unit }, measured) {
  const { middle, lowest, highest, count } = measured;
  const number = (value) => (over ? `${value.toFixed(2)}x` : value.toFixed(1));
  return {
    value: over ? number(middle) : `${number(middle)} ${unit}`,
    range: count > 1 ? `${number(lowest)} to ${number(highest)}` : 'once',
    met: most === undefined ? middle >= least : middle <= most,
  };
}

function measuredOf(figures, { case: name, cpus, field, over, beyond, scale = 1 }) {
  const place = { peer: OURS, case: name, cpus };
  if (over) return figures.ratio(place, over, field);
  const found = beyond ? figures.beyond(place, beyond, field) : figures.of(place, field);
  if (!found) return undefined;
  const { middle, lowest, highest, count } = found;
  return { middle: middle / scale, lowest: lowest / scale, highest: highest / scale, count };
}

function texts({ field, over, beyond, least, most, unit }) {
  const limit = most === undefined ? `at least ${least}` : `at most ${most}`;
  return {
    what: `${WORDS[field]}${over ? ` / ${over}` : ''}${beyond ? ` - ${beyond}` : ''}`,
    limit: over ? `${limit}x` : `${limit} ${unit}`,
  };
}
