import { obey } from './orders.mjs';
import { usage } from './usage.mjs';

const [name, path] = process.argv.slice(2);
let stop;

obey({
  async load() {
    await import(`./peers/${name}.mjs`);
  },
  async open() {
    const peer = await import(`./peers/${name}.mjs`);
    stop = await peer.serve(path);
  },
  usage,
  async close() {
    await stop();
  },
});
