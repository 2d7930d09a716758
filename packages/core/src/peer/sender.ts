import type { Transport } from '../transport/transport.ts';
import type { Clock } from './clock.ts';

/** What a sender needs of the connection whose bytes it sends. */
interface Source {
  readonly finished: boolean;
  readonly phase: string;
  take(): Uint8Array | undefined;
}

/** The bytes that the transport may hold unsent. More would wait in its queue, where nothing can overtake it. */
const HANDED_OVER = 256 * 1024;

/** How long a transport stays held after the last call, in milliseconds: holding and letting go at each costs more. */
const LETTING_GO = 10;

/**
 * Hands a connection's bytes to its transport once a tick, and no more than it can swallow. It also knows when there is
 * work: a transport holds its process while calls are pending, and not when it is idle.
 */
export class Sender {
  readonly #source: Source;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #beforeSending: () => void;
  #scheduled = false;
  #now = -1;
  #held = false;
  #lettingGo: (() => void) | undefined = undefined;
  #ended = false;
  #closing = false;

  /** How many calls, and waits for the connection, have not settled. */
  pending = 0;

  constructor(source: Source, transport: Transport, clock: Clock, beforeSending: () => void) {
    this.#source = source;
    this.#transport = transport;
    this.#clock = clock;
    this.#beforeSending = beforeSending;
    transport.hold(false);
  }

  /** The time, read once a tick: reading it costs 50 ns. */
  now(): number {
    if (this.#now < 0) {
      this.#now = this.#clock.now();
      this.schedule();
    }
    return this.#now;
  }

  /** Sends what there is at the end of this tick. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.defer(this.#flush);
  }

  /** Something is pending now. */
  began(): void {
    this.pending++;
    if (!this.#held) this.#hold(true);
  }

  /** Something is pending no more. */
  finished(): void {
    this.pending--;
    if (this.pending === 0 && this.#lettingGo === undefined) {
      this.#lettingGo = this.#clock.timer(() => this.#letGo(), LETTING_GO);
    }
  }

  /** This end waits for the connection to be over: the process runs until it is. */
  close(): void {
    this.#closing = true;
    if (!this.#held) this.#hold(true);
  }

  /** The transport is closed. */
  stop(): void {
    this.#lettingGo?.();
    this.#ended = true;
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#now = -1;
    if (this.#ended) return;
    this.#beforeSending();
    const transport = this.#transport;
    while (transport.queued < HANDED_OVER) {
      const bytes = this.#source.take();
      if (bytes === undefined) {
        if (this.#source.finished || this.#source.phase === 'closed') this.#end();
        return;
      }
      transport.send(bytes);
    }
  };

  #end(): void {
    this.#ended = true;
    this.#transport.end();
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.#transport.hold(held);
  }

  #letGo(): void {
    this.#lettingGo = undefined;
    if (this.pending === 0 && !this.#closing && this.#held) this.#hold(false);
  }
}
