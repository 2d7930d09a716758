import type { CallOptions } from '../contract/call-options.ts';
import { type ClientOf, type Contract, checkContract } from '../contract/client.ts';
import type { Context } from '../contract/context.ts';
import type { CloseOptions, RemotePeer } from '../contract/remote-peer.ts';
import type { NamedMethod } from '../contract/service.ts';
import type { ResponseStream } from '../contract/stream.ts';
import type { Code } from '../error/code.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Credentials } from '../transport/credentials.ts';
import { type Transport, take } from '../transport/transport.ts';
import type { Exit } from './exit.ts';
import { intercepted } from './intercepted.ts';
import { PeerHost } from './peer-host.ts';
import { checkGrace, DEFAULT_GRACE, type PeerOptions } from './peer-options.ts';
import { remotePeer } from './remote-peer.ts';
import { clientOf, type StubOwner } from './stub.ts';

/**
 * One end of a connection, driven: it makes calls, serves calls, and keeps their time. Both ends are the same; which
 * one dialled matters only to the wire.
 */
export class Peer implements RemotePeer {
  readonly #host: PeerHost;
  /** Who makes its calls: itself, within what stands around them. */
  readonly #calls: StubOwner;
  #clients: Map<Contract, unknown> | undefined = undefined;

  constructor(transport: Transport, options: PeerOptions) {
    take(transport);
    this.#calls = intercepted(this, options.interceptors);
    this.#host = new PeerHost(this, transport, options);
    this.#host.start();
  }

  /** The connection as calls leave over it. */
  get exit(): Exit {
    return this.#host.exit;
  }

  /** Fulfils once calls can be made; rejects with the reason where that will never be. */
  get ready(): Promise<void> {
    return this.#host.ready;
  }

  /** Fulfils once the connection is over and its transport closed. Never rejects. */
  get closed(): Promise<void> {
    return this.#host.whenClosed;
  }

  /** How many calls wait for their outcome, or for a free slot. */
  get pending(): number {
    return this.#host.pending;
  }

  /** How many calls of the other end are being served. */
  get serving(): number {
    return this.#host.connection.exchange.serving;
  }

  get credentials(): Credentials | undefined {
    return this.#host.transport.credentials;
  }

  client<C extends Contract>(contract: C): ClientOf<C> {
    let client = this.#clients?.get(contract);
    if (client === undefined) {
      checkContract(contract);
      client = clientOf(this.#calls, contract);
      this.#clients ??= new Map();
      this.#clients.set(contract, client);
    }
    return client as ClientOf<C>;
  }

  remote(parent: Context): RemotePeer {
    return remotePeer(this, parent, this.#calls);
  }

  /**
   * Makes a call, or sends an event. Settles exactly once: with the parsed output, or an {@link RpcError}. Never throws.
   */
  call(method: NamedMethod, input: unknown, options?: CallOptions): Promise<unknown> {
    return this.#host.own.invoker.call(method, input, options);
  }

  /** Makes a call whose answer is a stream. It opens when the first item is asked for. */
  stream(method: NamedMethod, input: unknown, options?: CallOptions): ResponseStream<unknown> {
    return this.#host.own.invoker.stream(method, input, options);
  }

  /**
   * Ends the connection: makes and takes no new calls, and lets those that were made finish for `grace` milliseconds.
   * Fulfils when it is over.
   */
  close({ grace = DEFAULT_GRACE }: CloseOptions = {}): Promise<void> {
    checkGrace(grace);
    const { sender, clock, connection, own, over } = this.#host;
    sender.close();
    if (!over) {
      own.close();
      const stop = clock.timer(() => {
        connection.abort(new RpcError('UNAVAILABLE', 'The connection was closed, and its grace is over.'));
        sender.schedule();
      }, grace);
      void this.closed.then(stop);
      sender.schedule();
    }
    return this.closed;
  }

  /** Calls a function of the user's, and tells of what it throws as of a handler's error. */
  run(action: () => unknown, where: string): void {
    this.#host.reports.run(action, where);
  }

  /** Turns the other end away, before anything has been said. */
  refuse(why: string, code: Code = 'UNAVAILABLE'): void {
    const { connection, sender } = this.#host;
    connection.abort(new RpcError(code, why, { execution: 'not-sent' }));
    sender.schedule();
  }

  /** Keeps the process running until the connection is over. */
  hold(): void {
    const { sender } = this.#host;
    sender.began();
    void this.closed.then(() => sender.finished());
  }
}
