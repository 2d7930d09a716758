import { alone } from '../transport/alone.ts';
import { type MarkedTransport, OURS, type Transport } from '../transport/transport.ts';
import { SLICE } from '../transport/turns.ts';
import type { Clock } from './clock.ts';
import { LettingGo } from './letting-go.ts';

/** What a sender needs of the connection whose bytes it sends. */
interface Source {
  /** Takes bytes from the other end. */
  receive(bytes: Buffer): void;
  readonly finished: boolean;
  readonly phase: string;
  /** Whether the other end waits for answers. */
  readonly awaited: boolean;
  /** The next bytes. `early`: while more is about to be written. */
  take(early?: boolean): Uint8Array | undefined;
  /** Writes something that asks whether the other end still reads. */
  ask(): void;
}

/** Whom a sender tells what it is about to do. */
export interface SenderEvents {
  /** It sends: what waits may be written now. */
  sending(): void;
  /** What was written has been handed to the transport, or all of it that the transport can swallow. */
  sent(): void;
  /** It has ended this side of the transport. */
  left(): void;
}

/** The bytes that the transport may hold unsent. More would wait in its queue, where nothing can overtake it. */
const HANDED_OVER = 256 * 1024;

/**
 * After so many calls or answers they leave, and the other end begins with them while this one goes on. Where all of a
 * tick left at once the two took turns, and each CPU was idle half of the time. On two CPUs 64 in flight come to 2.1 times
 * the calls a second, with objects of 1 KB to 1.6 to 1.9 times, at 0.8 to 0.9 of the CPU. Tried: 8, 16, 32, and by bytes.
 */
const TOGETHER = 16;

/** How many milliseconds the other end may stay behind the end of this one's side without reading: it can send events. */
const STAYING = 10_000;

/** How often the other end is asked whether it still reads, in milliseconds, once nothing comes from it any more. */
const ASKING = 1000;

/**
 * Hands a connection's bytes to its transport once a tick, sooner where many calls have been written, and no more than it
 * can swallow. It also knows when there is work: a transport holds its process while calls are pending, and not when it
 * is idle.
 */
export class Sender {
  readonly #source: Source;
  readonly #transport: MarkedTransport;
  readonly #clock: Clock;
  readonly #events: SenderEvents;
  #scheduled = false;
  /** Whether bytes are being received, and what they lead to leaves right after. */
  #atOnce = false;
  /** How many calls and answers have been written since something was handed over. */
  #written = 0;
  #now = -1;
  #held = false;
  /** Whether it is about to let go. */
  #leaving = false;
  #stopAsking: (() => void) | undefined = undefined;
  #stopWaiting: (() => void) | undefined = undefined;
  #ending = false;
  #ended = false;
  #closing = false;
  /** How much is going on that its process must live for. */
  #busy = 0;

  constructor(source: Source, transport: Transport, clock: Clock, events: SenderEvents) {
    this.#source = source;
    this.#transport = transport;
    this.#clock = clock;
    this.#events = events;
    transport.hold(false);
  }

  now(): number {
    return this.#clock.now();
  }

  /** The time, read once a tick: reading it costs 50 ns. */
  tick(): number {
    if (this.#now < 0) {
      this.#now = this.#clock.now();
      this.schedule();
    }
    return this.#now;
  }

  /** Calls once the event loop has had its turn. */
  breathe(action: () => void): void {
    this.#clock.turn(action);
  }

  /**
   * Takes bytes from the other end. What they lead to at once leaves in {@link received}, over a transport that may be
   * written to while it tells of something: to defer it took 5 % of the CPU of a call where one is in flight. What is
   * long may come in slices, and all that they lead to is to leave together.
   */
  receive(bytes: Buffer): void {
    this.#atOnce = bytes.length < SLICE && this.#transport[OURS] === true;
    try {
      this.#source.receive(bytes);
    } catch (error) {
      this.#atOnce = false;
      this.#clock.defer(flush, this);
      throw error;
    }
  }

  /** All of that is read. `more`: there may be something to send that nobody has scheduled. */
  received(more: boolean): void {
    if (!this.#atOnce) return more ? this.schedule() : undefined;
    this.#atOnce = false;
    this.#scheduled ||= more;
    this.flush();
  }

  /** Sends what there is at the end of this tick. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (!this.#atOnce) this.#clock.defer(flush, this);
  }

  /** A call or an answer is about to be written. Nothing else may be half done: what is sent may come out at once. */
  writes(): void {
    if (++this.#written > TOGETHER) this.#sendEarly();
  }

  #sendEarly(): void {
    this.#written = 1;
    // On one CPU each write more makes this process wait for the other: up to a sixth of a call. And what its transport cannot
    // swallow at once would only wait there.
    if (alone() || this.#ended || this.#transport.queued > 0) return;
    let bytes = this.#source.take(true);
    while (bytes !== undefined) {
      this.#transport.send(bytes, false);
      bytes = this.#source.take(true);
    }
  }

  /**
   * The other end has ended its side. From now on only writing tells whether it is dead, so something is written now
   * and then, as long as it waits for answers.
   */
  watch(): void {
    this.schedule();
    if (this.#ended || !this.#source.awaited) return;
    this.#stopAsking = this.#clock.repeat(() => {
      if (!this.#source.awaited) return this.#stopAsking?.();
      // What still waits to be written tells as well.
      if (this.#transport.queued > 0) return;
      this.#source.ask();
      this.schedule();
    }, ASKING);
  }

  /** Something has begun that the process must live for: a call of either end, or a wait for the connection. */
  began(): void {
    this.#busy++;
    if (!this.#held) this.#hold(true);
  }

  /** It is over. */
  finished(): void {
    this.#busy--;
    if (this.#busy > 0 || this.#leaving) return;
    if (this.#transport[OURS] === true) return this.letGo();
    this.#leaving = true;
    LettingGo.of(this.#clock).add(this);
  }

  /** This end waits for the connection to be over: the process runs until it is. */
  close(): void {
    this.#closing = true;
    if (!this.#held) this.#hold(true);
  }

  /** The transport is closed. */
  stop(): void {
    if (this.#leaving) LettingGo.of(this.#clock).delete(this);
    this.#stopAsking?.();
    this.#stopWaiting?.();
    this.#ended = true;
  }

  flush(): void {
    if (!this.#scheduled) return;
    this.#scheduled = false;
    this.#written = 0;
    this.#now = -1;
    if (this.#ended) return;
    this.#events.sending();
    const transport = this.#transport;
    let bytes = this.#take(0);
    while (bytes !== undefined) {
      const next = this.#take(bytes.length);
      transport.send(bytes, next !== undefined);
      bytes = next;
    }
    this.#events.sent();
    if (this.#ending) this.#end();
  }

  /** The next bytes, where the transport can swallow them after so many that it is about to get. */
  #take(handed: number): Uint8Array | undefined {
    // Behind one piece another goes: a stream does not tell of one alone that its kernel took as it was written.
    if (this.#transport.queued > 0 && this.#transport.queued + handed >= HANDED_OVER) return undefined;
    const bytes = this.#source.take();
    if (bytes === undefined && (this.#source.finished || this.#source.phase === 'closed')) this.#ending = true;
    return bytes;
  }

  #end(): void {
    this.#ended = true;
    this.#transport.end();
    this.#await(this.#transport.queued);
    this.#events.left();
  }

  /** One that never ends its side would keep the socket: a server could have a client dial until it has no more of them. */
  #await(queued: number): void {
    this.#stopWaiting = this.#clock.timer(() => {
      const left = this.#transport.queued;
      // A slow reader may still get its last answers.
      if (left > 0 && left < queued) this.#await(left);
      else this.#transport.destroy();
    }, STAYING);
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.#transport.hold(held);
  }

  /** Nothing has gone on for a while, or something has again. */
  letGo(): void {
    this.#leaving = false;
    if (this.#busy === 0 && !this.#closing && this.#held) this.#hold(false);
  }
}

const flush = (sender: Sender): void => sender.flush();
