// A client as a user's program would be: it loads its peer, connects, calls and has its answer. The runner looks at the clock.
const [name, path] = process.argv.slice(2);
const TEXT = 'hello world';

const peer = await import(`./peers/${name}.mjs`);
if (peer.connect) {
  const connection = await peer.connect(path, 'calls');
  const answer = await connection.call(TEXT);
  if (answer !== (peer.echoes ? TEXT : TEXT.toUpperCase())) throw new Error(`wrong answer: ${answer}`);
}
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ cpu: userCPUTime + systemCPUTime, peakRss: maxRSS * 1024 })}\n`);
