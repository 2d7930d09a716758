import { obey } from './orders.mjs';
import { usage } from './usage.mjs';

const [name, path] = process.argv.slice(2);
let peer;
let load;
let connection;

obey({
  async open(kind) {
    peer = await import(`./peers/${name}.mjs`);
    load = await import(`./loads/${kind}.mjs`);
    connection = await peer.connect(path, kind);
  },
  async run(given) {
    const expected = peer.echoes ? given.text : given.text?.toUpperCase();
    const before = usage();
    const measured = await load.run(connection, { ...given, expected });
    const after = usage();
    return { ...measured, cpu: after.cpu - before.cpu, peakRss: after.peakRss };
  },
  async close() {
    await connection.close();
  },
});
