import { type CloseOptions, checkGrace, type RemotePeer, type Transport } from '@nearcall/core';
import type { Clients } from './clients.ts';
import type { Listener } from './listener.ts';

/** A server that runs. */
export interface Server extends AsyncDisposable {
  /** Where it listens, as clients name it; the first of {@link addresses}, and `''` where there is none. */
  readonly address: string;
  /** All the addresses where it listens, in the order in which they were given. */
  readonly addresses: readonly string[];
  /** How many clients are connected. */
  readonly connections: number;
  /** The clients that are connected, each to be called as in `onConnect`. */
  readonly peers: Iterable<RemotePeer>;
  /**
   * Takes a further connection, over a transport whose other end dials: of a worker thread or a child process that was
   * started later. It is a client like the others, and keeps the process running until it is over, as listening does.
   *
   * @example
   * ```ts
   * const server = await serve([], implement(text, { uppercase: (s) => s.toUpperCase() }));
   * const [near, far] = memoryTransports();
   * server.accept(far);
   * const client = connect(near, text);
   * console.log(await client.uppercase('hello world')); // HELLO WORLD
   * await close(client);
   * ```
   */
  accept(transport: Transport): RemotePeer;
  /**
   * Stops: takes no new clients and no new calls, lets what has begun finish, and removes the socket files. Fulfils when
   * all of it is done. Closing twice is closing once.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** Clients, and what listens for them. */
export class RunningServer implements Server {
  readonly #listeners: readonly Listener[];
  readonly #clients: Clients;
  #closing: Promise<void> | undefined;

  constructor(listeners: readonly Listener[], clients: Clients) {
    this.#listeners = listeners;
    this.#clients = clients;
  }

  get address(): string {
    return this.#listeners[0]?.address ?? '';
  }

  get addresses(): readonly string[] {
    return this.#listeners.map(({ address }) => address);
  }

  get connections(): number {
    return this.#clients.size;
  }

  get peers(): Iterable<RemotePeer> {
    return this.#clients.ready();
  }

  accept(transport: Transport): RemotePeer {
    const peer = this.#clients.accept(transport);
    // Nothing listens for it: without this the process would end while the client is idle.
    peer.hold();
    return peer;
  }

  close(options?: CloseOptions): Promise<void> {
    if (options?.grace !== undefined) checkGrace(options.grace);
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    // First the names go, so that nobody new comes while the last ones leave.
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    await this.#clients.close(options);
    await Promise.all(this.#listeners.map((listener) => listener.stopped));
  }
}
