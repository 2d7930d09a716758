import { UNLIMITED } from '../connection/budget.ts';
import type { IncomingCall, MethodDeclaration } from '../connection/call.ts';
import { Connection } from '../connection/connection.ts';
import type { Host } from '../connection/host.ts';
import type { Context } from '../contract/context.ts';
import type { Implemented } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import type { RemotePeer } from '../contract/remote-peer.ts';
import type { NamedMethod } from '../contract/service.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { start, type Transport, type TransportEvents } from '../transport/transport.ts';
import { giveForms } from '../wire/form.ts';
import { limitsWith } from '../wire/limits.ts';
import { Alarm } from './alarm.ts';
import { type Clock, systemClock } from './clock.ts';
import { Exit, type ExitUser } from './exit.ts';
import { FrameWatch } from './frame-watch.ts';
import { Milestone } from './milestone.ts';
import { OnlyExit } from './only-exit.ts';
import { LINGER, type PeerOptions, patience } from './peer-options.ts';
import { Reports } from './reports.ts';
import { Sender, type SenderEvents } from './sender.ts';
import { Serving, type ServingHost } from './serving.ts';

/** The peer that all this is for. */
interface HostedPeer {
  remote(parent: Context): RemotePeer;
}

/**
 * What a peer is made of, and what its parts tell each other by. All of it is one object: a function for each thing to tell
 * would hold another 1.4 kB at every connection, and what most of them never need is made when it is first asked for.
 */
export class PeerHost implements Host<Implemented>, TransportEvents, SenderEvents, ServingHost {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly reports: Reports;
  readonly connection: Connection<Implemented>;
  readonly sender: Sender;
  /** Whether the protocol is over. */
  over = false;
  readonly #peer: HostedPeer;
  readonly #implementations: Implementations;
  readonly #unfinished: number;
  readonly #user: ExitUser | undefined;
  readonly #invoker: ExitUser['invoker'];
  #stopHandshake: (() => void) | undefined;
  #isClosed = false;
  #exit: Exit | undefined = undefined;
  #own: OnlyExit | undefined = undefined;
  #serving: Serving | undefined = undefined;
  #alarm: Alarm | undefined = undefined;
  #frames: FrameWatch | undefined = undefined;
  #whenReady: Milestone | undefined = undefined;
  #whenClosed: Milestone | undefined = undefined;

  constructor(peer: HostedPeer, transport: Transport, options: PeerOptions) {
    const { role, implementations = NOTHING, clock = systemClock } = options;
    const { handshake, unfinished } = patience(options);
    this.clock = clock;
    this.transport = transport;
    this.reports = new Reports(options.onError);
    this.#peer = peer;
    this.#implementations = implementations;
    this.#unfinished = unfinished;
    this.#user = options.user;
    this.#invoker = options.user?.invoker;
    const hello = { limits: limitsWith(options.limits), services: implementations.names, features: [] };
    this.connection = new Connection(role, hello, this, options.budgets ?? UNLIMITED);
    this.sender = new Sender(this.connection, transport, clock, this);
    this.#stopHandshake = clock.timer(
      () => this.#tooLate(`did not say hello within ${handshake} ms (option "handshake"). Does it speak nearcall?`),
      handshake,
    );
  }

  start(): void {
    start(this.transport, this);
    this.sender.schedule();
  }

  /** The connection as calls leave over it. */
  get exit(): Exit {
    this.#exit ??= new Exit(this.connection, this.sender, this.reports);
    return this.#exit;
  }

  /** The calls that are bound to this connection. */
  get own(): OnlyExit {
    this.#own ??= new OnlyExit(this.exit, this.clock);
    return this.#own;
  }

  /** How many of these have not settled. */
  get pending(): number {
    return this.#own?.pending ?? 0;
  }

  get ready(): Promise<void> {
    this.#whenReady ??= new Milestone(this.#stopHandshake === undefined ? 'reached' : this.#own?.reason);
    return this.#whenReady.promise;
  }

  get whenClosed(): Promise<void> {
    this.#whenClosed ??= new Milestone(this.#isClosed ? 'reached' : undefined);
    return this.#whenClosed.promise;
  }

  // A method: to read a private getter is a call into V8's runtime.
  #served(): Serving {
    this.#serving ??= new Serving(this, this.connection.exchange.responder);
    return this.#serving;
  }

  remote(parent: Context): RemotePeer {
    return this.#peer.remote(parent);
  }

  data(bytes: Buffer): void {
    this.sender.receive(bytes);
    if (this.connection.decoder.cuts > 0) this.#watchFrames();
    this.sender.received(!this.connection.quiet || this.#own?.waiting === true || this.#invoker?.waiting === true);
  }

  drained(): void {
    this.sender.schedule();
  }

  ended(): void {
    this.connection.ended();
    this.sender.watch();
  }

  closed(error: Error | undefined): void {
    const [why, cause] = error === undefined ? ['The connection is closed.', {}] : [error.message, { cause: error }];
    this.connection.abort(new RpcError('UNAVAILABLE', why, { execution: 'not-sent', ...cause }));
    this.sender.stop();
    this.exit.stay(this.own.reason);
    this.#isClosed = true;
    this.#whenClosed?.reach();
    this.#user?.gone();
  }

  sending(): void {
    this.#own?.sending();
    this.#invoker?.sendWaiting();
  }

  sent(): void {
    this.#exit?.sent();
  }

  left(): void {
    this.connection.leave();
    this.own.left();
    this.#user?.left();
  }

  wake(): void {
    this.sender.schedule();
  }

  opened(): void {
    this.#stopHandshake?.();
    this.#stopHandshake = undefined;
    this.#whenReady?.reach();
    this.#user?.opened();
  }

  resolve({ service, name, kind }: MethodDeclaration): Implemented | undefined {
    const found = this.#implementations.find(service, name, kind);
    if (found !== undefined) giveForms(found.method);
    return found;
  }

  contract({ method }: Implemented): NamedMethod {
    return method;
  }

  now(): number {
    return this.clock.now();
  }

  waits(until: number): void {
    if (this.over) return;
    this.#alarm ??= new Alarm(this.clock, this);
    this.#alarm.by(until);
  }

  /** The alarm rings: ends what is due, and returns when the next is. */
  ring(now: number): number {
    this.sender.schedule();
    const calls = this.#serving?.expire(now) ?? Number.POSITIVE_INFINITY;
    return Math.min(calls, this.connection.exchange.expire(now), this.#frames?.expire(now) ?? Number.POSITIVE_INFINITY);
  }

  request(call: IncomingCall<Implemented>): void {
    this.#served().request(call);
  }

  cancelled(call: IncomingCall<Implemented>): void {
    this.#served().cancelled(call);
  }

  inputEnded(call: IncomingCall<Implemented>, error?: RpcError): void {
    this.#served().inputEnded(call, error);
  }

  event(target: Implemented, value: unknown, metadata: Metadata | undefined, settled: () => void): void {
    this.#served().event(target, value, metadata, settled);
  }

  eventLost(method: string, error: RpcError): void {
    this.reports.caused(error, method);
  }

  draining(): void {
    this.#own?.draining();
    this.#user?.draining();
    this.#served().drain(this.connection.drainSent);
  }

  /** The protocol is over: what is left to say is sent, and the other end gets a moment to read it. */
  finished(reason: RpcError): void {
    this.over = true;
    this.#stopHandshake?.();
    this.#alarm?.stop();
    this.#serving?.clear();
    this.#whenReady?.fail(reason);
    this.own.over(reason);
    this.#user?.over(reason);
    void this.whenClosed.then(this.clock.timer(() => this.transport.destroy(), LINGER));
  }

  #watchFrames(): void {
    this.#frames ??= new FrameWatch(this.connection.decoder, this.#unfinished, this, this.sender, () =>
      this.#tooLate(`did not finish a frame within ${this.#unfinished} ms (option "unfinished").`),
    );
    this.#frames.read();
  }

  #tooLate(what: string): void {
    this.connection.abort(new RpcError('UNAVAILABLE', `The other side ${what}`, { execution: 'not-sent' }));
    this.sender.schedule();
  }
}

const NOTHING = new Implementations([]);
