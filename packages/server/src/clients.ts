import {
  Budget,
  type CloseOptions,
  callOnConnect,
  type Implementations,
  type OwnLimits,
  Peer,
  type RemotePeer,
  type Transport,
} from '@nearcall/core';
import type { ServeOptions } from './serve.ts';
import type { ServerLimits } from './server-limits.ts';

/** The clients of a server, and what they share. */
export class Clients {
  readonly #implementations: Implementations;
  readonly #limits: OwnLimits;
  readonly #connections: number;
  readonly #budgets: { readonly calls: Budget; readonly queued: Budget };
  readonly #options: ServeOptions;
  readonly #peers = new Set<Peer>();
  /** Those that have said hello. */
  readonly #ready = new Set<Peer>();
  #closing = false;

  constructor(implementations: Implementations, limits: OwnLimits, shared: ServerLimits, options: ServeOptions) {
    this.#implementations = implementations;
    this.#limits = limits;
    this.#connections = shared.connections;
    this.#budgets = { calls: new Budget(shared.calls), queued: new Budget(shared.queued) };
    this.#options = options;
  }

  /** How many there are. */
  get size(): number {
    return this.#peers.size;
  }

  /** Those that can be called. */
  ready(): RemotePeer[] {
    return [...this.#ready];
  }

  accept(transport: Transport): Peer {
    const { handshake, unfinished, onError, interceptors } = this.#options;
    const peer = new Peer(transport, {
      role: 'acceptor',
      implementations: this.#implementations,
      limits: this.#limits,
      budgets: this.#budgets,
      handshake,
      unfinished,
      onError,
      interceptors,
    });
    const why = this.#whyNot();
    if (why !== undefined) {
      peer.refuse(why);
      return peer;
    }
    this.#peers.add(peer);
    peer.ready.then(
      () => this.#connected(peer),
      () => {},
    );
    void peer.closed.then(() => {
      this.#peers.delete(peer);
      this.#ready.delete(peer);
    });
    return peer;
  }

  async close(options: CloseOptions | undefined): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#peers].map((peer) => peer.close(options)));
  }

  /** Why nobody more is taken. */
  #whyNot(): string | undefined {
    if (this.#closing) return 'the server is shutting down';
    if (this.#peers.size < this.#connections) return undefined;
    return `the server is busy: it has ${this.#connections} connections (limit "connections")`;
  }

  #connected(peer: Peer): void {
    this.#ready.add(peer);
    callOnConnect(peer, this.#options.onConnect);
  }
}
