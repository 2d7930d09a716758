import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { type CloseOptions, checkGrace, type RemotePeer, type Transport } from '@nearcall/core';
import type { Clients } from './clients.ts';
import { handOver, isReceiving } from './hand-over/hand-over.ts';
import { checkPatience, PATIENCE } from './hand-over/hand-over-message.ts';
import type { Listener } from './listener.ts';

/** How to hand over. */
export interface HandOverOptions {
  /** How long the other process may take until it serves, in milliseconds. Default: 30,000. */
  readonly timeout?: number | undefined;
}

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
   * Hands what this server listens with over to a process that it has started by `fork`, which calls {@link handedOver}
   * and serves what that gives. Fulfils when that one serves: both take new clients then, until this one is closed. The
   * socket files are the new one's to remove, and the process of this one no longer waits for that of the other. Where
   * it rejects this server goes on as before, and the other process, which may be waiting still, is yours to end. Clients,
   * and transports that it was given, stay its own.
   *
   * @throws RangeError for a timeout out of its range.
   * @throws Error saying why the other process does not serve, or why this server cannot be handed over.
   * @example
   * ```ts
   * const server = await serve('unix:/run/user/1000/text.sock', implement(text, { uppercase: (s) => s.toUpperCase() }));
   * process.on('SIGHUP', async () => {
   *   const successor = fork('server.js', ['--successor'], { detached: true });
   *   try {
   *     await server.handOver(successor);
   *   } catch (error) {
   *     successor.kill(); // this server goes on
   *     return console.error(error);
   *   }
   *   await server.close();
   * });
   * ```
   */
  handOver(child: ChildProcess, options?: HandOverOptions): Promise<void>;
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
  readonly #stopping = new AbortController();
  #handingOver: Promise<void> | undefined;
  #isOver = false;
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

  async handOver(child: ChildProcess, { timeout = PATIENCE }: HandOverOptions = {}): Promise<void> {
    checkPatience(timeout);
    const why = this.#whyNotOver(child);
    if (why !== undefined) throw new Error(`This server cannot be handed over: ${why}`);
    const handingOver = handOver(child, this.#listeners, timeout, this.#stopping.signal);
    this.#handingOver = handingOver;
    try {
      await handingOver;
      this.#isOver = true;
    } finally {
      this.#handingOver = undefined;
    }
  }

  close(options?: CloseOptions): Promise<void> {
    if (options?.grace !== undefined) checkGrace(options.grace);
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #whyNotOver(child: ChildProcess): string | undefined {
    if (this.#closing !== undefined) return 'it is closed.';
    if (this.#handingOver !== undefined) return 'it is being handed over to another process.';
    if (this.#isOver) return 'it was handed over before. The process that has it can hand it over again.';
    if (this.#listeners.length === 0) return 'it listens nowhere.';
    if (cluster.isWorker) return 'the primary of the cluster has what its workers listen with.';
    if (child.pid === undefined) return 'the other process did not start.';
    if (child.exitCode !== null || child.signalCode !== null) return `process ${child.pid} has ended already.`;
    if (isReceiving(child)) return `process ${child.pid} is being handed another server. Wait until that is done.`;
    if (child.connected) return undefined;
    return `process ${child.pid} has no channel. Start it by fork(), or by spawn() with 'ipc' among its stdio.`;
  }

  async #close(options: CloseOptions | undefined): Promise<void> {
    this.#stopping.abort();
    // Where it was too late for that, it is clear in a moment whose the files are.
    await this.#handingOver?.catch(() => {});
    // First the names go, so that nobody new comes while the last ones leave.
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    // A client that is turned away before its hello takes it for a failure. One that was greeted goes over at once.
    if (this.#listeners.some(({ shared }) => shared)) await this.#clients.greeted();
    await this.#clients.close(options);
    await Promise.all(this.#listeners.map((listener) => listener.stopped));
  }
}
