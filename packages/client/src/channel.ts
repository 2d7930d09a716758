import {
  type Clock,
  type CloseOptions,
  callOnConnect,
  checkGrace,
  DEFAULT_GRACE,
  DEFAULT_HANDSHAKE,
  type Exit,
  type Exits,
  type ExitUser,
  type Failure,
  Invoker,
  type Limits,
  Peer,
  type Pending,
  Reports,
  type RpcError,
  type Transport,
} from '@nearcall/core';
import { Balancer } from './balancer.ts';
import type { ChannelOptions } from './channel-options.ts';
import type { ClientState, Connectivity } from './connectivity.ts';
import { asError, CLOSED, GRACE_OVER, unreachable } from './failures.ts';
import { Subchannel, type SubchannelOwner, type Target } from './subchannel.ts';
import { Watchers } from './watchers.ts';

/** A call may be sent so often, where one after the other is lost with its connection: it might be what ends them. */
const MOST_ATTEMPTS = 5;

/** What a client calls through: the connections to one address or several, each made anew when it is lost. */
export class Channel implements Exits, SubchannelOwner {
  /** Makes the calls. */
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly #options: ChannelOptions;
  readonly #subchannels: readonly Subchannel[];
  readonly #balancer: Balancer;
  readonly #watchers: Watchers;
  #connectivity: Connectivity = 'CONNECTING';
  /** How many calls wait, and what keeps the process running for them. */
  #waiting = 0;
  #release: () => void = () => {};
  #graceEnds = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;
  /** Whether it has been closed, although what had begun may still go on. */
  #shut = false;
  #subchannelsClosed: (() => void) | undefined;
  #wasReady = false;
  #markOver!: () => void;
  /** Fulfils when the last connection is over. */
  readonly #over: Promise<void>;

  constructor(targets: readonly Target[], options: ChannelOptions) {
    this.#options = options;
    this.#over = new Promise((resolve) => {
      this.#markOver = resolve;
    });
    this.clock = options.clock;
    this.#watchers = new Watchers(new Reports(options.peer.onError));
    this.invoker = new Invoker(this, options.clock, options.deadline);
    this.#subchannels = targets.map((target) => new Subchannel(target, this, options.backoff));
    this.#balancer = new Balancer(this.#subchannels);
    for (const subchannel of this.#subchannels) subchannel.connect();
  }

  get state(): ClientState {
    const connections = this.#subchannels.map(({ state }) => state);
    return { connectivity: this.connectivity, reason: this.reason, connections };
  }

  get connectivity(): Connectivity {
    return this.#shut ? 'SHUTDOWN' : this.#connectivity;
  }

  /** Waits until calls can be made. Rejects with the reason where they fail instead. */
  async whenReady(): Promise<void> {
    const waiting = ['CONNECTING', this.#options.waitForReady ? 'TRANSIENT_FAILURE' : undefined];
    const settled = await this.#until((connectivity) => !waiting.includes(connectivity));
    if (settled !== 'READY') throw asError(this.#shut ? CLOSED : this.#failure);
  }

  /** Waits until the last connection is over. Rejects where there was none, and there will be none. */
  async whenClosed(): Promise<void> {
    const release = this.clock.hold();
    await this.#over;
    release();
    if (!this.#wasReady && !this.#shut) throw asError(this.#failure);
  }

  /** Calls at each change of the state, until the result is called. */
  watch(watcher: () => unknown): () => void {
    return this.#watchers.add(watcher);
  }

  /** Waits for a state that is `meant`, and keeps the process running meanwhile. */
  #until(meant: (connectivity: Connectivity) => boolean): Promise<Connectivity> {
    if (meant(this.connectivity)) return Promise.resolve(this.connectivity);
    const release = this.clock.hold();
    return new Promise((resolve) => {
      const stop = this.watch(() => {
        const { connectivity } = this;
        if (!meant(connectivity)) return;
        stop();
        release();
        resolve(connectivity);
      });
    });
  }

  close({ grace = DEFAULT_GRACE }: CloseOptions = {}): Promise<void> {
    checkGrace(grace);
    this.#closing ??= this.#close(grace);
    return this.#closing;
  }

  async #close(grace: number): Promise<void> {
    this.#shut = true;
    const release = this.clock.hold();
    this.#graceEnds = this.clock.now() + grace;
    const closed = new Promise<void>((resolve) => {
      this.#subchannelsClosed = resolve;
    });
    const stop = this.clock.timer(() => this.#failWaiting(GRACE_OVER), grace);
    this.#watchers.tell();
    this.invoker.close();
    await closed;
    stop();
    release();
    this.gone();
  }

  // What a channel is to its invoker.

  can(call: Pending): boolean {
    return this.#balancer.can(call);
  }

  pick(call: Pending): Exit | undefined {
    return this.#balancer.pick(call);
  }

  all(): Exit[] {
    return this.#balancer.all();
  }

  get remote(): Limits {
    return this.#balancer.remote;
  }

  get crowded(): boolean {
    return this.#balancer.crowded;
  }

  refusal({ waits }: Pending): Failure | undefined {
    if (this.#connectivity === 'SHUTDOWN') {
      const failure = this.#shut ? CLOSED : this.#failure;
      return { ...failure, message: `${failure.message} Connect again.` };
    }
    if (this.#connectivity !== 'TRANSIENT_FAILURE') return undefined;
    return (waits ?? this.#options.waitForReady) ? undefined : this.#failure;
  }

  repeats(call: Pending, { code, execution }: Failure): boolean {
    if (code !== 'UNAVAILABLE' || !this.#balancer.lasting) return false;
    if (!call.repeatable || call.attempts >= MOST_ATTEMPTS) return false;
    return execution !== 'unknown' || call.method.idempotent;
  }

  began(): void {
    if (this.#waiting++ === 0) this.#release = this.clock.hold();
  }

  finished(): void {
    if (--this.#waiting === 0) this.#release();
  }

  schedule(): void {
    for (const { sender } of this.#balancer.ready) sender.schedule();
  }

  emptied(): void {
    const closed = this.#subchannelsClosed;
    if (closed === undefined) return;
    this.#subchannelsClosed = undefined;
    const grace = Math.max(0, this.#graceEnds - this.clock.now());
    void Promise.all(this.#subchannels.map((subchannel) => subchannel.close({ grace }))).then(closed);
  }

  // What it is to its subchannels.

  get patience(): number {
    return this.#options.peer.handshake ?? DEFAULT_HANDSHAKE;
  }

  peer(transport: Transport, user: ExitUser): Peer {
    return new Peer(transport, { ...this.#options.peer, clock: this.clock, role: 'dialer', user });
  }

  connected(peer: Peer): void {
    callOnConnect(peer, this.#options.onConnect);
  }

  changed(): void {
    if (this.#subchannels.length === 1) this.invoker.only = this.#subchannels[0]?.exit;
    this.#become(this.#balancer.connectivity);
    this.gone();
  }

  gone(): void {
    if (!this.#subchannels.every(({ over }) => over)) return;
    this.invoker.stop();
    this.#markOver();
  }

  #become(connectivity: Connectivity): void {
    this.#connectivity = connectivity;
    if (connectivity === 'TRANSIENT_FAILURE')
      this.#failWaiting(this.#failure, (call) => this.refusal(call) !== undefined);
    if (connectivity === 'READY') this.#wasReady = true;
    // Where it is being closed, too: what waits within the grace would wait for nothing.
    if (connectivity === 'SHUTDOWN') this.#failWaiting(this.#failure);
    this.#watchers.tell();
  }

  #failWaiting(failure: Failure, meant?: (call: Pending) => boolean): void {
    this.invoker.failWaiting('calls', failure, meant);
    this.invoker.failWaiting('events', failure, meant);
  }

  get reason(): RpcError | undefined {
    if (this.#connectivity === 'READY') return undefined;
    return this.#subchannels.find(({ reason }) => reason !== undefined)?.reason;
  }

  /** Why there is no connection. */
  get #failure(): Failure {
    return unreachable(this.#subchannels.map(({ reason }) => reason));
  }
}
