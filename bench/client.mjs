import { load } from './load.mjs';
import { obey } from './orders.mjs';
import { usage } from './usage.mjs';

const [name, path] = process.argv.slice(2);
let peer;
let connection;

obey({
  async open() {
    peer = await import(`./peers/${name}.mjs`);
    connection = await peer.connect(path);
  },
  async run({ text, inFlight, seconds }) {
    const expected = peer.echoes ? text : text.toUpperCase();
    const before = usage();
    const measured = await load(connection, { text, expected, inFlight, seconds });
    const after = usage();
    return { ...measured, cpu: after.cpu - before.cpu, peakRss: after.peakRss };
  },
  async close() {
    await connection.close();
  },
});
