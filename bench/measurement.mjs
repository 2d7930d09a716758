import { busyness } from './busyness.mjs';
import { Participant } from './participant.mjs';

// A stream runs to its end whatever the time, which takes a slow peer this much longer.
const STREAM_SECONDS = 30;

/** Both ends are new processes each time: a peak RSS, or code optimised for another case, would not go away again. */
export async function measure({ peer, name, load, affinity, seconds, warmUp, path }) {
  const server = new Participant('./server.mjs', [peer, path], affinity.server);
  const client = new Participant('./client.mjs', [peer, path], affinity.client);
  const run = (time) => client.ask('run', { ...load, seconds: time }, time + STREAM_SECONDS);
  try {
    await server.ask('open', load.kind);
    await client.ask('open', load.kind);
    await run(warmUp);

    // The server is asked while nothing is in flight, so that the question
    // neither waits behind the load nor disturbs it.
    const before = await server.ask('usage');
    const busyBefore = busyness();
    const measured = await run(seconds);
    const busy = busyness() - busyBefore;
    const after = await server.ask('usage');

    await client.ask('close');
    await server.ask('close');
    const { done, elapsed, bulkRate, p50, p99 } = measured;
    const cpu = measured.cpu + after.cpu - before.cpu;
    return {
      rate: done / elapsed,
      // Beside bulk nearly all of it is the bulk's.
      cpuUs: bulkRate === undefined ? cpu / done : undefined,
      p50,
      p99,
      bulkRate,
      peakRss: measured.peakRss + after.peakRss,
      othersCpus: (busy - cpu) / (elapsed * 1e6),
    };
  } catch (cause) {
    throw new Error(`${peer} failed at ${name}`, { cause });
  } finally {
    await Promise.all([server.end(), client.end()]);
  }
}

/** The kinds of load that the peer can be given, or the obstacle to any. */
export async function abilities(peer) {
  const server = new Participant('./server.mjs', [peer, '']);
  try {
    return { can: await server.ask('load') };
  } catch (error) {
    const reason = error.message.split('\n')[0];
    const unbuilt = error.code === 'ERR_MODULE_NOT_FOUND' && reason.includes('/dist/');
    return { obstacle: unbuilt ? 'its packages are not built; run the build first' : reason };
  } finally {
    await server.end();
  }
}
