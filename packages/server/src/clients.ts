import { setTimeout } from 'node:timers/promises';
import {
  Budget,
  type CloseOptions,
  type Code,
  callOnConnect,
  type ExitUser,
  type Implementations,
  type OwnLimits,
  Peer,
  type RemotePeer,
  type Transport,
} from '@nearcall/core';
import type { Guard } from './admission.ts';
import type { Descriptors } from './descriptors.ts';
import type { ServeOptions } from './serve.ts';
import type { ServerLimits } from './server-limits.ts';

/** How many may be told at a time why they are not served: each keeps its socket until it has heard, or a second. */
const TURNED_AWAY = 64;
/** How long a server that closes waits for those that have come to say hello, in milliseconds. */
const GREETING = 1000;

/** The clients of a server, and what they share. */
export class Clients {
  readonly #implementations: Implementations;
  readonly #limits: OwnLimits;
  readonly #connections: number;
  readonly #budgets: { readonly calls: Budget; readonly queued: Budget };
  readonly #options: ServeOptions;
  readonly #guard: Guard | undefined;
  readonly #peers = new Set<Peer>();
  /** Those that have said hello. */
  readonly #ready = new Set<Peer>();
  #turnedAway = 0;
  #closing = false;

  constructor(
    implementations: Implementations,
    limits: OwnLimits,
    shared: ServerLimits,
    options: ServeOptions,
    guard: Guard | undefined,
  ) {
    this.#implementations = implementations;
    this.#limits = limits;
    this.#connections = shared.connections;
    this.#budgets = { calls: new Budget(shared.calls), queued: new Budget(shared.queued) };
    this.#options = options;
    this.#guard = guard;
  }

  /** How many there are. */
  get size(): number {
    return this.#peers.size;
  }

  /** Those that can be called. */
  ready(): RemotePeer[] {
    return [...this.#ready];
  }

  /** `descriptors`: where the connection takes one of them. */
  accept(transport: Transport, descriptors?: Descriptors): Peer {
    const { handshake, unfinished, onError, interceptors } = this.#options;
    const denied = this.#guard?.(transport);
    const client = new Client(this, descriptors);
    const peer = new Peer(transport, {
      role: 'acceptor',
      implementations: denied === undefined ? this.#implementations : undefined,
      limits: this.#limits,
      budgets: this.#budgets,
      handshake,
      unfinished,
      onError,
      interceptors,
      user: client,
    });
    client.peer = peer;
    const short = descriptors?.take();
    const why = denied ?? this.#whyNot() ?? short;
    if (why !== undefined) {
      const code = denied === undefined ? 'UNAVAILABLE' : 'PERMISSION_DENIED';
      this.#turnAway(peer, transport, why, code, descriptors?.scarce);
      return peer;
    }
    this.#peers.add(peer);
    return peer;
  }

  /** It has said hello. */
  connected(peer: Peer): void {
    if (!this.#peers.has(peer)) return;
    this.#ready.add(peer);
    callOnConnect(peer, this.#options.onConnect);
  }

  /** Its connection is over. */
  gone(peer: Peer): void {
    this.#peers.delete(peer);
    this.#ready.delete(peer);
  }

  /** Fulfils when those that have come have said hello as well, or have had a while to. */
  async greeted(): Promise<void> {
    const silent = [...this.#peers].filter((peer) => !this.#ready.has(peer));
    const lull = new AbortController();
    const heard = Promise.allSettled(silent.map((peer) => peer.ready));
    await Promise.race([heard, setTimeout(GREETING, undefined, lull)]);
    lull.abort();
  }

  async close(options: CloseOptions | undefined): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#peers].map((peer) => peer.close(options)));
  }

  /** Tells a client why it is not served. Where many are to be told, it may be gone before it has heard all of it. */
  #turnAway(peer: Peer, transport: Transport, why: string, code: Code, scarce = false): void {
    peer.refuse(why, code);
    // It leaves at the end of this tick. Whoever has not ended his side by then may take what was sent, or be cut off.
    if (scarce || this.#turnedAway >= TURNED_AWAY) setImmediate(() => transport.destroy());
    this.#turnedAway++;
    void peer.closed.then(() => {
      this.#turnedAway--;
    });
  }

  /** Why nobody more is taken. */
  #whyNot(): string | undefined {
    if (this.#closing) return 'the server is shutting down';
    if (this.#peers.size < this.#connections) return undefined;
    return `the server is busy: it has ${this.#connections} connections (limit "connections")`;
  }
}

/** What one connection tells the clients. Not by promises: those of a connection would hold 600 bytes. */
class Client implements ExitUser {
  readonly #clients: Clients;
  readonly #descriptors: Descriptors | undefined;
  /** It is there before it tells anything. */
  peer!: Peer;

  constructor(clients: Clients, descriptors: Descriptors | undefined) {
    this.#clients = clients;
    this.#descriptors = descriptors;
  }

  opened(): void {
    // A function of the user's hears of it, and may do anything: not amid what came.
    queueMicrotask(() => this.#clients.connected(this.peer));
  }

  draining(): void {}

  left(): void {}

  over(): void {}

  gone(): void {
    this.#descriptors?.give();
    this.#clients.gone(this.peer);
  }
}
