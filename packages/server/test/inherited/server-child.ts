import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { handedOver, implement, type Server, serve, systemdSockets } from '../nearcall.ts';
import { line } from './contract.ts';

/** Serves with what it was given, says where in one line, and lives until it is asked to close, or the test is over. */
const [what = '', details = '', ...options] = process.argv.slice(2);

const targets = {
  /** Descriptors. */
  fd: () => details.split(',').map((fd) => ({ fd: Number(fd) })),
  /** What systemd passes, of a name if there is one. */
  systemd: () => systemdSockets(details || undefined),
  /** The address, at first. The details say how its successor is to be. */
  first: () => options[1] as string,
  /** What the server before hands over. */
  successor: handedOver,
  /** The same, where the server before does not live to see it. */
  heir: async () => {
    const sockets = await handedOver();
    process.kill(process.ppid, 'SIGKILL');
    await once(process, 'disconnect');
    return sockets;
  },
}[what];

const implementation = implement(line, {
  mark: async (token) => {
    if (options[0] !== undefined) appendFileSync(options[0], `${token}\n`);
    // So that there is always something under way.
    await sleep(2);
    return process.pid;
  },
  succeed: async () => {
    const child = fork(process.argv[1] as string, [details || 'successor', '', ...options], {
      stdio: ['ignore', 'inherit', 'inherit', 3, 'ipc'],
    });
    const server = await serving;
    await server.handOver(child);
    setImmediate(() => void server.close());
    return child.pid as number;
  },
  close: () => void setImmediate(async () => (await serving).close()),
});

// Without this a test run that is cut short would leave the process behind. What a parent gives as its input ends with
// that parent, so those that hand over have another line.
const hasFile = ['first', 'successor', 'heir'].includes(what);
const lifeline = hasFile ? new Socket({ fd: 3 }) : (process.stdin as Socket);
lifeline.on('end', () => process.exit()).resume();
lifeline.unref();

/** Calls may come before it has fulfilled. */
let serving: Promise<Server>;
if (what === 'refused') {
  const refusals: string[] = [];
  for (const fd of details.split(',')) {
    refusals.push(await serve({ fd: Number(fd) }, implementation).then(() => 'none', String));
  }
  console.log(JSON.stringify({ refusals }));
} else {
  const given = (await targets?.()) as string;
  serving = serve(given, implementation, hasFile ? { mode: 0o660 } : {});
  const { addresses } = await serving;
  const left = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'));
  // It is told again and again.
  const again = systemdSockets().map(({ name }) => name);
  console.log(JSON.stringify({ pid: process.pid, addresses, left, again }));
}
