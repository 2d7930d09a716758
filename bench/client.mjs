import { obey } from './orders.mjs';
import { memory, sum, usage } from './usage.mjs';

// So many are opened at once: a listener's backlog is finite.
const AT_ONCE = 50;

const [name, path] = process.argv.slice(2);
const connections = [];
let peer;
let load;

obey({
  /** Opens what is missing to so many connections. Each has had a call before the next are opened. */
  async open(given) {
    const { kind, connections: count = 1, text } = given;
    peer = await import(`./peers/${name}.mjs`);
    load = await import(`./loads/${kind}.mjs`);
    while (connections.length < count) {
      const missing = Math.min(AT_ONCE, count - connections.length);
      const opened = await Promise.all(Array.from({ length: missing }, () => peer.connect(path, kind, given)));
      if (count > 1) await Promise.all(opened.map((connection) => connection.call(text)));
      connections.push(...opened);
    }
  },
  async run(given) {
    const expected = peer.echoes ? given.text : given.text?.toUpperCase();
    const before = await bothUsages();
    const measured = await load.run(connections, { ...given, expected });
    const after = await bothUsages();
    return { ...measured, cpu: after.cpu - before.cpu, peakRss: after.peakRss };
  },
  usage: bothUsages,
  // Loaded when asked for: what a process of Node holds decides how often its buffers make V8 collect.
  tally: async () => (await import('./tally.mjs')).tally(),
  collect: async () => (await import('./collect.mjs')).collect(),
  memory,
  async close() {
    await Promise.all(connections.map((connection) => connection.close()));
  },
});

/** A peer that hosts its server in a process of its own tells what that one used as well. */
async function bothUsages() {
  const hosted = await connections[0]?.usage?.();
  return hosted ? sum(usage(), hosted) : usage();
}
