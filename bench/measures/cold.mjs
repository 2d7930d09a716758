import { spawn } from 'node:child_process';
import { busyness } from '../busyness.mjs';
import { commandOf, Participant } from '../participant.mjs';
import { socketIn } from '../sockets.mjs';
import { quantile } from '../statistics.mjs';

const STARTS = 5;

/** Clients started one after the other, each until its first answer is there and checked; the server runs already. */
export async function open({ peer, can, load, affinity, seconds, folder }) {
  const path = socketIn(folder);
  // Without a call to make there is nobody to make it to.
  const server = can.includes('call') ? new Participant(peer, 'server', path, affinity.server) : undefined;
  const end = async () => server?.end();
  try {
    await server?.ask('open', load);
    await start(peer, path, affinity.client);
  } catch (error) {
    await end();
    throw error;
  }

  async function sample() {
    const serverBefore = await server?.ask('usage');
    const started = performance.now();
    const busyBefore = busyness();
    const ownBefore = process.cpuUsage();
    const starts = [];
    while (starts.length < STARTS || performance.now() - started < seconds * 1000) {
      starts.push(await start(peer, path, affinity.client));
    }
    const elapsed = (performance.now() - started) / 1000;
    const busy = busyness() - busyBefore;
    const own = process.cpuUsage(ownBefore);
    const serverAfter = await server?.ask('usage');

    // Spawning is work of the runner, and nobody else's.
    const ours = starts.reduce((sum, one) => sum + one.cpu, own.user + own.system);
    const servers = server ? serverAfter.cpu - serverBefore.cpu : 0;
    const sorted = (field) => starts.map((one) => one[field]).sort((a, b) => a - b);
    return {
      rate: starts.length / elapsed,
      // Of the client alone: what the server does for one call is little beside a start.
      cpuUs: quantile(sorted('cpu'), 0.5),
      p50: quantile(sorted('us'), 0.5),
      p99: quantile(sorted('us'), 0.99),
      peakRss: Math.max(...sorted('peakRss')),
      othersCpus: (busy - ours - servers) / (elapsed * 1e6),
    };
  }

  return { sample, end };
}

/** Up to the line that the client writes once it has its answer. It is stopped then, for how it ends is not asked. */
function start(peer, path, cpu) {
  const [command, ...args] = commandOf(peer, 'cold', path, cpu);
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    let answered;
    child.on('error', reject);
    child.stdout.setEncoding('latin1').on('data', (data) => {
      text += data;
      if (!text.includes('\n')) return;
      answered = { us: (performance.now() - started) * 1000, ...JSON.parse(text) };
      child.kill('SIGKILL');
    });
    child.on('close', (code) => {
      if (answered) resolve(answered);
      else reject(new Error(`a cold client of ${peer} ended (${code}) without an answer`));
    });
  });
}
