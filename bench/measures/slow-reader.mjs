import { Participant } from '../participant.mjs';
import { socketIn } from '../sockets.mjs';
import { slope } from '../statistics.mjs';

const COUNTS = [4, 8, 16];
// A fast producer fills what there is to fill in a tenth of this.
const LEAST_SECONDS = 1;

/**
 * Readers of streams without an end that take 50 items a second, each on a connection of its own: what one more holds at
 * both ends after a collection, in the heap and outside of it. A slope, so that code and pools that all share fall out.
 */
export function open(one) {
  return { sample: () => sample(one), end() {} };
}

async function sample({ peer, load, affinity, seconds, folder }) {
  const path = socketIn(folder);
  const server = new Participant(peer, 'server', path, affinity.server);
  const client = new Participant(peer, 'client', path, affinity.client);
  const both = [server, client];
  try {
    await server.ask('open', load);
    const points = [];
    for (const count of COUNTS) {
      await client.ask('open', { ...load, connections: count });
      await client.ask('run', { ...load, seconds: Math.max(seconds, LEAST_SECONDS) });
      for (const one of [...both, ...both]) await one.ask('collect');
      points.push([count, (await server.ask('memory')) + (await client.ask('memory'))]);
    }
    const peaks = [await server.ask('usage'), await client.ask('usage')];
    return { heldBytes: slope(points), peakRss: peaks[0].peakRss + peaks[1].peakRss };
  } finally {
    await Promise.all([server.end(), client.end()]);
  }
}
