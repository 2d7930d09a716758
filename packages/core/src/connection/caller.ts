import { CODES, type Code } from '../error/code.ts';
import { type Failure, RpcError } from '../error/rpc-error.ts';
import { fromWire } from '../error/wire-error.ts';
import { decodeBody, encodeBody } from '../wire/body.ts';
import { FLAG, FRAME, frameName } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import { DEFAULT_LIMITS, type Limits, MAX_METHODS } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { OutgoingCall, Route } from './call.ts';
import type { Fields } from './fields.ts';
import { HALF, next, STEP, type Step } from './half.ts';
import type { Inbox } from './inbox.ts';
import { type Prologue, writeMessage, writeString } from './message.ts';
import type { Outbox } from './outbox.ts';
import { Slots } from './slots.ts';

/** The prologue of a REQUEST. One serves a connection, set anew for each call. */
class RequestPrologue implements Prologue {
  flags = 0;
  size = 0;
  method = 0;
  milliseconds = 0;

  set(method: number, timeLeft: number): void {
    const limited = timeLeft !== Number.POSITIVE_INFINITY;
    this.method = method;
    this.flags = limited ? FLAG.DEADLINE : 0;
    this.size = limited ? 6 : 2;
    this.milliseconds = limited ? Math.min(Math.max(Math.ceil(timeLeft), 0), 0xffff_ffff) : 0;
  }

  write({ frames }: Outbox): void {
    frames.u16(this.method);
    if (this.flags !== 0) frames.u32(this.milliseconds);
  }
}

/** The calls that this end has opened. */
export class Caller {
  /** The other end's limits, which these calls keep to. */
  remote: Limits = DEFAULT_LIMITS;
  readonly #local: Limits;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #parity: 0 | 1;
  readonly #calls = new Slots<OutgoingCall>();
  readonly #prologue = new RequestPrologue();
  #methods = 0;

  constructor(parity: 0 | 1, local: Limits, outbox: Outbox, inbox: Inbox) {
    this.#parity = parity;
    this.#local = local;
    this.#outbox = outbox;
    this.#inbox = inbox;
  }

  /** How many calls hold a slot: those that wait for their answer, and cancelled ones that wait for their last frame. */
  get size(): number {
    return this.#calls.size;
  }

  /**
   * Sends a call. The caller has seen to it that a slot is free.
   *
   * @throws RpcError not sent, where the input cannot be encoded or is over a limit. The call then has no slot.
   */
  request(call: OutgoingCall, route: Route, input: unknown, timeLeft: number): void {
    if (route.number < 0) this.#declare(route);
    const slot = this.#calls.add(call);
    call.id = slot * 2 + this.#parity;
    const prologue = this.#prologue;
    prologue.set(route.number, timeLeft);
    if (writeString(this.#outbox, FRAME.REQUEST, call, prologue, input, this.remote)) return;
    let body: Uint8Array;
    try {
      // This may run code of the caller's, a getter say, which may make calls, give this one up, or close.
      body = encodeBody(input, this.remote);
    } catch (error) {
      this.#calls.delete(slot);
      throw error;
    }
    if (call.sending !== HALF.OPEN) {
      this.#calls.delete(slot);
      return;
    }
    prologue.set(route.number, timeLeft);
    const raw = input instanceof Uint8Array;
    writeMessage(this.#outbox, FRAME.REQUEST, call, prologue, body, raw, this.remote.chunk, () => this.#free(call));
  }

  /** Tells the other end that nobody waits for the call any more. Its slot stays taken until the last frame comes. */
  cancel(call: OutgoingCall, code: Code): void {
    if (this.#calls.get(call.id >>> 1) !== call || call.receiving === HALF.CLOSED) return;
    this.#writeCancel(call, code);
  }

  /** Takes an ANSWER, ERROR, HEADER, CHUNK or stream frame for a call of this end's. */
  receive(type: number, flags: number, id: number, fields: Fields): void {
    const call = this.#calls.get(id >>> 1);
    if (call === undefined) throw new ProtocolError(`${frameName(type)} for the call ${id}, which is not open`);
    const more = (flags & FLAG.MORE) !== 0;
    switch (type) {
      case FRAME.ANSWER:
        this.#step(call, type, more ? STEP['FINAL+'] : STEP.FINAL);
        fields.skipMetadata(flags, this.#local);
        if (more) this.#inbox.begin(call, fields, (flags & FLAG.RAW) !== 0);
        else this.#settle(call, fields.bytes, fields.at, fields.end, (flags & FLAG.RAW) !== 0);
        return;
      case FRAME.ERROR:
        this.#step(call, type, STEP.ABORT);
        this.#inbox.drop(call);
        fields.skipMetadata(flags, this.#local);
        this.#fail(call, fields);
        return;
      case FRAME.CHUNK: {
        this.#step(call, type, more ? STEP['CHUNK+'] : STEP.CHUNK);
        const whole = this.#inbox.chunk(call, fields.view(fields.left), more);
        if (whole !== undefined) this.#settle(call, whole.bytes, 0, whole.total, whole.raw);
        return;
      }
      case FRAME.HEADER:
        if (call.headed) throw new ProtocolError(`a second HEADER for the call ${id}`);
        call.headed = true;
        return this.#step(call, type, STEP.PART);
      default:
        throw new ProtocolError(`${frameName(type)} for the call ${id}, whose method answers with one message`);
    }
  }

  /**
   * Ends every call with the error that `reason` makes for it. `tell`: the other end still reads, so it is told that
   * nobody waits, and what has not left is not sent any more.
   */
  failAll(reason: (call: OutgoingCall) => Failure, tell: boolean): void {
    const calls = this.#calls.all();
    this.#calls.clear();
    for (const call of calls) {
      const failure = reason(call);
      if (tell) this.#writeCancel(call, 'CANCELLED');
      call.receiving = HALF.CLOSED;
      call.sending = HALF.CLOSED;
      call.failed(failure);
    }
  }

  /** The calls that hold a slot. */
  all(): OutgoingCall[] {
    return this.#calls.all();
  }

  #declare(route: Route): void {
    if (this.#methods === MAX_METHODS) {
      throw new RpcError('RESOURCE_EXHAUSTED', `One connection can name ${MAX_METHODS} methods, and has.`, {
        execution: 'not-sent',
      });
    }
    route.number = this.#methods++;
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

  #step(call: OutgoingCall, type: number, step: Step): void {
    const half = next(call.receiving, step);
    if (half === undefined) throw new ProtocolError(`${frameName(type)} out of turn for the call ${call.id}`);
    call.receiving = half;
  }

  #settle(call: OutgoingCall, bytes: Buffer, start: number, end: number, raw: boolean): void {
    this.#finish(call);
    let value: unknown;
    try {
      value = decodeBody(bytes, start, end, raw, this.#local);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      call.failed({ code: 'INTERNAL', message: `The answer cannot be read: its bytes hold ${error.message}.` });
      return;
    }
    call.answered(value);
  }

  #fail(call: OutgoingCall, fields: Fields): void {
    this.#finish(call);
    let failure: Failure;
    try {
      failure = fromWire(decodeBody(fields.bytes, fields.at, fields.end, false, this.#local));
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown;
      failure = { code: 'INTERNAL', message: `The error cannot be read: its bytes hold ${thrown.message}.` };
    }
    call.failed(failure);
  }

  /** The last frame has come. Where the request was still going out, there is no use in the rest of it. */
  #finish(call: OutgoingCall): void {
    if (call.sending !== HALF.CLOSED) this.#writeCancel(call, 'CANCELLED');
    this.#free(call);
  }

  /** Closes the half that this end sends, wherever it stands. */
  #writeCancel(call: OutgoingCall, code: Code): void {
    if (call.sending !== HALF.CLOSED) this.#outbox.dropLong(call.id);
    call.sending = HALF.CLOSED;
    const { frames } = this.#outbox;
    frames.begin(FRAME.CANCEL, 0, call.id, 1);
    frames.buffer[frames.at++] = CODES[code];
    frames.end();
  }

  #free(call: OutgoingCall): void {
    if (call.receiving === HALF.CLOSED && call.sending === HALF.CLOSED) this.#calls.delete(call.id >>> 1);
  }
}
