import { type Failure, RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import type { Clock } from './clock.ts';
import type { Exit } from './exit.ts';
import type { Exits } from './exits.ts';
import { LEAVING } from './failures.ts';
import { Invoker } from './invoker.ts';
import type { Pending } from './pending.ts';

/** Where calls leave that are bound to one connection: when it is over, so are they. */
export class OnlyExit implements Exits {
  readonly #exit: Exit;
  readonly #clock: Clock;
  #over: RpcError | undefined;
  #closing = false;
  /** Made when first asked for: most connections of a server never call. */
  #invoker: Invoker | undefined = undefined;

  constructor(exit: Exit, clock: Clock) {
    this.#exit = exit;
    this.#clock = clock;
  }

  /** Makes the calls. */
  get invoker(): Invoker {
    if (this.#invoker === undefined) {
      this.#invoker = new Invoker(this, this.#clock);
      if (this.#closing) this.#invoker.close();
    }
    return this.#invoker;
  }

  /** How many calls and events have not settled. */
  get pending(): number {
    return this.#invoker?.pending ?? 0;
  }

  get waiting(): boolean {
    return this.#invoker?.waiting ?? false;
  }

  /** Why it is over, if so. */
  get reason(): RpcError | undefined {
    return this.#over;
  }

  /** Makes no new calls. Those that wait are still sent; then the connection drains. */
  close(): void {
    this.#closing = true;
    if (this.#invoker === undefined) this.#exit.drain();
    else this.#invoker.close();
  }

  can(call: Pending): boolean {
    if (this.#exit.can(call)) return true;
    return !call.isEvent && this.completes(call) && this.#exit.canNest;
  }

  pick(call: Pending): Exit | undefined {
    return this.can(call) ? this.#exit : undefined;
  }

  completes({ parent }: Pending): boolean {
    return parent?.isOpenOn(this.#exit) === true && this.#over === undefined && !this.#exit.deaf;
  }

  all(): Exit[] {
    return [this.#exit];
  }

  get remote(): Limits {
    return this.#exit.remote;
  }

  get crowded(): boolean {
    return this.#exit.crowded;
  }

  refusal({ isEvent }: Pending): Failure | undefined {
    if (this.#over !== undefined) {
      const { message, cause } = this.#over;
      return { code: 'UNAVAILABLE', message: `${message} Connect again.`, execution: 'not-sent', cause };
    }
    return !isEvent && this.#exit.draining ? LEAVING : undefined;
  }

  repeats(): boolean {
    return false;
  }

  began(): void {
    this.#exit.sender.began();
  }

  finished(): void {
    this.#exit.sender.finished();
  }

  schedule(): void {
    this.#exit.sender.schedule();
  }

  emptied(): void {
    this.#exit.drain();
  }

  sending(): void {
    // The handler that made a call may have returned while that waited.
    if (this.#exit.draining) this.draining();
    this.#invoker?.sendWaiting();
  }

  draining(): void {
    this.#invoker?.failWaiting('calls', LEAVING, (call) => !this.completes(call));
  }

  left(): void {
    this.#over ??= new RpcError('UNAVAILABLE', 'The connection is ending.');
    this.#invoker?.failWaiting('calls', this.#over);
    this.#invoker?.failWaiting('events', this.#over);
  }

  over(reason: RpcError): void {
    this.#over = reason;
    // Whatever ended it, a protocol that was broken say, these never met it.
    const { message, cause } = reason;
    const failure: Failure = { code: 'UNAVAILABLE', message, cause };
    this.#invoker?.failWaiting('calls', failure);
    this.#invoker?.failWaiting('events', failure);
    this.#invoker?.stop();
  }
}
