import { obey } from './orders.mjs';
import { usage } from './usage.mjs';

const [name, path] = process.argv.slice(2);
let stop;

obey({
  async load() {
    const { can } = await import(`./peers/${name}.mjs`);
    return can;
  },
  async open(kind) {
    const peer = await import(`./peers/${name}.mjs`);
    stop = await peer.serve(path, kind);
  },
  usage,
  async close() {
    await stop();
  },
});
