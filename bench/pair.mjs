import { busyness } from './busyness.mjs';
import { Participant } from './participant.mjs';
import { socketIn } from './sockets.mjs';

// Opening may be a thousand connections, and a stream runs to its end whatever the time.
const MORE_SECONDS = 60;

/** A server and its client, two processes that stay to be asked again; a client may also host its server by itself. */
export class Pair {
  /** Undefined where the client hosts it, and tells of both in one. */
  server;
  client;
  #load;

  constructor({ peer, hosts = false, load, folder, affinity, flags }) {
    const path = socketIn(folder);
    this.#load = load;
    this.server = hosts ? undefined : new Participant(peer, 'server', path, affinity.server, flags);
    this.client = new Participant(peer, 'client', path, hosts ? affinity.both : affinity.client, flags);
  }

  async open() {
    await this.server?.ask('open', this.#load);
    await this.client.ask('open', this.#load, MORE_SECONDS);
  }

  /** What `given` says stands above what the load says. */
  run(given) {
    return this.client.ask('run', { ...this.#load, ...given }, given.seconds + MORE_SECONDS);
  }

  /**
   * Runs, and adds to what that tells: `rate`, how much of what the load counts was done a second, `cpuUs`, what both
   * processes spent for one of it, their `peakRss` so far, and the CPUs that other work took.
   */
  async measure(given) {
    // The server is asked while nothing is in flight, so that the question
    // neither waits behind the load nor disturbs it.
    const before = await this.#usage();
    const busyBefore = busyness();
    const ran = await this.run(given);
    const busy = busyness() - busyBefore;
    const after = await this.#usage();
    const cpu = ran.cpu + after.cpu - before.cpu;
    return {
      ...ran,
      rate: ran.done / ran.elapsed,
      cpuUs: cpu / ran.done,
      peakRss: ran.peakRss + after.peakRss,
      othersCpus: (busy - cpu) / (ran.elapsed * 1e6),
    };
  }

  async #usage() {
    return (await this.server?.ask('usage')) ?? { cpu: 0, peakRss: 0 };
  }

  async close() {
    await this.client.ask('close');
    await this.server?.ask('close');
  }

  async end() {
    await Promise.all([this.server?.end(), this.client.end()]);
  }
}
