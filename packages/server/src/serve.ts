import {
  type Address,
  checkInterceptors,
  checkOptions,
  type Implementation,
  Implementations,
  type Interceptor,
  isTransport,
  limitsWith,
  type OnConnect,
  type OptionKinds,
  type OwnLimits,
  parseAddress,
  type Transport,
} from '@nearcall/core';
import { type Admission, checkTellable, guardOf } from './admission.ts';
import { Clients } from './clients.ts';
import { descriptors, whereShort } from './descriptors.ts';
import type { HandedOver } from './hand-over/handed-over.ts';
import { HandedOverSockets } from './hand-over/handed-over-sockets.ts';
import { type InheritedSocket, isInherited, listenInherited } from './inherited-socket.ts';
import type { Accept, Listener } from './listener.ts';
import { RunningServer, type Server } from './server.ts';
import { type ServerLimits, serverLimits } from './server-limits.ts';
import { type SocketAccess, socketAccess } from './socket-file/socket-access.ts';
import { listenTcp } from './tcp-listener.ts';
import { listenUnix } from './unix-listener.ts';

/**
 * Where to serve: an address to listen at, the transport of one connection, a listening socket that this process was
 * started with, or what an old server has handed over.
 */
export type ServeTarget = string | Transport | InheritedSocket | HandedOver;

/** How to serve. */
export interface ServeOptions {
  /** What each client may send, and what is held for it. Default: see `Limits` and `OwnLimits`. */
  readonly limits?: Partial<OwnLimits> | undefined;
  /** What all clients together may take. Default: see {@link ServerLimits}. */
  readonly serverLimits?: Partial<ServerLimits> | undefined;
  /**
   * Called once for each client, as soon as it has connected: to call it, to send it events or streams, or to close it.
   * What it throws goes to `onError`.
   */
  readonly onConnect?: OnConnect | undefined;
  /**
   * What stands around the calls that this server makes of its clients, outermost first. Default: nothing. What stands
   * around those that it serves is middleware: see `use`.
   */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** The milliseconds within which a client must have said hello. Default: 10,000. */
  readonly handshake?: number | undefined;
  /** The milliseconds within which a frame that a client has begun must be whole. Default: 30,000. */
  readonly unfinished?: number | undefined;
  /**
   * Hears of what went wrong in handlers and is not told to callers, with the method's name. Default: prints it to
   * standard error.
   */
  readonly onError?: ((error: unknown, method: string) => void) | undefined;
  /**
   * Who may connect at the `unix:` addresses, as the mode of a file: 0o660 lets in a {@link group} as well, 0o666
   * everybody. To connect takes the right to write, and to enter the file's directory: that of `localAddress` lets nobody
   * in. Default: 0o600, this user alone.
   */
  readonly mode?: number | undefined;
  /**
   * The group that the socket files belong to, by its name in /etc/group or its number; this user must be in it. Goes with
   * a {@link mode} that lets it in. Default: what the system gives a new file.
   */
  readonly group?: string | number | undefined;
  /**
   * Whether a `tcp:` address may be reached from other machines. Nothing is encrypted, and nobody is asked who they are.
   * Default: false.
   */
  readonly allowRemote?: boolean | undefined;
  /**
   * Whom to admit, by user and group as the kernel tells them. All others are turned away before any call: theirs fail
   * with PERMISSION_DENIED, not sent. It needs the optional package koffi, and takes socket files alone, and transports
   * that tell who is at their other end. The file's mode must let them come so far, see {@link mode}. Default: whoever can connect.
   */
  readonly admit?: Admission | undefined;
}

const KINDS: OptionKinds<ServeOptions> = {
  limits: 'object',
  serverLimits: 'object',
  onConnect: 'function',
  interceptors: 'any',
  handshake: 'time',
  unfinished: 'time',
  onError: 'function',
  mode: 'any',
  group: 'any',
  allowRemote: 'flag',
  admit: 'any',
};

/**
 * Serves one or several implementations, or none where the server only calls its clients. Fulfils once clients can
 * connect. At a `unix:` address only this user can, unless `mode` says otherwise. At a `tcp:` address every user of this
 * machine can. Port 0 lets the system choose; `server.address` tells which. A transport is one connection that is there
 * already; further ones may follow through `server.accept`. The workers of a `node:cluster` that serve one address share
 * it, and each new connection goes to one of them. `{ fd: 3 }` is a listening socket that this process was started with,
 * see {@link systemdSockets}: who may connect was decided by whoever made it, who also removes its file. What
 * {@link handedOver} gives is that of the server before, with its files as they are; its addresses come last.
 *
 * @throws TypeError for an address, a descriptor, an option or an interceptor that is none, two implementations of one
 *   name, a mode or group without a `unix:` address, or an `admit` where nobody can tell who connects to one of the
 *   targets.
 * @throws RangeError for a limit, a time or a mode out of its range.
 * @throws Error where it cannot listen at one of the addresses, or with one of the sockets, saying what stands in the
 *   way. It then listens at none. The error's `cause` is the system's, where that refused it: with the `code`
 *   `EADDRINUSE` somebody listens there already.
 * @example
 * ```ts
 * const server = await serve('unix:/run/user/1000/text.sock', implement(text, { uppercase: (s) => s.toUpperCase() }));
 * ```
 */
export async function serve(
  targets: ServeTarget | readonly ServeTarget[],
  implementations: Implementation | readonly Implementation[],
  options: ServeOptions = {},
): Promise<Server> {
  checkOptions('serve', options, KINDS);
  const all = isList(targets) ? targets : [targets];
  const transports = all.filter(isTransport);
  const handedOver = all.filter((target) => target instanceof HandedOverSockets);
  const listening = all
    .filter(isListening)
    .map((target) => (isInherited(target) ? target : parseAddress(target, options)));
  const served = new Implementations(isList(implementations) ? implementations : [implementations]);
  const limits = limitsWith(options.limits);
  checkInterceptors(options.interceptors);
  // A file that is handed over has its mode and group from the server before.
  const handedFiles = handedOver.flatMap(({ addresses }) => addresses.filter((address) => address.startsWith('unix:')));
  const files = [...listening.filter(isAddress), ...handedFiles.map((address) => parseAddress(address))];
  const guard = options.admit === undefined ? undefined : guardOf(options.admit, files, transports);
  const clients = new Clients(served, limits, serverLimits(options.serverLimits), options, guard);
  const access = await socketAccess(options, files);
  const listeners: Listener[] = [];
  const server = new RunningServer(listeners, clients);
  const accept: Accept = (transport) => void clients.accept(transport, descriptors);
  const taken: HandedOverSockets[] = [];
  try {
    for (const sockets of handedOver) {
      await sockets.take();
      taken.push(sockets);
    }
    for (const target of listening) listeners.push(await listen(target, accept, access, options));
    // Last, as they are shared with a server that serves: nobody is taken by one that fails.
    for (const sockets of taken) {
      for await (const listener of sockets.listen(accept, options)) listeners.push(listener);
    }
    if (guard !== undefined) for (const { address } of listeners) checkTellable(address);
    for (const transport of transports) server.accept(transport);
    for (const sockets of taken) await sockets.served();
  } catch (error) {
    for (const sockets of taken) sockets.failed(error);
    await server.close(taken.length > 0 ? {} : { grace: 0 });
    throw whereShort(error);
  }
  return server;
}

function listen(
  target: Address | InheritedSocket,
  accept: Accept,
  access: SocketAccess,
  options: ServeOptions,
): Promise<Listener> {
  if (isInherited(target)) return listenInherited(target, accept, options);
  return target.kind === 'unix' ? listenUnix(target, accept, access) : listenTcp(target, accept);
}

function isListening(target: ServeTarget): target is string | InheritedSocket {
  return !isTransport(target) && !(target instanceof HandedOverSockets);
}

function isAddress(target: Address | InheritedSocket): target is Address {
  return !isInherited(target);
}

function isList<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}
