import {
  type Clock,
  type CloseOptions,
  type Exit,
  type ExitUser,
  type Invoker,
  isTransport,
  type Peer,
  RpcError,
  type Transport,
} from '@nearcall/core';
import { Backoff, type BackoffOptions } from './backoff.ts';
import type { ConnectionState, Connectivity } from './connectivity.ts';
import { dialledInTime } from './dialled-in-time.ts';
import { ENDED, LEAVING } from './failures.ts';

/** Where a subchannel connects to. */
export interface Target {
  /** For people. */
  readonly address: string;
  /** Makes a transport for each connection. */
  dial(): Transport | Promise<Transport>;
  /** Whether that can be done but once. */
  readonly once: boolean;
}

/** Whom a subchannel belongs to. */
export interface SubchannelOwner {
  readonly clock: Clock;
  /** The milliseconds that a transport may take to come. */
  readonly patience: number;
  /** Speaks over a transport. */
  peer(transport: Transport, user: ExitUser): Peer;
  /** Calls can be made over a new connection. */
  connected(peer: Peer): void;
  /** What makes the calls. */
  readonly invoker: Invoker;
  /** It stands differently now. */
  changed(): void;
  /** One of its connections is over, and its transport closed. */
  gone(): void;
}

/** The connection to one address, made anew whenever it is lost. */
export class Subchannel {
  connectivity: Connectivity = 'CONNECTING';
  /** Why the last attempt failed. */
  reason: RpcError | undefined = undefined;
  /** Where new calls leave, if they can. */
  exit: Exit | undefined = undefined;
  readonly #target: Target;
  readonly #owner: SubchannelOwner;
  readonly #backoff: Backoff | undefined;
  /** The connection that new calls leave over, or that is being made. */
  #peer: Peer | undefined = undefined;
  /** It, and those that are ending and still have calls. */
  readonly #peers = new Set<Peer>();
  /** Those that were there and whose transport is still to be closed. */
  readonly #open = new Set<Peer>();
  #openedAt = 0;
  /** Whether the connection was there before, and has not been missed for long. */
  #lost = false;
  #stopTimer: () => void = () => {};

  /** `backoff`: none where a connection that is over is not made again. */
  constructor(target: Target, owner: SubchannelOwner, backoff: BackoffOptions | undefined) {
    this.#target = target;
    this.#owner = owner;
    this.#backoff = backoff === undefined || target.once ? undefined : new Backoff(backoff);
  }

  /** Whether a connection that is over is made again. */
  get reconnects(): boolean {
    return this.#backoff !== undefined && this.connectivity !== 'SHUTDOWN';
  }

  /** Whether there is no connection any more, nor will there be one. */
  get over(): boolean {
    return this.connectivity === 'SHUTDOWN' && this.#open.size === 0;
  }

  get state(): ConnectionState {
    const pending = this.exits().reduce((sum, { load }) => sum + load, 0);
    return { address: this.#target.address, connectivity: this.connectivity, pending, reason: this.reason };
  }

  /** All that calls may be open on. */
  exits(): Exit[] {
    return Array.from(this.#peers, (peer) => peer.exit);
  }

  /** Begins to connect. */
  connect(): void {
    const failed = (error: unknown): void => this.#failed(notDialled(error));
    const speak = (transport: Transport): void => {
      if (!isTransport(transport)) throw new TypeError('what was dialled is no transport.');
      // A transport may take a while to come, and meanwhile nobody wants it any more.
      if (this.connectivity === 'SHUTDOWN') transport.destroy();
      else this.#speak(transport);
    };
    try {
      const dialled = this.#target.dial();
      if (!(dialled instanceof Promise)) return speak(dialled);
      const { clock, patience } = this.#owner;
      dialledInTime(dialled, clock, patience).then(speak).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Lets what has begun finish, and connects no more. Fulfils when all of its connections are over. */
  async close(options: CloseOptions): Promise<void> {
    this.#stopTimer();
    // From here on nothing is dialled.
    this.#become('SHUTDOWN');
    await Promise.all(Array.from(new Set([...this.#peers, ...this.#open]), (peer) => peer.close(options)));
  }

  #speak(transport: Transport): void {
    const user = new PeerUser(this, this.#owner.invoker);
    const peer = this.#owner.peer(transport, user);
    user.peer = peer;
    this.#peer = peer;
    this.#peers.add(peer);
  }

  opened(peer: Peer): void {
    this.#open.add(peer);
    this.#openedAt = this.#owner.clock.now();
    this.#backoff?.reset();
    this.#lost = false;
    this.#become('READY');
    // Whoever heard of it may have closed it.
    if (this.connectivity === 'READY') this.#owner.connected(peer);
  }

  /** The server is ending the connection: what is open on it finishes, and new calls get a fresh one. */
  leaving(peer: Peer): void {
    if (peer !== this.#peer || this.connectivity !== 'READY') return;
    this.reason = peer.exit.deaf ? ENDED : LEAVING;
    this.#missing();
  }

  lost(peer: Peer, reason: RpcError): void {
    this.#peers.delete(peer);
    if (peer !== this.#peer) return;
    this.reason = reason;
    if (this.connectivity === 'READY') this.#missing();
    else this.#failed(reason);
  }

  gone(peer: Peer): void {
    if (this.#open.delete(peer)) this.#owner.gone();
  }

  /** There was a connection, and it can be used no more. */
  #missing(): void {
    this.#peer = undefined;
    this.exit = undefined;
    if (this.#backoff === undefined) return this.#become('SHUTDOWN');
    this.#lost = true;
    // First, because whoever hears of it may close the client.
    this.#connectIn(this.#backoff.lost(this.#owner.clock.now() - this.#openedAt));
    this.#become('CONNECTING');
  }

  #failed(reason: RpcError): void {
    this.#peer = undefined;
    if (this.connectivity === 'SHUTDOWN') return;
    this.reason = reason;
    if (this.#backoff === undefined) return this.#become('SHUTDOWN');
    // A server that has no place in its queue is there all the same.
    if (isBusy(reason)) return this.#connectIn(this.#backoff.busy());
    const patient = this.#lost && this.#backoff.failures === 0;
    this.#connectIn(this.#backoff.failed());
    if (!patient) this.#become('TRANSIENT_FAILURE');
  }

  #connectIn(milliseconds: number): void {
    this.#stopTimer = this.#owner.clock.timer(() => this.connect(), milliseconds);
  }

  #become(connectivity: Connectivity): void {
    this.connectivity = connectivity;
    this.exit = connectivity === 'READY' ? this.#peer?.exit : undefined;
    if (connectivity === 'READY') this.reason = undefined;
    this.#owner.changed();
  }
}

/** What one connection tells its subchannel. */
class PeerUser implements ExitUser {
  readonly invoker: Invoker;
  readonly #subchannel: Subchannel;
  /** It is there before it tells anything. */
  peer!: Peer;

  constructor(subchannel: Subchannel, invoker: Invoker) {
    this.#subchannel = subchannel;
    this.invoker = invoker;
  }

  opened(): void {
    this.#subchannel.opened(this.peer);
  }

  draining(): void {
    this.#subchannel.leaving(this.peer);
  }

  left(): void {}

  over(reason: RpcError): void {
    this.#subchannel.lost(this.peer, reason);
  }

  gone(): void {
    this.#subchannel.gone(this.peer);
  }
}

function notDialled(error: unknown): RpcError {
  const why = error instanceof Error ? error.message : String(error);
  return new RpcError('UNAVAILABLE', `Dialling failed: ${why}`, { execution: 'not-sent', cause: error });
}

/** Whether a connection was not made because as many wait to be accepted as can. */
function isBusy(reason: Error): boolean {
  for (let error: unknown = reason.cause; error instanceof Error; error = error.cause) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true;
  }
  return false;
}
