import { busyness } from './busyness.mjs';
import { Participant } from './participant.mjs';

const WARM_UP_SECONDS = 0.5;

/** Both ends are new processes each time: a peak RSS, or code optimised for another case, would not go away again. */
export async function measure({ peer, load, affinity, seconds, path }) {
  const server = new Participant('./server.mjs', [peer, path], affinity.server);
  const client = new Participant('./client.mjs', [peer, path], affinity.client);
  try {
    await server.ask('open');
    await client.ask('open');
    await client.ask('run', { ...load, seconds: WARM_UP_SECONDS });

    // The server is asked while nothing is in flight, so that the question
    // neither waits behind the load nor disturbs it.
    const before = await server.ask('usage');
    const busyBefore = busyness();
    const run = await client.ask('run', { ...load, seconds }, seconds + 10);
    const busy = busyness() - busyBefore;
    const after = await server.ask('usage');

    await client.ask('close');
    await server.ask('close');
    const cpu = run.cpu + after.cpu - before.cpu;
    return {
      rate: run.calls / run.elapsed,
      cpuUs: cpu / run.calls,
      p50: run.p50,
      p99: run.p99,
      peakRss: run.peakRss + after.peakRss,
      othersCpus: (busy - cpu) / (run.elapsed * 1e6),
    };
  } catch (cause) {
    throw new Error(`${peer} failed with ${load.inFlight} in flight`, { cause });
  } finally {
    await Promise.all([server.end(), client.end()]);
  }
}

/** The reason why the peer cannot be measured, or undefined. */
export async function obstacle(peer) {
  const server = new Participant('./server.mjs', [peer, '']);
  try {
    await server.ask('load');
  } catch (error) {
    const reason = error.message.split('\n')[0];
    return error.code === 'ERR_MODULE_NOT_FOUND' && reason.includes('/dist/')
      ? 'its packages are not built; run the build first'
      : reason;
  } finally {
    await server.end();
  }
}
