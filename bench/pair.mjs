import { join } from 'node:path';
import { Participant } from './participant.mjs';

const MORE_SECONDS = 60;

let sockets = 0;

/** A server and its client, two processes on one CPU, that stay to be asked again. */
export class Pair {
  server;
  client;
  #load;

  constructor({ peer, load, folder, cpu, flags }) {
    const path = join(folder, `${++sockets}.sock`);
    this.#load = load;
    this.server = new Participant(peer, 'server', path, cpu, flags);
    this.client = new Participant(peer, 'client', path, cpu, flags);
  }

  async open() {
    await this.server.ask('open', this.#load);
    await this.client.ask('open', this.#load, MORE_SECONDS);
  }

  /** What `given` says stands above what the load says. */
  run(given) {
    return this.client.ask('run', { ...this.#load, ...given }, given.seconds + MORE_SECONDS);
  }

  /** The CPU µs of both for one of what the load counts, and how many of it there were a second. */
  async cost(given) {
    const before = await this.server.ask('usage');
    const { done, elapsed, cpu } = await this.run(given);
    const after = await this.server.ask('usage');
    return { cpuUs: (cpu + after.cpu - before.cpu) / done, rate: done / elapsed };
  }

  async end() {
    await Promise.all([this.server.end(), this.client.end()]);
  }
}
