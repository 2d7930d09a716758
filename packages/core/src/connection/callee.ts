import { CODES, codeFromNumber } from '../error/code.ts';
import { RpcError } from '../error/rpc-error.ts';
import { decodeBody, encodeBody } from '../wire/body.ts';
import { FLAG, FRAME, frameName } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import { DEFAULT_LIMITS, type Limits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { IncomingCall, streamsInput } from './call.ts';
import { errorBody, gaveUp } from './error-body.ts';
import type { Fields } from './fields.ts';
import { HALF, next, STEP, type Step } from './half.ts';
import type { Host } from './host.ts';
import type { Inbox } from './inbox.ts';
import { type Prologue, writeMessage, writeString } from './message.ts';
import { type DeclaredMethod, MethodTable } from './method-table.ts';
import type { Outbox } from './outbox.ts';

const NO_PROLOGUE: Prologue = { size: 0, flags: 0, write: () => {} };

/** The calls that the other end has opened. */
export class Callee<T> {
  /** The other end's limits, which the answers keep to. */
  remote: Limits = DEFAULT_LIMITS;
  /** The methods that these calls can name. */
  readonly methods: MethodTable<T>;
  /** Whether new calls are turned away. */
  draining = false;
  readonly #local: Limits;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #parity: 0 | 1;
  readonly #host: Host<T>;
  readonly #calls: (IncomingCall<T> | undefined)[] = [];
  #size = 0;

  constructor(parity: 0 | 1, local: Limits, outbox: Outbox, inbox: Inbox, host: Host<T>) {
    this.#parity = parity;
    this.#local = local;
    this.#outbox = outbox;
    this.#inbox = inbox;
    this.#host = host;
    this.methods = new MethodTable(host);
  }

  /** How many calls are open. */
  get size(): number {
    return this.#size;
  }

  /** Takes a REQUEST. */
  open(flags: number, id: number, fields: Fields): void {
    const slot = id >>> 1;
    if ((id & 1) !== this.#parity || slot >= this.#local.calls) {
      throw new ProtocolError(
        `REQUEST with the call id ${id}, where ${this.#local.calls} calls are taken (limit "calls")`,
      );
    }
    if (slot < this.#calls.length && this.#calls[slot] !== undefined) {
      throw new ProtocolError(`REQUEST with the call id ${id}, which is open`);
    }
    while (this.#calls.length <= slot) this.#calls.push(undefined);
    const method = this.methods.get(fields.u16());
    if (method === undefined) throw new ProtocolError('REQUEST for a method number that has no name');
    const timeLeft = (flags & FLAG.DEADLINE) !== 0 ? fields.u32() : Number.POSITIVE_INFINITY;
    const nesting = (flags & FLAG.NESTED) !== 0 ? fields.u8() : 0;
    fields.skipMetadata(flags, this.#local);
    const call = new IncomingCall<T>(id, method.target as T, timeLeft, nesting);
    this.#calls[slot] = call;
    this.#size++;
    const more = (flags & FLAG.MORE) !== 0;
    if (!streamsInput(method.declaration.kind)) {
      this.#step(call, FRAME.REQUEST, more ? STEP['FINAL+'] : STEP.FINAL);
    }
    const refusal = this.#refusal(method);
    if (refusal !== undefined) return this.fail(call, refusal);
    if (more) this.#inbox.begin(call, fields, (flags & FLAG.RAW) !== 0);
    else this.#dispatch(call, fields.bytes, fields.at, fields.end, (flags & FLAG.RAW) !== 0);
  }

  /** Takes a CHUNK, CANCEL, END or stream frame for a call of the other end's. */
  receive(type: number, flags: number, id: number, fields: Fields): void {
    const call = this.#calls[id >>> 1];
    if (call === undefined) {
      // The answer and the caller's change of mind have passed each other on the way.
      if (type === FRAME.CANCEL || type === FRAME.STOP) return;
      throw new ProtocolError(`${frameName(type)} for the call ${id}, which is not open`);
    }
    const more = (flags & FLAG.MORE) !== 0;
    switch (type) {
      case FRAME.CHUNK: {
        this.#step(call, type, more ? STEP['CHUNK+'] : STEP.CHUNK);
        // A call that failed early takes what was on its way, and keeps nothing of it.
        if (call.assembly === undefined) return this.#free(call);
        const whole = this.#inbox.chunk(call, fields.view(fields.left), more);
        if (whole !== undefined) this.#dispatch(call, whole.bytes, 0, whole.total, whole.raw);
        return;
      }
      case FRAME.CANCEL:
        return this.#cancel(call, fields);
      case FRAME.ITEMS:
        return this.#step(call, type, STEP.PART);
      case FRAME.ITEM:
        return this.#step(call, type, more ? STEP['PART+'] : STEP.PART);
      case FRAME.END:
        this.#step(call, type, STEP.FINAL);
        return this.#free(call);
      case FRAME.STOP:
        return;
      default:
        throw new ProtocolError(`${frameName(type)} from the end that opened the call`);
    }
  }

  /**
   * Sends a call's answer.
   *
   * @throws RpcError where it cannot be encoded or is over a limit. The call is still open then.
   */
  answer(call: IncomingCall<T>, value: unknown): void {
    if (call.sending !== HALF.OPEN) return;
    if (call.cancelled !== undefined) return this.fail(call, gaveUp(call.cancelled));
    if (this.#outbox.full || !writeString(this.#outbox, FRAME.ANSWER, call, NO_PROLOGUE, value, this.remote)) {
      const body = encodeBody(value, this.remote);
      this.#answer(call, body, value instanceof Uint8Array);
    } else this.#free(call);
  }

  /**
   * Writes an answer, or lets it wait where the other end is slow to read. The call holds its slot until then, so who
   * reads nothing can make no more of its calls cost memory than it may have open.
   */
  #answer(call: IncomingCall<T>, body: Uint8Array, raw: boolean): void {
    if (call.sending !== HALF.OPEN) return;
    call.decided = true;
    if (this.#outbox.full) return this.#outbox.later(() => this.#answer(call, body, raw));
    if (call.cancelled !== undefined) return this.fail(call, gaveUp(call.cancelled));
    const { chunk } = this.remote;
    writeMessage(this.#outbox, FRAME.ANSWER, call, NO_PROLOGUE, body, raw, chunk, () => this.#free(call));
    this.#free(call);
  }

  /** Ends a call with an error, in place of an answer or in the middle of one. */
  fail(call: IncomingCall<T>, error: RpcError): void {
    if (call.sending === HALF.CLOSED) return;
    call.decided = true;
    this.#inbox.drop(call);
    if (call.sending !== HALF.OPEN) this.#outbox.dropLong(call.id);
    else if (this.#outbox.full) return this.#outbox.later(() => this.fail(call, error));
    call.sending = HALF.CLOSED;
    // What a handler throws because its signal has aborted is not what became of the call.
    const body = errorBody(call.cancelled === undefined ? error : gaveUp(call.cancelled), this.remote);
    const { frames } = this.#outbox;
    frames.begin(FRAME.ERROR, 0, call.id, body.length);
    frames.bytes(body);
    frames.end();
    this.#free(call);
  }

  /** Forgets every call. The host hears of those that it is still serving. */
  clear(): void {
    const calls = this.#open();
    this.#calls.length = 0;
    this.#size = 0;
    for (const call of calls) {
      const served = call.receiving === HALF.CLOSED && !call.decided && call.cancelled === undefined;
      call.sending = HALF.CLOSED;
      if (!served) continue;
      call.cancelled = 'CANCELLED';
      this.#host.cancelled(call);
    }
  }

  /** Nothing more will come: what is not whole by now never will be. */
  ended(): void {
    for (const call of this.#open()) {
      if (call.receiving === HALF.CLOSED) continue;
      call.receiving = HALF.CLOSED;
      this.fail(call, new RpcError('UNAVAILABLE', 'The request never became whole.', { execution: 'rejected' }));
      this.#free(call);
    }
  }

  #open(): IncomingCall<T>[] {
    return this.#calls.filter((call) => call !== undefined);
  }

  #refusal({ declaration, target }: DeclaredMethod<T>): RpcError | undefined {
    if (this.draining) {
      return new RpcError('UNAVAILABLE', 'The server is shutting down.', { execution: 'rejected' });
    }
    if (target !== undefined) return undefined;
    const { service, name } = declaration;
    return new RpcError('UNIMPLEMENTED', `The other side serves no method ${service}.${name}.`, {
      execution: 'rejected',
    });
  }

  #dispatch(call: IncomingCall<T>, bytes: Buffer, start: number, end: number, raw: boolean): void {
    try {
      call.input = decodeBody(bytes, start, end, raw, this.#local);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const why = `The request cannot be read: its bytes hold ${error.message}.`;
      return this.fail(call, new RpcError('INVALID_ARGUMENT', why, { execution: 'rejected' }));
    }
    this.#host.request(call);
  }

  #cancel(call: IncomingCall<T>, fields: Fields): void {
    const code = codeFromNumber(fields.left > 0 ? fields.u8() : CODES.CANCELLED);
    const started = call.receiving === HALF.CLOSED;
    call.receiving = HALF.CLOSED;
    if (!started) {
      this.fail(
        call,
        new RpcError(code, 'The caller gave up before its request was whole.', { execution: 'rejected' }),
      );
      return this.#free(call);
    }
    if (call.sending !== HALF.OPEN) return this.fail(call, gaveUp(code));
    if (call.cancelled !== undefined) return;
    call.cancelled = code;
    if (!call.decided) this.#host.cancelled(call);
  }

  #step(call: IncomingCall<T>, type: number, step: Step): void {
    const half = next(call.receiving, step);
    if (half === undefined) throw new ProtocolError(`${frameName(type)} out of turn for the call ${call.id}`);
    call.receiving = half;
  }

  #free(call: IncomingCall<T>): void {
    const slot = call.id >>> 1;
    if (call.receiving !== HALF.CLOSED || call.sending !== HALF.CLOSED || this.#calls[slot] !== call) return;
    this.#calls[slot] = undefined;
    this.#size--;
  }
}
