import {
  checkInterceptors,
  type Implementation,
  Implementations,
  type Interceptor,
  isTransport,
  limitsWith,
  type OnConnect,
  type OwnLimits,
  parseAddress,
  type Transport,
} from '@nearcall/core';
import { Clients } from './clients.ts';
import { descriptors, whereShort } from './descriptors.ts';
import type { Accept, Listener } from './listener.ts';
import { RunningServer, type Server } from './server.ts';
import { type ServerLimits, serverLimits } from './server-limits.ts';
import { socketAccess } from './socket-access.ts';
import { listenTcp } from './tcp-listener.ts';
import { listenUnix } from './unix-listener.ts';

/** Where to serve: an address to listen at, or the transport of one connection. */
export type ServeTarget = string | Transport;

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
   * everybody. To connect takes the right to write. Default: 0o600, this user alone.
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
}

/**
 * Serves one or several implementations, or none where the server only calls its clients. Fulfils once clients can
 * connect. At a `unix:` address only this user can, unless `mode` says otherwise. At a `tcp:` address every user of this
 * machine can. Port 0 lets the system choose; `server.address` tells which. A transport is one connection that is there
 * already; further ones may follow through `server.accept`. The workers of a `node:cluster` that serve one address share
 * it, and each new connection goes to one of them.
 *
 * @throws TypeError for an address or an interceptor that is none, two implementations of one name, or a mode or group
 *   without a `unix:` address.
 * @throws RangeError for a limit or a mode out of its range.
 * @throws Error where it cannot listen at one of the addresses, saying what stands in the way. It then listens at none.
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
  const all = isList(targets) ? targets : [targets];
  const addresses = all.flatMap((target) => (isTransport(target) ? [] : parseAddress(target, options)));
  const transports = all.filter(isTransport);
  const served = new Implementations(isList(implementations) ? implementations : [implementations]);
  const limits = limitsWith(options.limits);
  checkInterceptors(options.interceptors);
  const clients = new Clients(served, limits, serverLimits(options.serverLimits), options);
  const access = await socketAccess(options, addresses);
  const listeners: Listener[] = [];
  const server = new RunningServer(listeners, clients);
  const accept: Accept = (transport) => void clients.accept(transport, descriptors);
  try {
    for (const address of addresses) {
      listeners.push(
        await (address.kind === 'unix' ? listenUnix(address, accept, access) : listenTcp(address, accept)),
      );
    }
    for (const transport of transports) server.accept(transport);
  } catch (error) {
    await server.close({ grace: 0 });
    throw whereShort(error);
  }
  return server;
}

function isList<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}
