import type { SendHandle } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { duplexTransport, type Transport } from '@nearcall/core';
import { acceptFailed } from './descriptors.ts';
import { readShared } from './shared-read.ts';

/** How many may wait to be accepted. Node asks the kernel for as many. */
const QUEUE = 511;

/** Takes a connection. */
export type Accept = (transport: Transport) => void;

/** A file that is the listening socket's name, and may be removed as long as it is that one. */
export interface OwnedFile {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
}

/** A name that an address has beside the listening socket. */
export interface Name {
  /** Which file it is, where another process can take it on. */
  readonly owned?: OwnedFile;
  /** Before the server closes: takes the name away, so that nobody new comes. */
  remove(): Promise<void>;
  /** After that: takes away what could not go before. */
  clear(): Promise<void>;
}

/** A server of Node, not listening yet, that passes on who connects. */
export function netServer(accept: Accept): Server {
  // Half-open: a client that has ended its side still gets its answers. The delay is TCP's, and no pipe has it.
  const net = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    readShared(socket);
    accept(duplexTransport(socket));
  });
  // At once: the address is taken by clients before everything about it is done. What fails before is for who listens.
  return net.once('listening', () => net.on('error', acceptFailed));
}

/** What listens at one address. */
export class Listener {
  /** The address, as clients name it. */
  readonly address: string;
  /** Fulfils when the last connection that came here is over, after `stop`. */
  readonly stopped: Promise<void>;
  readonly #net: Server;
  #name: Name | undefined;
  #shared: boolean;
  #accepted = 0;
  #markStopped!: () => void;

  constructor(address: string, net: Server, name?: Name, shared = false) {
    this.address = address;
    this.#net = net;
    this.#name = name;
    this.#shared = shared;
    this.stopped = new Promise((resolve) => {
      this.#markStopped = resolve;
    });
    net.on('connection', () => this.#accepted++);
  }

  /** Whether the socket is another process's as well: there whoever waits, or comes, is taken. */
  get shared(): boolean {
    return this.#shared;
  }

  /** The file that goes when this stops. */
  get owned(): OwnedFile | undefined {
    return this.#name?.owned;
  }

  /** The socket, for another process. Node gives no public way to pass one on that is not to listen on arrival. */
  get handle(): SendHandle {
    return (this.#net as unknown as { readonly _handle: SendHandle })._handle;
  }

  /** From here on the name is this one's to take away. */
  own(name: Name): void {
    this.#name = name;
  }

  /** From here on the name is another process's, which listens with the same socket. */
  leave(): void {
    this.#name = undefined;
    this.#shared = true;
  }

  /** Listens no longer. Once it has fulfilled, nobody new comes. */
  async stop(): Promise<void> {
    await this.#name?.remove();
    // Where the name was ours to take away nobody else is to take those who have come by it.
    if (!this.#shared || this.#name !== undefined) await this.#acceptAll();
    this.#net.close(() => this.#markStopped());
    await this.#name?.clear();
  }

  /** Takes who has come already: closing resets whoever waits in the kernel's queue, and tells them nothing. */
  async #acceptAll(): Promise<void> {
    await setImmediate();
    const most = this.#accepted + QUEUE;
    for (let before = -1; before !== this.#accepted && before < most; ) {
      before = this.#accepted;
      // A whole turn of the event loop, in which at least one is taken if one is there. The second is for a crowd.
      await setImmediate();
      await setImmediate();
    }
  }
}
