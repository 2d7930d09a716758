import { listenWith } from '../inherited-socket.ts';
import { type Accept, Listener, type OwnedFile } from '../listener.ts';
import { removeOurs } from '../socket-file/socket-file.ts';
import type { Step } from './hand-over-message.ts';

/** A socket as it has come from another process. */
interface Socket {
  readonly address: string;
  readonly owned: OwnedFile | undefined;
  readonly handle: { readonly fd: number; close(): void };
}

/** The way back to the old server. */
interface Way {
  tell(step: Step): void;
  /** Listens to it no longer. */
  cease(): void;
}

/** The listening sockets that an old server hands over. They are served all together, or not at all. */
export class HandedOverSockets {
  readonly id: string;
  readonly #of: number;
  readonly #way: Way;
  readonly #sockets: Socket[] = [];
  readonly #listeners: Listener[] = [];
  /** How many listen, or were closed because they could not. */
  #begun = 0;
  #taken = false;
  #why: string | undefined;
  /** Whether the old server has given them up. */
  readonly #settled: Promise<void>;
  #markAgreed!: () => void;
  #markWithdrawn!: (why: Error) => void;

  constructor(id: string, of: number, way: Way) {
    this.id = id;
    this.#of = of;
    this.#way = way;
    this.#settled = new Promise((resolve, reject) => {
      this.#markAgreed = resolve;
      this.#markWithdrawn = reject;
    });
    this.#settled.catch(() => {});
  }

  get addresses(): readonly string[] {
    return this.#sockets.map(({ address }) => address);
  }

  add(socket: Socket): void {
    this.#sockets.push(socket);
  }

  /** Whether all have come. */
  get complete(): boolean {
    return this.#sockets.length === this.#of;
  }

  /** The old server has given them up. */
  agreed(): void {
    this.#way.cease();
    this.#markAgreed();
  }

  /** The old server keeps them. */
  withdrawn(why: string): void {
    this.#why = why;
    this.#markWithdrawn(new Error(`What was handed over to this process was taken back: ${why}`));
    if (!this.#taken) this.#drop();
  }

  /**
   * Takes them for one server.
   *
   * @throws Error where another one has them, or they were taken back.
   */
  async take(): Promise<void> {
    if (this.#taken) throw new Error('What was handed over to this process is served already.');
    if (this.#why !== undefined) await this.#settled;
    this.#taken = true;
  }

  /** Listens with one after the other. */
  async *listen(accept: Accept, options: { readonly allowRemote?: boolean | undefined }): AsyncGenerator<Listener> {
    // By its number: a handle that listened itself would do so before it is asked to. And by itself, in a cluster too.
    for (const { address, handle } of this.#sockets) {
      this.#begun++;
      const net = await listenWith(handle.fd, accept, true, options);
      const listener = new Listener(address, net, undefined, true);
      this.#listeners.push(listener);
      yield listener;
    }
  }

  /**
   * Tells the old server that this one serves, and takes on its files.
   *
   * @throws Error where the old one has kept them.
   */
  async served(): Promise<void> {
    this.#way.tell({ step: 'serving', id: this.id });
    await this.#settled;
    this.#sockets.forEach(({ owned }, i) => {
      if (owned === undefined) return;
      const { path, dev, ino } = owned;
      this.#listeners[i]?.own({ owned, remove: () => removeOurs(path, dev, ino), clear: async () => {} });
    });
  }

  /** This process does not serve. */
  failed(error: unknown): void {
    this.#way.cease();
    this.#way.tell({ step: 'failed', id: this.id, why: error instanceof Error ? error.message : String(error) });
    this.#drop();
  }

  /** Closes what does not listen. What does is closed with its server, under the same number. */
  #drop(): void {
    for (const { handle } of this.#sockets.splice(this.#begun)) handle.close();
  }
}
