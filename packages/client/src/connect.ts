import { connect as dial } from 'node:net';
import {
  type AnyService,
  type CloseOptions,
  DEFAULT_GRACE,
  duplexTransport,
  type Limits,
  limitsWith,
  Peer,
  socketPath,
  stub,
} from '@nearcall/core';

/** How to connect. */
export interface ConnectOptions {
  /** What the server may send. Default: see `Limits`. */
  readonly limits?: Partial<Limits> | undefined;
  /** The milliseconds within which the server must have said hello. Default: 10,000. */
  readonly handshake?: number | undefined;
}

/** One service, or several by the names under which they are called. */
export type Contract = AnyService | { readonly [name: string]: AnyService };

/**
 * What calls a contract: a service's methods, or for several services an object of them by name. A single service's
 * method named `then` is left off, because awaiting the client would call it: connect to a record of services instead.
 */
export type ClientOf<C extends Contract> = AsyncDisposable &
  (C extends AnyService
    ? C['~client'] extends { readonly then: unknown }
      ? Omit<C['~client'], 'then'>
      : C['~client']
    : { readonly [K in keyof C]: C[K] extends AnyService ? C[K]['~client'] : never });

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
export function connect<C extends Contract>(address: string, contract: C, options: ConnectOptions = {}): ClientOf<C> {
  const path = socketPath(address);
  const limits = limitsWith(options.limits);
  checkContract(contract);
  // Half-open: answers that are on their way still come when the server has ended its side.
  const socket = dial({ path, allowHalfOpen: true });
  const peer = new Peer(
    duplexTransport(socket, (error) => explain(error, path)),
    { ...options, role: 'dialer', limits },
  );
  const client = isService(contract) ? stub(peer, contract) : stubs(peer, contract);
  if (isService(contract)) delete client['then'];
  Object.defineProperty(client, Symbol.asyncDispose, { value: () => peer.close() });
  peers.set(client, peer);
  return client as ClientOf<C>;
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
 * Closes a client: makes no new calls, lets those that have begun finish, and ends the connection. Fulfils when it is
 * over. Closing twice is closing once.
 */
export function close(client: object, { grace = DEFAULT_GRACE }: CloseOptions = {}): Promise<void> {
  return peerOf(client).close(grace);
}

function peerOf(client: object): Peer {
  const peer = peers.get(client);
  if (peer === undefined) throw new TypeError('This is no client: give what connect(…) returned.');
  return peer;
}

function isService(contract: Contract): contract is AnyService {
  const { name, methods } = contract as Partial<AnyService>;
  return typeof name === 'string' && typeof methods === 'object';
}

function checkContract(contract: unknown): void {
  const known = typeof contract === 'object' && contract !== null;
  if (known && isService(contract as Contract)) return;
  if (known && Object.values(contract).every((part) => part instanceof Object && isService(part as Contract))) return;
  throw new TypeError('The contract is none: give what service(…) returned, or a record of such services.');
}

function stubs(peer: Peer, services: { readonly [name: string]: AnyService }): Record<string, unknown> {
  const client: Record<string, unknown> = Object.create(null);
  for (const [name, service] of Object.entries(services)) client[name] = stub(peer, service);
  return client;
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
