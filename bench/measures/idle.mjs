import { readFileSync } from 'node:fs';
import { Participant } from '../participant.mjs';
import { socketIn } from '../sockets.mjs';
import { slope } from '../statistics.mjs';

const COUNTS = [250, 500, 1000];

/**
 * Connections that have had a call and then none: what each adds to the memory of the server and of the client. A
 * slope, for the first connections bring code and pools that further ones share.
 */
export function open(one) {
  return { sample: () => sample(one), end() {} };
}

async function sample({ peer, load, affinity, folder }) {
  const path = socketIn(folder);
  const server = new Participant(peer, 'server', path, affinity.server);
  const client = new Participant(peer, 'client', path, affinity.client);
  try {
    await server.ask('open', load);
    const points = [];
    for (const count of COUNTS) {
      await client.ask('open', { ...load, connections: count }, 60);
      // Twice, for what the first collection finds to be finalized is free only at the second.
      for (const one of [server, client, server, client]) await one.ask('collect');
      points.push({ count, server: residentBytes(server), client: residentBytes(client) });
    }
    const of = (side) => slope(points.map((point) => [point.count, point[side]]));
    const peaks = [await server.ask('usage'), await client.ask('usage')];
    await client.ask('close', undefined, 30);
    await server.ask('close');
    return {
      serverBytes: of('server'),
      clientBytes: of('client'),
      peakRss: peaks[0].peakRss + peaks[1].peakRss,
    };
  } finally {
    await Promise.all([server.end(), client.end()]);
  }
}

function residentBytes({ pid }) {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return kib * 1024;
}
