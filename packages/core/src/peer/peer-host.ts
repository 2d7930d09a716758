import type { IncomingCall, MethodDeclaration } from '../connection/call.ts';
import type { Host } from '../connection/host.ts';
import type { Implemented } from '../contract/implement.ts';
import type { Implementations } from '../contract/implementations.ts';
import type { NamedMethod } from '../contract/service.ts';
import type { Metadata } from '../error/metadata.ts';
import type { RpcError } from '../error/rpc-error.ts';
import { giveForms } from '../wire/form.ts';
import type { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import type { Sender } from './sender.ts';
import type { Serving } from './serving.ts';

/** How a connection stands, for the peer that it is one end of. */
interface Standing {
  opened(): void;
  draining(): void;
  closed(reason: RpcError): void;
}

/**
 * What the connection of a peer tells, for whom it is meant. A class, as a function of its own for each thing to tell would
 * hold another 600 bytes at every connection.
 */
export class PeerHost implements Host<Implemented> {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #implementations: Implementations;
  readonly #standing: Standing;
  /** Both are there before the connection is given anything. */
  sender!: Sender;
  serving!: Serving;

  constructor(clock: Clock, alarm: Alarm, implementations: Implementations, standing: Standing) {
    this.#clock = clock;
    this.#alarm = alarm;
    this.#implementations = implementations;
    this.#standing = standing;
  }

  wake(): void {
    this.sender.schedule();
  }

  opened(): void {
    this.#standing.opened();
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
    return this.#clock.now();
  }

  waits(until: number): void {
    this.#alarm.by(until);
  }

  request(call: IncomingCall<Implemented>): void {
    this.serving.request(call);
  }

  cancelled(call: IncomingCall<Implemented>): void {
    this.serving.cancelled(call);
  }

  inputEnded(call: IncomingCall<Implemented>, error?: RpcError): void {
    this.serving.inputEnded(call, error);
  }

  event(target: Implemented, value: unknown, metadata: Metadata | undefined, settled: () => void): void {
    this.serving.event(target, value, metadata, settled);
  }

  eventLost(method: string, error: RpcError): void {
    this.serving.eventLost(method, error);
  }

  draining(): void {
    this.#standing.draining();
  }

  closed(reason: RpcError): void {
    this.#standing.closed(reason);
  }
}
