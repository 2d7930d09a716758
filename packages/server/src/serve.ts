import { createServer, type Server as NetServer, type Socket } from 'node:net';
import {
  type CloseOptions,
  duplexTransport,
  type Implementation,
  Implementations,
  type Limits,
  limitsWith,
  type OnConnect,
  type RemotePeer,
  socketPath,
} from '@nearcall/core';
import { Clients } from './clients.ts';
import { type ServerLimits, serverLimits } from './server-limits.ts';
import { listen, type SocketFile } from './socket-file.ts';

/** How to serve. */
export interface ServeOptions {
  /** What each client may send. Default: see `Limits`. */
  readonly limits?: Partial<Limits> | undefined;
  /** What all clients together may take. Default: see {@link ServerLimits}. */
  readonly serverLimits?: Partial<ServerLimits> | undefined;
  /**
   * Called once for each client, as soon as it has connected: to call it, to send it events or streams, or to close it.
   * What it throws goes to `onError`.
   */
  readonly onConnect?: OnConnect | undefined;
  /** The milliseconds within which a client must have said hello. Default: 10,000. */
  readonly handshake?: number | undefined;
  /**
   * Hears of what went wrong in handlers and is not told to callers, with the method's name. Default: prints it to
   * standard error.
   */
  readonly onError?: ((error: unknown, method: string) => void) | undefined;
}

/** A server that listens. */
export interface Server extends AsyncDisposable {
  /** Where it listens, as clients name it. */
  readonly address: string;
  /** How many clients are connected. */
  readonly connections: number;
  /** The clients that are connected, each to be called as in {@link ServeOptions.onConnect}. */
  readonly peers: Iterable<RemotePeer>;
  /**
   * Stops: takes no new clients and no new calls, lets what has begun finish, and removes the socket file. Fulfils when
   * all of it is done. Closing twice is closing once.
   */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Serves one or several implementations, or none where the server only calls its clients, at a Unix socket. Fulfils once clients can connect. Only this user can: the
 * file's mode is 0600.
 *
 * @throws TypeError for an address that is none, or two implementations of one name.
 * @throws RangeError for a limit out of its range.
 * @throws Error where it cannot listen, saying what stands in the way.
 * @example
 * ```ts
 * const server = await serve('unix:/run/user/1000/text.sock', implement(text, { uppercase: (s) => s.toUpperCase() }));
 * ```
 */
export async function serve(
  address: string,
  implementations: Implementation | readonly Implementation[],
  options: ServeOptions = {},
): Promise<Server> {
  const path = socketPath(address);
  const served = new Implementations(isList(implementations) ? implementations : [implementations]);
  const limits = limitsWith(options.limits);
  const clients = new Clients(served, limits, serverLimits(options.serverLimits), options);
  const accept = (socket: Socket): void => clients.accept(duplexTransport(socket));
  // Half-open: a client that has ended its side still gets its answers.
  const net = createServer({ allowHalfOpen: true }, accept);
  const file = await listen(net, path);
  return new UnixServer(`unix:${path}`, net, file, clients);
}

function isList(given: Implementation | readonly Implementation[]): given is readonly Implementation[] {
  return Array.isArray(given);
}

class UnixServer implements Server {
  readonly address: string;
  readonly #net: NetServer;
  readonly #file: SocketFile;
  readonly #clients: Clients;
  #closing: Promise<void> | undefined;

  constructor(address: string, net: NetServer, file: SocketFile, clients: Clients) {
    this.address = address;
    this.#net = net;
    this.#file = file;
    this.#clients = clients;
  }

  get connections(): number {
    return this.#clients.size;
  }

  get peers(): Iterable<RemotePeer> {
    return this.#clients.ready();
  }

  close(options?: CloseOptions): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    // First the name goes, so that nobody new comes while the last ones leave.
    await this.#file.remove();
    const stopped = new Promise<void>((resolve) => this.#net.close(() => resolve()));
    await this.#clients.close(options);
    await stopped;
  }
}
