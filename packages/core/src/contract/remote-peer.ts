import type { Credentials } from '../transport/credentials.ts';
import type { ClientOf, Contract } from './client.ts';

/** How to close. */
export interface CloseOptions {
  /** The milliseconds that calls which have begun may still take: 0 or more. Default: 10,000. */
  readonly grace?: number | undefined;
}

/** The other end of a connection, to be called: for a server, one of its clients. */
export interface RemotePeer {
  /**
   * What calls a service that the other end implements, or several. It may be asked for again and again. Unlike
   * `connect` it opens nothing: it is over when the connection is.
   *
   * @example
   * ```ts
   * await context.peer.client(progress).report({ done: 0.5 });
   * ```
   */
  client<C extends Contract>(contract: C): ClientOf<C>;
  /**
   * Who the process at the other end was when it connected, or, for a client, when its server began to listen: the word
   * of the kernel, and not of that process. It is told of a socket file, on Linux (and on macOS, untested), where the
   * optional package koffi is installed. The first look loads that, which takes some 10 ms; each connection asks once.
   *
   * Undefined for everything else: TCP, threads, memory, the pipes of a child process; without koffi; and where nobody
   * had looked before the connection was over.
   *
   * @example
   * ```ts
   * const user = context.peer.credentials?.uid;
   * ```
   */
  readonly credentials: Credentials | undefined;
  /** Fulfils when the connection is over. Never rejects. */
  readonly closed: Promise<void>;
  /** Ends the connection, as a server that is closing does, and fulfils when it is over. */
  close(options?: CloseOptions): Promise<void>;
}
