import { setMaxListeners } from 'node:events';
import type { IncomingCall } from '../connection/call.ts';
import type { Responder } from '../connection/responder.ts';
import type { Context } from '../contract/context.ts';
import type { Implemented } from '../contract/implement.ts';
import type { RemotePeer } from '../contract/remote-peer.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Alarm } from './alarm.ts';
import type { CallContext } from './call-context.ts';
import type { Clock } from './clock.ts';
import { Dispatcher, type DispatcherOwner } from './dispatcher.ts';
import { EventDispatcher } from './event-dispatcher.ts';
import type { Exit } from './exit.ts';
import type { Reports } from './reports.ts';
import type { Sender } from './sender.ts';
import { WatchedContexts } from './watched-contexts.ts';

/** What serving needs of the peer that serves. */
export interface ServingPeer {
  remote(parent: Context): RemotePeer;
  readonly exit: Exit;
}

/** What waits, and not for ever. */
interface Expiring {
  /** Returns when it is to be called again. */
  expire(now: number): number;
}

/** The connection, as far as serving goes. */
export interface Served {
  readonly responder: Responder;
  readonly checks: Expiring;
}

/** What one end does for the other: it runs the handlers of calls and events, and watches their deadlines. */
export class Serving implements DispatcherOwner {
  readonly #peer: ServingPeer;
  readonly #reports: Reports;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #sender: Sender;
  readonly #checks: Expiring;
  readonly responder: Responder;
  readonly #calls: Dispatcher;
  readonly #events: EventDispatcher;
  readonly #watched = new WatchedContexts();
  /** Made when first asked for. */
  #draining: AbortController | undefined = undefined;
  #drained: RpcError | undefined = undefined;

  constructor(peer: ServingPeer, reports: Reports, clock: Clock, alarm: Alarm, sender: Sender, served: Served) {
    this.#peer = peer;
    this.#reports = reports;
    this.#clock = clock;
    this.#alarm = alarm;
    this.#sender = sender;
    this.#checks = served.checks;
    this.responder = served.responder;
    this.#calls = new Dispatcher(this, served.responder, reports);
    this.#events = new EventDispatcher(this, reports);
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
    this.#events.dispatch(target, value, metadata, () => {
      this.#sender.finished();
      settled();
    });
  }

  eventLost(method: string, error: RpcError): void {
    this.#reports.caused(error, method);
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

  /** Ends the calls whose time is up, lets those go on that have waited long enough, and returns when the next are due. */
  expire(now: number): number {
    this.#sender.schedule();
    return Math.min(this.#watched.expire(now), this.#checks.expire(now));
  }

  /** The connection is over. */
  clear(): void {
    this.drain(false);
    this.#watched.clear();
  }

  now(): number {
    return this.#clock.now();
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
    this.#watched.add(context);
    this.#alarm.by(context.expiresAt);
  }

  remote(parent: Context): RemotePeer {
    return this.#peer.remote(parent);
  }

  get exit(): Exit {
    return this.#peer.exit;
  }

  serves(): void {
    this.#sender.began();
  }

  served(context: CallContext): void {
    this.#watched.delete(context);
    this.#sender.finished();
    this.#sender.schedule();
  }
}
