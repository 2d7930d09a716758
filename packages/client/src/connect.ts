import { connect as dial } from 'node:net';
import {
  type ClientOf,
  type CloseOptions,
  type Contract,
  duplexTransport,
  type Implementation,
  Implementations,
  type Limits,
  limitsWith,
  Peer,
  socketPath,
} from '@nearcall/core';

/** How to connect. */
export interface ConnectOptions {
  /** What the server may send. Default: see `Limits`. */
  readonly limits?: Partial<Limits> | undefined;
  /** The milliseconds within which the server must have said hello. Default: 10,000. */
  readonly handshake?: number | undefined;
  /** What the server may call here, one implementation or several: a client can serve, too. Default: nothing. */
  readonly implementations?: Implementation | readonly Implementation[] | undefined;
  /**
   * Hears of what went wrong in handlers and is not told to the server, with the method's name. Default: prints it to
   * standard error.
   */
  readonly onError?: ((error: unknown, method: string) => void) | undefined;
}

/** What calls a contract over a connection of its own, which is closed with it. */
export type Connected<C extends Contract> = ClientOf<C> & AsyncDisposable;

const peers = new WeakMap<object, Peer>();

/**
 * Connects to a server, and gives the object that its methods are called on. Returns at once and dials at once: the
 * first calls wait for the connection, or fail with UNAVAILABLE and the reason. {@link ready} waits for it alone.
 *
 * @throws TypeError for an address or a contract that is none.
 * @throws RangeError for a limit out of its range.
 * @example
 * ```ts
 * const client = connect('unix:/run/user/1000/text.sock', text);
 * await client.uppercase('hello world'); // 'HELLO WORLD'
 * await close(client);
 * ```
 */
export function connect<C extends Contract>(address: string, contract: C, options: ConnectOptions = {}): Connected<C> {
  const path = socketPath(address);
  const limits = limitsWith(options.limits);
  const implementations = new Implementations([options.implementations ?? []].flat());
  // Half-open: answers that are on their way still come when the server has ended its side.
  const socket = dial({ path, allowHalfOpen: true });
  const transport = duplexTransport(socket, (error) => explain(error, path));
  const peer = new Peer(transport, { ...options, role: 'dialer', limits, implementations });
  const client = peer.client(contract) as object;
  Object.defineProperty(client, Symbol.asyncDispose, { value: () => peer.close() });
  peers.set(client, peer);
  return client as Connected<C>;
}

/**
 * Waits until calls can be made.
 *
 * @throws RpcError UNAVAILABLE, with the reason, where that will not be.
 */
export function ready(client: object): Promise<void> {
  return peerOf(client).whenReady();
}

/**
 * Waits until the connection is over, for whatever reason, and keeps the process running meanwhile: the main loop of a
 * client that is there to be called.
 *
 * @throws RpcError UNAVAILABLE, with the reason, where the connection never came about.
 */
export function closed(client: object): Promise<void> {
  return peerOf(client).whenClosed();
}

/**
 * Closes a client: makes no new calls, lets those that have begun finish, and ends the connection. Fulfils when it is
 * over. Closing twice is closing once.
 */
export function close(client: object, options?: CloseOptions): Promise<void> {
  return peerOf(client).close(options);
}

function peerOf(client: object): Peer {
  const peer = peers.get(client);
  if (peer === undefined) throw new TypeError('This is no client: give what connect(…) returned.');
  return peer;
}

/** What a failed connection means to the one who dialled. */
function explain(error: NodeJS.ErrnoException, path: string): Error {
  const messages: Record<string, string> = {
    ENOENT: `Nothing listens at unix:${path}: there is no such file. Is the server running?`,
    ECONNREFUSED: `Nothing listens at unix:${path}: what stands there is no socket, or its server is gone.`,
    EACCES: `This user may not connect to unix:${path}: it has no permission to write to it.`,
    EAGAIN: `The server at unix:${path} has more new connections than it can take at once. Try again.`,
  };
  const message = messages[error.code ?? ''] ?? `The connection to unix:${path} failed: ${error.message}.`;
  return new Error(message, { cause: error });
}
