import {
  Budget,
  type CloseOptions,
  callOnConnect,
  type Implementations,
  type Limits,
  Peer,
  type RemotePeer,
  type Transport,
} from '@nearcall/core';
import type { ServeOptions } from './serve.ts';
import type { ServerLimits } from './server-limits.ts';

/** The clients of a server, and what they share. */
export class Clients {
  readonly #implementations: Implementations;
  readonly #limits: Limits;
  readonly #connections: number;
  readonly #budgets: { readonly calls: Budget; readonly queued: Budget };
  readonly #options: ServeOptions;
  readonly #peers = new Set<Peer>();
  /** Those that have said hello. */
  readonly #ready = new Set<Peer>();

  constructor(implementations: Implementations, limits: Limits, shared: ServerLimits, options: ServeOptions) {
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

  accept(transport: Transport): void {
    const { handshake, onError } = this.#options;
    const peer = new Peer(transport, {
      role: 'acceptor',
      implementations: this.#implementations,
      limits: this.#limits,
      budgets: this.#budgets,
      handshake,
      onError,
    });
    if (this.#peers.size >= this.#connections) {
      return peer.refuse(`the server is busy: it has ${this.#connections} connections (limit "connections")`);
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
  }

  async close(options: CloseOptions | undefined): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.close(options)));
  }

  #connected(peer: Peer): void {
    this.#ready.add(peer);
    callOnConnect(peer, this.#options.onConnect);
  }
}
