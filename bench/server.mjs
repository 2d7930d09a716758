import { collect } from './collect.mjs';
import { obey } from './orders.mjs';
import { tally } from './tally.mjs';
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
  tally,
  collect,
  memory,
  async close() {
    await stop();
  },
});
