import type { InheritedSocket } from './inherited-socket.ts';

/** A listening socket that systemd has passed to this process. */
export interface SystemdSocket extends InheritedSocket {
  /** Its `FileDescriptorName=`, which is the name of its unit by default, such as `text.socket`. */
  readonly name: string;
}

/** What was passed, or why nothing was. */
interface Passed {
  readonly sockets: readonly SystemdSocket[];
  readonly why: string;
}

const VARIABLES = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDNAMES'];
/** The first descriptor that systemd passes. */
const FIRST = 3;

let passed: Passed | undefined;

/**
 * The listening sockets that systemd has passed to this process, to be given to `serve`: all of them, in the order of
 * their units, or those of a name. Without a name, and where none was passed, the list is empty. The variables that tell
 * of them are removed, so that no child process takes itself to be meant; further calls tell the same. A worker thread
 * does not share them: give it what the main thread was told.
 *
 * @throws Error where none of that name was passed, saying which were, and where the variables make no sense.
 * @example
 * ```ts
 * const sockets = systemdSockets();
 * const server = await serve(
 *   sockets.length > 0 ? sockets : 'unix:/run/user/1000/text.sock',
 *   implement(text, { uppercase: (s) => s.toUpperCase() }),
 * );
 * ```
 */
export function systemdSockets(name?: string): readonly SystemdSocket[] {
  passed ??= take(process.env);
  if (name === undefined) return passed.sockets;
  const found = passed.sockets.filter((socket) => socket.name === name);
  if (found.length === 0) throw new Error(`systemd has passed no socket named ${JSON.stringify(name)}: ${passed.why}`);
  return found;
}

function take(environment: NodeJS.ProcessEnv): Passed {
  try {
    return socketsIn(environment, process.pid);
  } finally {
    for (const variable of VARIABLES) delete environment[variable];
  }
}

/** What an environment tells a process of. */
export function socketsIn(environment: NodeJS.ProcessEnv, pid: number): Passed {
  const { LISTEN_FDS: fds, LISTEN_PID: whose, LISTEN_FDNAMES: names = '' } = environment;
  if (fds === undefined || whose === undefined) {
    return { sockets: [], why: 'this process was not started by a socket unit.' };
  }
  if (Number(whose) !== pid) {
    const why = `what it passed is for process ${whose}, and this is ${pid}. Start node itself, not through npm or a shell.`;
    return { sockets: [], why };
  }
  if (!/^\d{1,6}$/.test(fds)) throw new Error(`The variable LISTEN_FDS is ${JSON.stringify(fds)}, which is no count.`);
  const each = names.split(':');
  const sockets = Array.from({ length: Number(fds) }, (_, i) => ({ fd: FIRST + i, name: each[i] || 'unknown' }));
  const list = sockets.map(({ fd, name }) => `${JSON.stringify(name)} as descriptor ${fd}`).join(', ');
  return { sockets, why: `it has passed ${list || 'none'}.` };
}
