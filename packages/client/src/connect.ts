import {
  type ClientOf,
  type CloseOptions,
  type Contract,
  checkContract,
  checkInterceptors,
  checkOptions,
  clientOf,
  Implementations,
  intercepted,
  limitsWith,
  type OptionKinds,
  systemClock,
} from '@nearcall/core';
import { backoffOptions } from './backoff.ts';
import { Channel } from './channel.ts';
import type { ConnectOptions } from './connect-options.ts';
import type { ClientState } from './connectivity.ts';
import { type ConnectTarget, targetOf } from './target.ts';

/** What calls a contract over a connection of its own, which is closed with it. */
export type Connected<C extends Contract> = ClientOf<C> & AsyncDisposable;

const KINDS: OptionKinds<ConnectOptions> = {
  limits: 'object',
  handshake: 'time',
  unfinished: 'time',
  implementations: 'any',
  waitForReady: 'flag',
  reconnect: 'flag',
  backoff: 'object',
  deadline: 'time',
  interceptors: 'any',
  onConnect: 'function',
  onError: 'function',
  allowRemote: 'flag',
};

const channels = new WeakMap<object, Channel>();

/**
 * Connects to a server, and gives the object that its methods are called on. Returns at once and dials at once: the
 * first calls wait for the connection, or fail with UNAVAILABLE and the reason. {@link ready} waits for it alone. A
 * connection that is lost is made anew. With several targets each call goes to the one that has the fewest.
 *
 * @throws TypeError for an address, a contract, an option or an interceptor that is none.
 * @throws RangeError for a limit or a time out of its range.
 * @example
 * ```ts
 * const client = connect('unix:/run/user/1000/text.sock', text);
 * await client.uppercase('hello world'); // 'HELLO WORLD'
 * await close(client);
 * ```
 */
export function connect<C extends Contract>(
  target: ConnectTarget | readonly ConnectTarget[],
  contract: C,
  options: ConnectOptions = {},
): Connected<C> {
  checkOptions('connect', options, KINDS);
  checkContract(contract);
  checkInterceptors(options.interceptors);
  const targets = [target].flat().map((each) => targetOf(each, options));
  if (targets.length === 0) throw new TypeError('There is no address to connect to: the list of them is empty.');
  const {
    limits,
    handshake,
    unfinished,
    onError,
    waitForReady = false,
    reconnect = true,
    deadline,
    onConnect,
    interceptors,
  } = options;
  const backoff = backoffOptions(options.backoff);
  const served = [options.implementations ?? []].flat();
  const implementations = served.length === 0 ? undefined : new Implementations(served);
  const channel = new Channel(targets, {
    peer: { limits: limitsWith(limits), handshake, unfinished, onError, implementations, interceptors },
    clock: systemClock,
    backoff: reconnect ? backoff : undefined,
    waitForReady,
    deadline,
    onConnect,
  });
  const client = clientOf(intercepted(channel.invoker, interceptors), contract) as object;
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
 * running. What the listener throws goes to `onError`.
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
