import { RpcError } from '../error/rpc-error.ts';
import { FRAME, frameName, HELLO_BYTES } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { decodeHello, type Hello, type OwnHello } from '../wire/hello.ts';
import { DEFAULT_LIMITS, type OwnLimits } from '../wire/limits.ts';
import type { Role } from '../wire/preface.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { type Budgets, UNLIMITED } from './budget.ts';
import { FATAL, flood, readGoaway, unknownFrame, writeGoaway, writePing, writePong } from './control.ts';
import { Exchange } from './exchange.ts';
import { Fields } from './fields.ts';
import { Handshake, unavailable } from './handshake.ts';
import type { Host, Phase } from './host.ts';
import { lost } from './lost.ts';
import { Outbox } from './outbox.ts';

/** Those of the frame that is being read. Of all connections: one each would hold 60 bytes. */
const fields = new Fields();

/**
 * One end of the protocol: bytes in, calls and bytes out. It knows no socket, no timer and no promise, so that a test
 * can drive it byte by byte. Whoever drives it hands it what arrives, and takes what is to be sent after each step.
 */
export class Connection<T> {
  /** The calls and events of both ends. */
  readonly exchange: Exchange<T>;
  /** What cuts the bytes that come into frames. */
  readonly decoder: FrameDecoder;
  readonly #role: Role;
  readonly #limits: OwnLimits;
  /** Until both have said hello: it and what it says would hold 150 bytes. */
  #handshake: Handshake | undefined;
  readonly #host: Host<T>;
  readonly #outbox: Outbox;
  #phase: Phase = 'preface';
  #chunk = DEFAULT_LIMITS.chunk;
  #drainSent = false;
  #drainReceived = false;
  #deaf = false;
  #left = false;

  constructor(role: Role, local: OwnHello, host: Host<T>, budgets: Budgets = UNLIMITED) {
    this.#role = role;
    this.#limits = local.limits;
    this.#host = host;
    this.#outbox = new Outbox(host, local.limits.queue);
    this.exchange = new Exchange(role === 'dialer' ? 0 : 1, local.limits, this.#outbox, host, budgets);
    this.decoder = new FrameDecoder(HELLO_BYTES, this);
    this.#handshake = new Handshake(role, local, this.#outbox);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Whether a call can be sent now, as far as the other end's limits go. */
  get canCall(): boolean {
    return !this.draining && this.canNest;
  }

  /** Whether a call can be sent now that is nested in an open one of the other end's, which may be also while it drains. */
  get canNest(): boolean {
    return this.#phase === 'open' && !this.#deaf && !this.exchange.crowded && !this.#outbox.full;
  }

  /** Whether an event can be sent now. Other than a call it can be also while what had begun finishes. */
  get canEmit(): boolean {
    return this.#phase === 'open' && !this.#left && this.exchange.canEmit && !this.#outbox.full;
  }

  get draining(): boolean {
    return this.#drainSent || this.#drainReceived;
  }

  /** Whether the other end has ended its side: nothing will be answered any more. */
  get deaf(): boolean {
    return this.#deaf;
  }

  /** Whether it is this end that asked for no new calls. */
  get drainSent(): boolean {
    return this.#drainSent;
  }

  /**
   * Whether all is done that was begun, and this end may end its side. One that asked for the end waits for the other's
   * word: a request that crosses its GOAWAY is still to be turned away, or its caller could not know that it never ran.
   */
  get finished(): boolean {
    return this.#drainReceived && this.exchange.isIdle(!this.#drainSent);
  }

  /** Whether it is open and has nothing to send. To flush it all the same took 8 % of one call in flight. */
  get quiet(): boolean {
    return this.#phase === 'open' && !this.draining && this.#outbox.empty;
  }

  /** Whether the other end waits for this one to answer calls. */
  get awaited(): boolean {
    return this.#phase === 'open' && this.exchange.serving > 0;
  }

  /** Takes bytes from the other end. Never throws for what they hold: a broken protocol ends in `Host.finished`. */
  receive(chunk: Buffer): void {
    if (this.#phase === 'closed') return;
    // Put back behind: bytes may come while a frame of another connection is being read, and nothing else is held.
    const { bytes, at, end } = fields;
    try {
      const rest = this.#phase === 'preface' ? this.#readPreface(chunk) : chunk;
      if (rest !== undefined) this.decoder.push(rest);
      if (this.#outbox.flooded(this.#chunk)) throw flood();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (this.phase !== 'closed') this.#breakOff(error);
    } finally {
      fields.reset(bytes, at, end);
    }
  }

  /** The other end has ended its side: nothing more will come, but it may still read. */
  ended(): void {
    if (this.#phase === 'closed') return;
    if (this.#phase !== 'open') return this.#close((this.#handshake as Handshake).ended(this.#phase));
    // First, because whoever hears of a lost call may make another.
    this.#deaf = true;
    this.#drainReceived = true;
    this.exchange.ended((call) => lost(call, 'The other side ended the connection.'));
    this.#outbox.unbind();
    this.#host.draining();
    if (this.awaited) this.ask();
  }

  /** Asks whether the other end still reads: where it is dead, writing this fails and tells so. */
  ask(): void {
    writePing(this.#outbox);
  }

  /** Asks for no new calls, and turns such away. What has begun may finish, with the calls that are nested in it. */
  drain(): void {
    if (this.#drainSent || this.#phase === 'closed') return;
    this.#drainSent = true;
    this.exchange.drain();
    if (this.#phase === 'open') writeGoaway(this.#outbox, 0, unavailable(SHUTTING_DOWN));
    // A dialer that has the hello may have sent calls already: they are turned away, once its own has come.
    else if (this.#role === 'dialer' || this.#phase === 'preface') {
      this.#handshake?.refuse('the server is shutting down');
      this.#close(unavailable('The connection was closed before it was open.'));
    }
    this.#host.draining();
  }

  /** Ends everything now. The other end is told so, if it can still be. */
  abort(reason: RpcError): void {
    if (this.#phase === 'closed') return;
    if (this.#phase !== 'preface') writeGoaway(this.#outbox, FATAL, reason);
    else this.#handshake?.refuse(reason.message, reason.code);
    this.#close(reason);
  }

  /** This end has ended its side of the transport. */
  leave(): void {
    this.#left = true;
    this.exchange.left();
  }

  /** The next bytes to send, or undefined where there are none now. `early`: while more is about to be written. */
  take(early = false): Uint8Array | undefined {
    return early ? this.#outbox.takeEarly() : this.#outbox.take(this.#chunk);
  }

  /** Returns the bytes behind the preface, once it is whole and right. */
  #readPreface(chunk: Buffer): Buffer | undefined {
    const result = this.#handshake?.receive(chunk);
    if (result instanceof RpcError) return void this.#close(result);
    if (result !== undefined) this.#phase = 'hello';
    return result;
  }

  frame(type: number, flags: number, call: number, bytes: Buffer, start: number, end: number): void {
    if (this.#phase !== 'open') {
      if (this.#phase === 'closed') return;
      if (type !== FRAME.HELLO) throw new ProtocolError(`${frameName(type)} before the HELLO`);
      return this.#open(decodeHello(bytes, start, end));
    }
    fields.reset(bytes, start, end);
    if (type < FRAME.REQUEST) return this.#connectionFrame(type, flags, call);
    if (type > FRAME.EVENT) return unknownFrame(type, flags);
    this.exchange.receive(type, flags, call, fields);
  }

  #connectionFrame(type: number, flags: number, call: number): void {
    switch (type) {
      case FRAME.METHOD:
      case FRAME.DESCRIBE:
      case FRAME.DESCRIPTION:
        return this.exchange.stated(type, flags, fields);
      case FRAME.CREDIT:
        return this.#outbox.grant(call, fields.u32());
      case FRAME.PING:
        return writePong(this.#outbox, fields.view(8));
      case FRAME.PONG:
        return void fields.view(8);
      case FRAME.GOAWAY:
        return this.#goneAway(flags);
      case FRAME.HELLO:
        throw new ProtocolError('a HELLO that nobody asked for');
      default:
        unknownFrame(type, flags);
    }
  }

  #open(hello: Hello): void {
    this.#phase = 'open';
    this.#handshake = undefined;
    this.decoder.maxPayload = this.#limits.chunk;
    this.exchange.open(hello);
    this.#chunk = hello.limits.chunk;
    if (this.#drainSent) writeGoaway(this.#outbox, 0, unavailable(SHUTTING_DOWN));
    this.#host.opened(hello);
  }

  #goneAway(flags: number): void {
    const said = readGoaway(fields, this.#limits);
    if ((flags & FATAL) !== 0) {
      this.#close(new RpcError(said.code, `The other side broke off the connection: ${said.message}`));
    } else if (!this.#drainReceived) {
      this.#drainReceived = true;
      this.#host.draining();
    }
  }

  /** The other end broke the protocol: it is told so, and everything ends. */
  #breakOff(error: ProtocolError): void {
    const why = `The other side broke the protocol: it sent ${error.message}.`;
    const reason = this.#phase === 'open' ? new RpcError('INTERNAL', why) : unavailable(why);
    const told = new RpcError('INTERNAL', `You broke the protocol: what came was ${error.message}.`);
    writeGoaway(this.#outbox, FATAL, told);
    this.#close(reason);
  }

  #close(reason: RpcError): void {
    const opened = this.#phase === 'open';
    this.#phase = 'closed';
    this.#outbox.dropAll();
    this.exchange.close((call) => (opened ? lost(call, reason.message, reason) : reason));
    this.#host.finished(reason);
  }
}

const SHUTTING_DOWN = 'This end is shutting down.';
