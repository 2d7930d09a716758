import { Latency } from '../latency.mjs';

/**
 * `inFlight` independent loops over the connections: each awaits its call, then issues the next. `times` is how often
 * at most each does so, for who counts what a call takes.
 */
export async function run(connections, { text, expected, inFlight, seconds, times = Number.POSITIVE_INFINITY }) {
  const latency = Latency.begin();
  // Two clock reads a call would be a tenth of the fastest peer's whole cost,
  // so with many in flight only one call in 16 is timed.
  const every = inFlight === 1 ? 1 : 16;
  const count = connections.length;
  let running = true;

  async function loop(first) {
    let calls = 0;
    let untilTimed = first % every;
    // A loop takes its share of the connections in turn, so that none is left without calls.
    let at = first % count;
    while (running && calls < times) {
      const connection = connections[at];
      at = at + inFlight < count ? at + inFlight : first % count;
      let answer;
      if (untilTimed === 0) {
        untilTimed = every;
        const start = performance.now();
        answer = await connection.call(text);
        latency.add(performance.now() - start);
      } else {
        answer = await connection.call(text);
      }
      if (answer !== expected) throw new Error(`wrong answer: ${String(answer).slice(0, 80)}`);
      untilTimed--;
      calls++;
    }
    return calls;
  }

  const start = performance.now();
  const timer = setTimeout(() => (running = false), seconds * 1000);
  // The offset spreads the timed calls over the loops instead of timing all loops at once.
  const counts = await Promise.all(Array.from({ length: inFlight }, (_, i) => loop(i)));
  const elapsed = (performance.now() - start) / 1000;
  clearTimeout(timer);

  const done = counts.reduce((sum, count) => sum + count, 0);
  return { done, elapsed, ...latency.end() };
}
