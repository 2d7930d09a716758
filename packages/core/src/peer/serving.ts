import { setMaxListeners } from 'node:events';
import type { IncomingCall } from '../connection/call.ts';
import type { Responder } from '../connection/responder.ts';
import type { Context } from '../contract/context.ts';
import type { Implemented } from '../contract/implement.ts';
import type { RemotePeer } from '../contract/remote-peer.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { CallContext } from './call-context.ts';
import { Dispatcher, type DispatcherOwner } from './dispatcher.ts';
import { EventDispatcher } from './event-dispatcher.ts';
import type { Exit } from './exit.ts';
import type { Reports } from './reports.ts';
import type { Sender } from './sender.ts';
import { WatchedContexts } from './watched-contexts.ts';

/** What serving needs of the end that serves. */
export interface ServingHost {
  readonly sender: Sender;
  readonly reports: Reports;
  readonly exit: Exit;
  remote(parent: Context): RemotePeer;
  now(): number;
  /** `expire` is to be called at this time. */
  waits(until: number): void;
}

/** What one end does for the other: it runs the handlers of calls and events, and watches their deadlines. */
export class Serving implements DispatcherOwner {
  readonly #host: ServingHost;
  readonly #sender: Sender;
  readonly responder: Responder;
  readonly #calls: Dispatcher;
  // Made when first asked for, as what follows.
  #events: EventDispatcher | undefined = undefined;
  #watched: WatchedContexts | undefined = undefined;
  #draining: AbortController | undefined = undefined;
  #drained: RpcError | undefined = undefined;

  constructor(host: ServingHost, responder: Responder) {
    this.#host = host;
    this.#sender = host.sender;
    this.responder = responder;
    this.#calls = new Dispatcher(this, responder, host.reports);
  }

  request(call: IncomingCall<Implemented>): void {
    this.#calls.dispatch(call);
  }

  cancelled(call: IncomingCall<Implemented>): void {
    this.#calls.cancel(call);
  }

  inputEnded(call: IncomingCall<Implemented>, error: RpcError | undefined): void {
    this.#calls.inputEnded(call, error);
  }

  event(target: Implemented, value: unknown, metadata: Metadata | undefined, settled: () => void): void {
    this.#sender.began();
    this.#events ??= new EventDispatcher(this, this.#host.reports);
    this.#events.dispatch(target, value, metadata, () => {
      this.#sender.finished();
      settled();
    });
  }

  /** The connection is being closed: `here`, or by the other end. */
  drain(here: boolean): void {
    this.#drained ??= here
      ? new RpcError('UNAVAILABLE', 'This end is closing the connection.')
      : new RpcError('CANCELLED', 'The other end is closing the connection.');
    this.#draining?.abort(this.#drained);
  }

  get draining(): AbortSignal {
    if (this.#draining === undefined) {
      this.#draining = new AbortController();
      // All calls of the connection share it, and Node would take eleven listeners for a leak.
      setMaxListeners(0, this.#draining.signal);
      if (this.#drained !== undefined) this.#draining.abort(this.#drained);
    }
    return this.#draining.signal;
  }

  /** Ends the calls whose time is up, and returns when the next ones' is. */
  expire(now: number): number {
    return this.#watched?.expire(now) ?? Number.POSITIVE_INFINITY;
  }

  /** The connection is over. */
  clear(): void {
    this.drain(false);
    this.#watched?.clear();
  }

  now(): number {
    return this.#host.now();
  }

  tick(): number {
    return this.#sender.tick();
  }

  breathe(action: () => void): void {
    this.#sender.breathe(action);
  }

  schedule(): void {
    this.#sender.schedule();
  }

  watch(context: CallContext): void {
    this.#watched ??= new WatchedContexts();
    this.#watched.add(context);
    this.#host.waits(context.expiresAt);
  }

  remote(parent: Context): RemotePeer {
    return this.#host.remote(parent);
  }

  get exit(): Exit {
    return this.#host.exit;
  }

  serves(): void {
    this.#sender.began();
  }

  answers(): void {
    this.#sender.writes();
  }

  served(context: CallContext): void {
    this.#watched?.delete(context);
    this.#sender.finished();
    this.#sender.schedule();
  }
}
