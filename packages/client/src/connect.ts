import { connect as dial } from 'node:net';
import {
  type ClientOf,
  type CloseOptions,
  type Contract,
  checkContract,
  clientOf,
  duplexTransport,
  Implementations,
  limitsWith,
  socketPath,
  systemClock,
} from '@nearcall/core';
import { backoffOptions } from './backoff.ts';
import { Channel } from './channel.ts';
import type { ConnectOptions } from './connect-options.ts';
import type { ClientState } from './connectivity.ts';

/** What calls a contract over a connection of its own, which is closed with it. */
export type Connected<C extends Contract> = ClientOf<C> & AsyncDisposable;

const channels = new WeakMap<object, Channel>();

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
  checkContract(contract);
  const path = socketPath(address);
  const { limits, handshake, onError, waitForReady = false, reconnect = true, deadline, onConnect } = options;
  const backoff = backoffOptions(options.backoff);
  const implementations = new Implementations([options.implementations ?? []].flat());
  const target = {
    address,
    // Half-open: answers that are on their way still come when the server has ended its side.
    dial: () => duplexTransport(dial({ path, allowHalfOpen: true }), (error) => explain(error, path)),
  };
  const channel = new Channel([target], {
    peer: { limits: limitsWith(limits), handshake, onError, implementations },
    clock: systemClock,
    backoff: reconnect ? backoff : undefined,
    waitForReady,
    deadline,
    onConnect,
  });
  const client = clientOf(channel.invoker, contract) as object;
  Object.defineProperty(client, Symbol.asyncDispose, { value: () => channel.close() });
  channels.set(client, channel);
  return client as Connected<C>;
}

/**
 * Waits until calls can be made.
 *
 * @throws RpcError UNAVAILABLE, with the reason, where that will not be.
 */
export function ready(client: object): Promise<void> {
  return channelOf(client).whenReady();
}

/**
 * Waits until the connection is over, for whatever reason, and keeps the process running meanwhile: the main loop of a
 * client that is there to be called.
 *
 * @throws RpcError UNAVAILABLE, with the reason, where the connection never came about.
 */
export function closed(client: object): Promise<void> {
  return channelOf(client).whenClosed();
}

/**
 * Closes a client: makes no new calls, lets those that have begun finish, and ends the connection. Fulfils when it is
 * over. Closing twice is closing once.
 */
export function close(client: object, options?: CloseOptions): Promise<void> {
  return channelOf(client).close(options);
}

/**
 * How a client stands just now.
 *
 * @example
 * ```ts
 * if (state(client).connectivity === 'TRANSIENT_FAILURE') console.log(state(client).reason?.message);
 * ```
 */
export function state(client: object): ClientState {
  return channelOf(client).state;
}

/**
 * Tells of each change of a client's state, until the function that it returns is called. It does not keep the process
 * running.
 *
 * @example
 * ```ts
 * const stop = watch(client, ({ connectivity }) => console.log(connectivity));
 * ```
 */
export function watch(client: object, listener: (state: ClientState) => void): () => void {
  const channel = channelOf(client);
  return channel.watch(() => listener(channel.state));
}

function channelOf(client: object): Channel {
  const channel = channels.get(client);
  if (channel === undefined) throw new TypeError('This is no client: give what connect(…) returned.');
  return channel;
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
