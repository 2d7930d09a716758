import { busyness } from '../busyness.mjs';
import { isNative } from '../native/peers.mjs';
import { Participant } from '../participant.mjs';

// A stream runs to its end whatever the time, which takes a slow peer this much longer.
const STREAM_SECONDS = 60;

// What is compiled already was as fast after 0.3 s as after a second, within the spread.
const NATIVE_WARM_UP = 0.5;

/** Both ends are new processes each time: a peak RSS, or code optimised for another case, would not go away again. */
export async function measure({ peer, hosts, load, affinity, seconds, warmUp, path }) {
  // A client that hosts its server tells of both in one.
  const server = hosts ? undefined : new Participant(peer, 'server', path, affinity.server);
  const client = new Participant(peer, 'client', path, hosts ? affinity.both : affinity.client);
  const usage = async () => (await server?.ask('usage')) ?? { cpu: 0, peakRss: 0 };
  const run = (time) => client.ask('run', { ...load, seconds: time }, time + STREAM_SECONDS);
  try {
    await server?.ask('open', load);
    await client.ask('open', load, 30);
    await run(isNative(peer) ? Math.min(warmUp, NATIVE_WARM_UP) : warmUp);

    // The server is asked while nothing is in flight, so that the question
    // neither waits behind the load nor disturbs it.
    const before = await usage();
    const busyBefore = busyness();
    const measured = await run(seconds);
    const busy = busyness() - busyBefore;
    const after = await usage();

    await client.ask('close');
    await server?.ask('close');
    const { done, elapsed, bulkRate, p50, p99 } = measured;
    const cpu = measured.cpu + after.cpu - before.cpu;
    return {
      rate: done / elapsed,
      // Beside bulk nearly all of it is the bulk's.
      cpuUs: bulkRate === undefined ? cpu / done : undefined,
      p50: p50 ?? undefined,
      p99: p99 ?? undefined,
      bulkRate,
      peakRss: measured.peakRss + after.peakRss,
      othersCpus: (busy - cpu) / (elapsed * 1e6),
    };
  } finally {
    await Promise.all([server?.end(), client.end()]);
  }
}
