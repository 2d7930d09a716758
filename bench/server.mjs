import { obey } from './orders.mjs';
import { memory, usage } from './usage.mjs';

const [name, path] = process.argv.slice(2);
let stop;

obey({
  async load() {
    const { can, hosts } = await import(`./peers/${name}.mjs`);
    return { can, hosts };
  },
  async open(given) {
    const peer = await import(`./peers/${name}.mjs`);
    stop = await peer.serve(path, given.kind, given);
  },
  usage,
  // Loaded when asked for: what a process of Node holds decides how often its buffers make V8 collect.
  tally: async () => (await import('./tally.mjs')).tally(),
  collect: async () => (await import('./collect.mjs')).collect(),
  memory,
  async close() {
    await stop();
  },
});
