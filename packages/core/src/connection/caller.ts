import { streamsInput, streamsOutput } from '../contract/kind.ts';
import { CODES, type Code } from '../error/code.ts';
import type { Metadata } from '../error/metadata.ts';
import type { Failure } from '../error/rpc-error.ts';
import { encodeBody } from '../wire/body.ts';
import { FLAG, FRAME, frameName } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import { DEFAULT_LIMITS, type Limits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { MethodDeclaration, OutgoingCall } from './call.ts';
import { readError } from './error-body.ts';
import type { Fields } from './fields.ts';
import { HALF, STEP, step } from './half.ts';
import type { Inbox } from './inbox.ts';
import { Inflow } from './inflow.ts';
import { type Message, writeMessage, writeString } from './message.ts';
import type { MethodNumbers } from './method-numbers.ts';
import type { Outbox } from './outbox.ts';
import { Outflow } from './outflow.ts';
import { RequestPrologue } from './request-prologue.ts';
import { Slots } from './slots.ts';

/** That of all connections: it is set anew right before it is written. One each would hold 70 bytes. */
const prologue = new RequestPrologue();

/** The calls that this end has opened, by slot. Being that list and not having one is a line of a CPU's cache at each half. */
export class Caller extends Slots<OutgoingCall> {
  /** The other end's limits, which these calls keep to. */
  remote: Limits = DEFAULT_LIMITS;
  readonly #local: Limits;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #parity: 0 | 1;
  readonly #methods: MethodNumbers;

  constructor(parity: 0 | 1, local: Limits, outbox: Outbox, inbox: Inbox, methods: MethodNumbers) {
    super();
    this.#methods = methods;
    this.#parity = parity;
    this.#local = local;
    this.#outbox = outbox;
    this.#inbox = inbox;
  }

  /**
   * Sends a call, or begins it where its input is a stream. The caller has seen to it that a slot is free.
   *
   * @throws RpcError not sent, where the input cannot be encoded or is over a limit. The call then has no slot.
   */
  request(call: OutgoingCall, method: MethodDeclaration, input: unknown, timeLeft: number): void {
    const number = this.#methods.of(method);
    prologue.set(number, timeLeft, call, this.remote);
    const slot = this.add(call);
    call.id = slot * 2 + this.#parity;
    if (streamsOutput(method.kind)) call.inflow = new Inflow(this.#outbox, this.#inbox, this.#local, call.id);
    if (streamsInput(method.kind)) return this.#open(call);
    if (writeString(this.#outbox, FRAME.REQUEST, call, prologue, input, this.remote)) return;
    let body: Uint8Array;
    try {
      // This may run code of the caller's, a getter say, which may make calls, give this one up, or close.
      body = encodeBody(input, this.remote, method.forms?.input, this.remote.chunk - prologue.size);
    } catch (error) {
      this.delete(slot);
      throw error;
    }
    if (this.get(slot) !== call) return;
    if (call.sending !== HALF.OPEN) return this.delete(slot);
    prologue.set(number, timeLeft, call, this.remote);
    const raw = input instanceof Uint8Array;
    writeMessage(this.#outbox, FRAME.REQUEST, call, prologue, body, raw, this.remote.chunk, () => this.#free(call));
  }

  /** Begins a call whose input is a stream. */
  #open(call: OutgoingCall): void {
    const { frames } = this.#outbox;
    const { flags, size } = prologue;
    frames.begin(FRAME.REQUEST, flags, call.id, size);
    prologue.write(this.#outbox);
    frames.end();
    call.outflow = new Outflow(this.#outbox, call.id, this.remote);
  }

  /** No more input comes. */
  end(call: OutgoingCall): void {
    call.outflow?.finish(() => this.#writeEnd(call));
  }

  /** Tells the other end that nobody waits for the call any more. Its slot stays taken until the last frame comes. */
  cancel(call: OutgoingCall, code: Code): void {
    if (this.get(call.id >>> 1) !== call || call.receiving === HALF.CLOSED) return;
    this.#inbox.drop(call);
    call.inflow?.close();
    call.inflow?.leave();
    this.#writeCancel(call, code);
  }

  /** Takes an ANSWER, ERROR, HEADER, CHUNK or stream frame for a call of this end's. */
  receive(type: number, flags: number, id: number, fields: Fields): void {
    const call = this.get(id >>> 1);
    if (call === undefined) {
      if (type === FRAME.STOP) return;
      throw new ProtocolError(`${frameName(type)} for the call ${id}, which is not open`);
    }
    const more = (flags & FLAG.MORE) !== 0;
    switch (type) {
      case FRAME.ANSWER:
        // That of a stream has no body: its items have passed.
        step(call, type, more && call.inflow === undefined ? STEP['FINAL+'] : STEP.FINAL);
        call.trailer = fields.metadata(flags, this.#local);
        if (call.inflow !== undefined) this.#over(call);
        else if (more) this.#inbox.begin(call, fields, (flags & FLAG.RAW) !== 0);
        else this.#settle(call, fields, (flags & FLAG.RAW) !== 0);
        return;
      case FRAME.ERROR:
        step(call, type, STEP.ABORT);
        this.#inbox.drop(call);
        this.#fail(call, fields, fields.metadata(flags, this.#local));
        return;
      case FRAME.CHUNK: {
        step(call, type, more ? STEP['CHUNK+'] : STEP.CHUNK);
        if (call.inflow !== undefined) return call.inflow.receive(type, flags, fields);
        // Of a call that was given up, what was on its way is passed over.
        if (call.assembly === undefined) return more ? undefined : this.#finish(call);
        const whole = this.#inbox.chunk(call, fields.view(fields.left), more);
        if (whole !== undefined) this.#settle(call, whole, whole.raw);
        return;
      }
      case FRAME.HEADER:
        step(call, type, STEP.PART);
        if (call.touched) throw new ProtocolError(`a second HEADER, or one behind items, for the call ${id}`);
        call.touched = true;
        return call.headerCame(fields.header(this.#local));
      case FRAME.ITEMS:
      case FRAME.ITEM:
        if (call.inflow === undefined) break;
        step(call, type, more && type === FRAME.ITEM ? STEP['PART+'] : STEP.PART);
        if (!call.touched) call.headerCame(undefined);
        call.touched = true;
        return call.inflow.receive(type, flags, fields);
      case FRAME.STOP:
        return this.#stopped(call);
    }
    throw new ProtocolError(`${frameName(type)} for the call ${id}, whose method is of another kind`);
  }

  /**
   * Ends every call with the error that `reason` makes for it. `tell`: the other end still reads, so it is told that
   * nobody waits, and what has not left is not sent any more.
   */
  failAll(reason: (call: OutgoingCall) => Failure, tell: boolean): void {
    const calls = this.all();
    this.clear();
    for (const call of calls) {
      const failure = reason(call);
      call.inflow?.close();
      if (tell) this.#writeCancel(call, 'CANCELLED');
      else if (call.sending !== HALF.CLOSED) this.#dropSending(call);
      call.receiving = HALF.CLOSED;
      call.sending = HALF.CLOSED;
      call.lost(failure);
    }
  }

  #settle(call: OutgoingCall, message: Message, raw: boolean): void {
    this.#finish(call);
    if (!raw && call.answeredFormed(message, this.#local)) return;
    let value: unknown;
    try {
      value = message.value(raw, this.#local);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      call.failed({ code: 'INTERNAL', message: `The answer cannot be read: its bytes hold ${error.message}.` });
      return;
    }
    call.answered(value);
  }

  /** A stream has come to its end. */
  #over(call: OutgoingCall): void {
    this.#finish(call);
    call.answered(undefined);
  }

  #fail(call: OutgoingCall, fields: Fields, metadata: Metadata | undefined): void {
    this.#finish(call);
    call.failed(readError(fields, metadata, this.#local));
  }

  /** The last frame has come. Where the request was still going out, there is no use in the rest of it. */
  #finish(call: OutgoingCall): void {
    call.inflow?.close();
    if (call.sending !== HALF.CLOSED) this.#writeCancel(call, 'CANCELLED');
    this.#free(call);
  }

  /** The other end reads no more of the input. */
  #stopped(call: OutgoingCall): void {
    const { outflow } = call;
    if (outflow === undefined) throw new ProtocolError(`STOP for the call ${call.id}, whose input is one message`);
    if (call.sending === HALF.CLOSED) return;
    outflow.stop(() => this.#writeEnd(call));
    call.stopped();
  }

  #writeEnd(call: OutgoingCall): void {
    call.sending = HALF.CLOSED;
    const { frames } = this.#outbox;
    frames.begin(FRAME.END, 0, call.id, 0);
    frames.end();
    this.#free(call);
  }

  /** Closes the half that this end sends, wherever it stands. */
  #writeCancel(call: OutgoingCall, code: Code): void {
    if (call.sending !== HALF.CLOSED) this.#dropSending(call);
    call.sending = HALF.CLOSED;
    const { frames } = this.#outbox;
    frames.begin(FRAME.CANCEL, 0, call.id, 1);
    frames.buffer[frames.at++] = CODES[code];
    frames.end();
  }

  /** What has not left of the input is not sent. */
  #dropSending(call: OutgoingCall): void {
    this.#outbox.dropFlow(call.id);
    if (call.outflow === undefined) return;
    call.outflow.drop();
    call.stopped();
  }

  #free(call: OutgoingCall): void {
    if (call.receiving === HALF.CLOSED && call.sending === HALF.CLOSED) this.delete(call.id >>> 1);
  }
}
