/**
 * So many times what a unit of work costs at its least it may cost where there is more of it. What no longer fits the
 * caches of a CPU costs up to three times as much, raw's too; what grows by squares would cost hundreds of times.
 */
export const MOST = 4;

// Steps that are the noise of a measurement are no bends.
const BEND = 1.25;

/** How the cost of a unit of work changes along a line: the most of it over the least before it, and where it bends. */
export function growth(points, per) {
  const costs = points.map(({ x, y }) => ({ x, cost: per === 'x' ? y / x : y }));
  let least = costs[0];
  let most = { times: 1, at: costs[0].x };
  const bends = [];
  for (const [i, one] of costs.entries()) {
    if (one.cost < least.cost) least = one;
    const times = one.cost / least.cost;
    if (times > most.times) most = { times, at: one.x, since: least.x };
    const step = i === 0 ? 1 : one.cost / costs[i - 1].cost;
    if (step > BEND) bends.push({ from: costs[i - 1].x, to: one.x, times: step });
  }
  return { ...most, bends, linear: most.times <= MOST };
}

export function inWords(name, { times, at, since, bends, linear }) {
  const count = new Intl.NumberFormat('en');
  const most =
    times > 1.05
      ? `at most ${times.toFixed(2)} times the cost a unit, at ${count.format(at)} against ${count.format(since)}`
      : 'nowhere dearer a unit than with less';
  const where = bends.map(
    (bend) => `${count.format(bend.from)} to ${count.format(bend.to)} (${bend.times.toFixed(2)}x)`,
  );
  return [
    `${name}: ${linear ? 'not faster than linear' : 'FASTER THAN LINEAR'}`,
    most,
    ...(where.length > 0 ? [`bends up from ${where.join(', ')}`] : []),
  ].join('; ');
}
