import { RpcError } from '../error/rpc-error.ts';
import { FRAME } from '../wire/frame.ts';
import { MAX_METHODS } from '../wire/limits.ts';
import type { Route } from './call.ts';
import type { Outbox } from './outbox.ts';

/** The methods that this end has named to the other. */
export class MethodNumbers {
  readonly #outbox: Outbox;
  #count = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /**
   * The number of a method. The first time the other end is told of it, before anything that uses it.
   *
   * @throws RpcError not sent, where there are too many.
   */
  of(route: Route): number {
    if (route.number < 0) this.#declare(route);
    return route.number;
  }

  #declare(route: Route): void {
    if (this.#count === MAX_METHODS) {
      throw new RpcError('RESOURCE_EXHAUSTED', `One connection can name ${MAX_METHODS} methods, and has.`, {
        execution: 'not-sent',
      });
    }
    route.number = this.#count++;
    const service = Buffer.from(route.service, 'utf8');
    const name = Buffer.from(route.name, 'utf8');
    const { frames } = this.#outbox;
    frames.begin(FRAME.METHOD, 0, 0, 5 + service.length + name.length + route.fingerprint.length);
    frames.u16(route.number);
    frames.buffer[frames.at++] = route.kind;
    for (const part of [service, name]) {
      frames.buffer[frames.at++] = part.length;
      frames.bytes(part);
    }
    frames.bytes(route.fingerprint);
    frames.end();
  }
}
