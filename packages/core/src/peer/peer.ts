import { UNLIMITED } from '../connection/budget.ts';
import { Connection } from '../connection/connection.ts';
import type { CallOptions } from '../contract/call-options.ts';
import { type ClientOf, type Contract, checkContract } from '../contract/client.ts';
import type { Context } from '../contract/context.ts';
import type { Implemented } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import type { CloseOptions, RemotePeer } from '../contract/remote-peer.ts';
import type { NamedMethod } from '../contract/service.ts';
import type { ResponseStream } from '../contract/stream.ts';
import type { Code } from '../error/code.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Credentials } from '../transport/credentials.ts';
import { type Transport, take } from '../transport/transport.ts';
import { limitsWith } from '../wire/limits.ts';
import { Alarm } from './alarm.ts';
import { type Clock, systemClock } from './clock.ts';
import { Exit, type ExitUser } from './exit.ts';
import { FrameWatch } from './frame-watch.ts';
import { intercepted } from './intercepted.ts';
import { Milestone } from './milestone.ts';
import { OnlyExit } from './only-exit.ts';
import { PeerHost } from './peer-host.ts';
import { checkGrace, DEFAULT_GRACE, LINGER, type PeerOptions, patience } from './peer-options.ts';
import { remotePeer } from './remote-peer.ts';
import { Reports } from './reports.ts';
import { Sender } from './sender.ts';
import { Serving } from './serving.ts';
import { clientOf, type StubOwner } from './stub.ts';

/**
 * One end of a connection, driven: it makes calls, serves calls, and keeps their time. Both ends are the same; which
 * one dialled matters only to the wire.
 */
export class Peer implements RemotePeer {
  readonly #connection: Connection<Implemented>;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #sender: Sender;
  readonly #transport: Transport;
  readonly #reports: Reports;
  readonly #own: OnlyExit;
  readonly #users: readonly ExitUser[];
  readonly #serving: Serving;
  readonly #frames: FrameWatch;
  /** Who makes its calls: itself, within what stands around them. */
  readonly #calls: StubOwner;
  #clients: Map<Contract, unknown> | undefined = undefined;
  #over = false;
  #stopHandshake: () => void;
  readonly #ready = new Milestone();
  readonly #closed = new Milestone();

  /** The connection as calls leave over it. */
  readonly exit: Exit;

  constructor(transport: Transport, options: PeerOptions) {
    take(transport);
    const { role, implementations = NOTHING, clock = systemClock } = options;
    const { handshake, unfinished } = patience(options);
    this.#transport = transport;
    this.#clock = clock;
    this.#reports = new Reports(options.onError);
    this.#calls = intercepted(this, options.interceptors);
    this.#alarm = new Alarm(clock, { ring: (now) => Math.min(this.#serving.expire(now), this.#frames.expire(now)) });
    const hello = { limits: limitsWith(options.limits), services: implementations.names, features: [] };
    const host = new PeerHost(clock, this.#alarm, implementations, {
      opened: () => this.#opened(),
      draining: () => this.#draining(),
      closed: (reason) => this.#finish(reason),
    });
    this.#connection = new Connection(role, hello, host, options.budgets ?? UNLIMITED);
    this.#sender = new Sender(this.#connection, transport, clock, {
      sending: () => this.#tell((user) => user.sending()),
      sent: () => this.exit.sent(),
      left: () => {
        this.#connection.leave();
        this.#tell((user) => user.left());
      },
    });
    host.sender = this.#sender;
    this.#frames = new FrameWatch(this.#connection.decoder, unfinished, this.#alarm, this.#sender, () =>
      this.#tooLate(`did not finish a frame within ${unfinished} ms (option "unfinished").`),
    );
    this.exit = new Exit(this.#connection, this.#sender, this.#reports);
    this.#own = new OnlyExit(this.exit, clock);
    this.#users = options.user === undefined ? [this.#own] : [this.#own, options.user];
    const { exchange } = this.#connection;
    this.#serving = new Serving(this, this.#reports, clock, this.#alarm, this.#sender, exchange);
    host.serving = this.#serving;
    this.#stopHandshake = clock.timer(
      () => this.#tooLate(`did not say hello within ${handshake} ms (option "handshake"). Does it speak nearcall?`),
      handshake,
    );
    transport.start({
      data: (bytes) => {
        this.#connection.receive(bytes);
        this.#frames.read();
        if (!this.#connection.quiet || this.#users.some((user) => user.waiting)) this.#sender.schedule();
      },
      drained: () => this.#sender.schedule(),
      ended: () => {
        this.#connection.ended();
        this.#sender.watch();
      },
      closed: (error) => this.#transportClosed(error),
    });
    this.#sender.schedule();
  }

  /** Fulfils once calls can be made; rejects with the reason where that will never be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Fulfils once the connection is over and its transport closed. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** How many calls wait for their outcome, or for a free slot. */
  get pending(): number {
    return this.#own.pending;
  }

  /** How many calls of the other end are being served. */
  get serving(): number {
    return this.#connection.exchange.serving;
  }

  get credentials(): Credentials | undefined {
    return this.#transport.credentials;
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
    return this.#own.invoker.call(method, input, options);
  }

  /** Makes a call whose answer is a stream. It opens when the first item is asked for. */
  stream(method: NamedMethod, input: unknown, options?: CallOptions): ResponseStream<unknown> {
    return this.#own.invoker.stream(method, input, options);
  }

  /**
   * Ends the connection: makes and takes no new calls, and lets those that were made finish for `grace` milliseconds.
   * Fulfils when it is over.
   */
  close({ grace = DEFAULT_GRACE }: CloseOptions = {}): Promise<void> {
    checkGrace(grace);
    this.#sender.close();
    if (!this.#over) {
      this.#own.close();
      const stop = this.#clock.timer(() => {
        this.#connection.abort(new RpcError('UNAVAILABLE', 'The connection was closed, and its grace is over.'));
        this.#sender.schedule();
      }, grace);
      void this.closed.then(stop);
      this.#sender.schedule();
    }
    return this.closed;
  }

  /** Calls a function of the user's, and tells of what it throws as of a handler's error. */
  run(action: () => unknown, where: string): void {
    this.#reports.run(action, where);
  }

  /** Turns the other end away, before anything has been said. */
  refuse(why: string, code: Code = 'UNAVAILABLE'): void {
    this.#connection.abort(new RpcError(code, why, { execution: 'not-sent' }));
    this.#sender.schedule();
  }

  /** Keeps the process running until the connection is over. */
  hold(): void {
    this.#sender.began();
    void this.closed.then(() => this.#sender.finished());
  }

  #opened(): void {
    this.#stopHandshake();
    this.#stopHandshake = nothing;
    this.#ready.reach();
    this.#tell((user) => user.opened());
  }

  #draining(): void {
    this.#tell((user) => user.draining());
    this.#serving.drain(this.#connection.drainSent);
  }

  #tell(what: (user: ExitUser) => void): void {
    for (const user of this.#users) what(user);
  }

  #tooLate(what: string): void {
    this.#connection.abort(new RpcError('UNAVAILABLE', `The other side ${what}`, { execution: 'not-sent' }));
    this.#sender.schedule();
  }

  /** The protocol is over: what is left to say is sent, and the other end gets a moment to read it. */
  #finish(reason: RpcError): void {
    this.#over = true;
    this.#stopHandshake();
    this.#alarm.stop();
    this.#serving.clear();
    this.#ready.fail(reason);
    this.#tell((user) => user.over(reason));
    const stop = this.#clock.timer(() => this.#transport.destroy(), LINGER);
    void this.closed.then(stop);
  }

  #transportClosed(error: Error | undefined): void {
    const why = error === undefined ? 'The connection is closed.' : error.message;
    const cause = error === undefined ? {} : { cause: error };
    this.#connection.abort(new RpcError('UNAVAILABLE', why, { execution: 'not-sent', ...cause }));
    this.#sender.stop();
    this.exit.stay(this.#own.reason);
    this.#closed.reach();
    this.#tell((user) => user.gone());
  }
}

const NOTHING = new Implementations([]);

function nothing(): void {}
