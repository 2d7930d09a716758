import type { IncomingCall, Route } from '../connection/call.ts';
import { Connection } from '../connection/connection.ts';
import type { Host } from '../connection/host.ts';
import type { CallOptions } from '../contract/call-options.ts';
import type { Implemented } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import type { NamedMethod } from '../contract/service.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Transport } from '../transport/transport.ts';
import { type Limits, limitsWith } from '../wire/limits.ts';
import type { Role } from '../wire/preface.ts';
import { Alarm } from './alarm.ts';
import { CallContext, type ContextOwner } from './call-context.ts';
import { type Clock, systemClock } from './clock.ts';
import { Dispatcher, type ErrorListener } from './dispatcher.ts';
import { Invoker, LEAVING } from './invoker.ts';
import { Sender } from './sender.ts';

/** What a {@link Peer} is made of. */
export interface PeerOptions {
  /** Which end it is. */
  readonly role: Role;
  /** What it serves. Default: nothing. */
  readonly implementations?: Implementations | undefined;
  /** What it takes from the other end. Default: see {@link Limits}. */
  readonly limits?: Partial<Limits> | undefined;
  /** The milliseconds within which the other end must have said hello. Default: 10,000. */
  readonly handshake?: number | undefined;
  /** Hears of errors that the caller is not told. Default: prints them to standard error. */
  readonly onError?: ErrorListener | undefined;
  /** Where time comes from. Default: the process's. */
  readonly clock?: Clock | undefined;
}

/** How to close. */
export interface CloseOptions {
  /** The milliseconds that calls which have begun may still take. Default: 10,000. */
  readonly grace?: number | undefined;
}

const DEFAULT_HANDSHAKE = 10_000;
/** How long `close` lets what has begun go on, in milliseconds. */
export const DEFAULT_GRACE = 10_000;
/** How long the other end may keep a connection that is over, in milliseconds. */
const LINGER = 1000;

/**
 * One end of a connection, driven: it makes calls, serves calls, and keeps their time. Both ends are the same; which
 * one dialled matters only to the wire.
 */
export class Peer implements ContextOwner {
  readonly #connection: Connection<Implemented>;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #sender: Sender;
  readonly #transport: Transport;
  readonly #dispatcher: Dispatcher;
  readonly #invoker: Invoker;
  readonly #watched = new Set<CallContext>();
  #over = false;
  #stopHandshake: () => void;
  #markReady!: () => void;
  #markFailed!: (reason: RpcError) => void;
  #markClosed!: () => void;

  /** Fulfils once calls can be made; rejects with the reason where that will never be. */
  readonly ready: Promise<void>;
  /** Fulfils once the connection is over and its transport closed. Never rejects. */
  readonly closed: Promise<void>;

  constructor(transport: Transport, options: PeerOptions) {
    const {
      role,
      implementations = NOTHING,
      handshake = DEFAULT_HANDSHAKE,
      onError = report,
      clock = systemClock,
    } = options;
    this.#transport = transport;
    this.#clock = clock;
    this.#alarm = new Alarm(clock, (now) => Math.min(this.#invoker.expire(now), this.#expireContexts(now)));
    this.ready = new Promise((resolve, reject) => {
      this.#markReady = resolve;
      this.#markFailed = reject;
    });
    // Whoever does not ask is not to be told by an unhandled rejection.
    this.ready.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
    const outcome = {
      answer: (call: IncomingCall<Implemented>, value: unknown) => {
        this.#served(call);
        this.#connection.answer(call, value);
      },
      fail: (call: IncomingCall<Implemented>, error: RpcError) => {
        this.#served(call);
        this.#connection.fail(call, error);
      },
    };
    this.#dispatcher = new Dispatcher(this, outcome, onError);
    const hello = { limits: limitsWith(options.limits), services: implementations.names, features: [] };
    this.#connection = new Connection(role, hello, this.#host(implementations));
    this.#sender = new Sender(this.#connection, transport, clock, () => this.#invoker.startWaiting());
    this.#invoker = new Invoker(this.#connection, this.#sender, this.#alarm, clock);
    this.#stopHandshake = clock.timer(() => this.#handshakeOver(handshake), handshake);
    transport.start({
      data: (bytes) => {
        this.#connection.receive(bytes);
        this.#sender.schedule();
      },
      drained: () => this.#sender.schedule(),
      ended: () => {
        this.#connection.ended();
        this.#sender.schedule();
      },
      closed: (error) => this.#transportClosed(error),
    });
    this.#sender.schedule();
  }

  /** How many calls wait for their outcome, or for a free slot. */
  get pending(): number {
    return this.#sender.pending;
  }

  /** How many calls of the other end are being served. */
  get serving(): number {
    return this.#connection.serving;
  }

  /** Makes a call. Settles exactly once: with the parsed output, or an {@link RpcError}. Never throws. */
  call(method: NamedMethod, route: Route, input: unknown, options?: CallOptions): Promise<unknown> {
    return this.#invoker.call(method, route, input, options);
  }

  /**
   * Ends the connection: makes and takes no new calls, and lets those that were made finish for `grace` milliseconds.
   * Fulfils when it is over.
   */
  close(grace: number = DEFAULT_GRACE): Promise<void> {
    this.#sender.close();
    if (!this.#over) {
      this.#invoker.close();
      const stop = this.#clock.timer(() => {
        this.#connection.abort(new RpcError('UNAVAILABLE', 'The connection was closed, and its grace is over.'));
        this.#sender.schedule();
      }, grace);
      void this.closed.then(stop);
      this.#sender.schedule();
    }
    return this.closed;
  }

  /** Waits until calls can be made, and keeps the process running meanwhile. Rejects where that will not be. */
  async whenReady(): Promise<void> {
    this.#sender.began();
    try {
      await this.ready;
      const { over } = this.#invoker;
      if (over !== undefined) throw new RpcError(over.code, over.message, over);
    } finally {
      this.#sender.finished();
    }
  }

  now(): number {
    return this.#clock.now();
  }

  tick(): number {
    return this.#sender.now();
  }

  watch(context: CallContext): void {
    this.#watched.add(context);
    this.#alarm.by(context.expiresAt);
  }

  #host(implementations: Implementations): Host<Implemented> {
    return {
      opened: () => {
        this.#stopHandshake();
        this.#markReady();
      },
      resolve: ({ service, name, kind }) => (kind === 0 ? implementations.find(service, name) : undefined),
      request: (call) => this.#dispatcher.dispatch(call),
      cancelled: (call) => {
        if (call.attachment instanceof CallContext) call.attachment.abort();
      },
      draining: () => this.#invoker.failWaiting(LEAVING),
      closed: (reason) => this.#finish(reason),
    };
  }

  /** Ends the contexts whose time is up, and returns when the next one's is. */
  #expireContexts(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const context of this.#watched) {
      if (context.expiresAt > now) next = Math.min(next, context.expiresAt);
      else {
        this.#watched.delete(context);
        context.expire();
      }
    }
    return next;
  }

  #served(call: IncomingCall<Implemented>): void {
    if (this.#watched.size > 0) this.#watched.delete(call.attachment as CallContext);
    this.#sender.schedule();
  }

  #handshakeOver(milliseconds: number): void {
    const why = `The other side did not say hello within ${milliseconds} ms. Does it speak nearcall?`;
    this.#connection.abort(new RpcError('UNAVAILABLE', why, { execution: 'not-sent' }));
    this.#sender.schedule();
  }

  /** The protocol is over: what is left to say is sent, and the other end gets a moment to read it. */
  #finish(reason: RpcError): void {
    this.#over = true;
    this.#stopHandshake();
    this.#alarm.stop();
    this.#watched.clear();
    this.#markFailed(reason);
    this.#invoker.end(reason);
    const stop = this.#clock.timer(() => this.#transport.destroy(), LINGER);
    void this.closed.then(stop);
  }

  #transportClosed(error: Error | undefined): void {
    const why = error === undefined ? 'The connection is closed.' : error.message;
    const cause = error === undefined ? {} : { cause: error };
    this.#connection.abort(new RpcError('UNAVAILABLE', why, { execution: 'not-sent', ...cause }));
    this.#sender.stop();
    this.#markClosed();
  }
}

const NOTHING = new Implementations([]);

function report(error: unknown, method: string): void {
  console.error(`nearcall: ${method}:`, error);
}
