import { isUtf8 } from 'node:buffer';
import { KIND, type Kind, streamsInput, streamsOutput } from '../src/contract/kind.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../src/wire/frame.ts';
import type { Limits } from '../src/wire/limits.ts';
import { REFUSED, referenceValue } from './reference-reader.ts';

/** The dialer, whose calls have even ids, or the acceptor. */
export type Party = 0 | 1;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  readonly payload: Buffer;
}

/** One direction of a call, or of the events. */
export interface Half {
  state: 'OPEN' | 'ITEM' | 'FINAL' | 'CLOSED';
  /** What may still be sent. */
  account: number;
  /** The bytes that the message under way still lacks. */
  lacks: number;
}

export interface ModelCall {
  readonly id: number;
  readonly kind: Kind;
  readonly opener: Party;
  /** By who sends it. */
  readonly halves: readonly [Half, Half];
  /** Whether a HEADER can come no more. */
  headed: boolean;
  cancelled: boolean;
}

/** A method that a party has named. */
export interface Named {
  readonly kind: Kind;
  /** Whether calls of it may be turned away. */
  readonly odd: boolean;
}

/**
 * What PROTOCOL.md says of a frame: it is right, or it breaks the protocol; or a receiver may take it as either, such as
 * what is wrong within a message that it drops anyway.
 */
export type Verdict = 'right' | 'wrong' | 'either';

const WRONG: unique symbol = Symbol('wrong');

/** What is on its way between two ends that read each frame at once: their calls, by accounts of its own. */
export class Model {
  /** What each party takes. */
  readonly limits: readonly [Limits, Limits];
  readonly methods: readonly [Named[], Named[]] = [[], []];
  readonly calls = new Map<number, ModelCall>();
  readonly events: readonly [Half, Half];
  /** The methods of the other end that each party waits for a description of. */
  readonly awaits: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  readonly #described: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  readonly #coming: [number | undefined, number | undefined] = [undefined, undefined];
  readonly #parts: [Buffer, Buffer] = [NOTHING, NOTHING];
  /** The parties that have said that they take no new calls. */
  readonly drains: [boolean, boolean] = [false, false];
  /** Whether a party has broken the connection off. */
  over = false;

  constructor(limits: readonly [Limits, Limits]) {
    this.limits = limits;
    const half = (account: number): Half => ({ state: 'OPEN', account, lacks: 0 });
    this.events = [half(limits[1].events), half(limits[0].events)];
  }

  /** What the next frame of a party is worth. It has happened then, unless it is wrong. */
  judge(from: Party, frame: Frame): Verdict {
    try {
      return this.#frame(from, frame) ? 'right' : 'either';
    } catch (thrown) {
      if (thrown === WRONG) return 'wrong';
      throw thrown;
    }
  }

  /** Whether a message in chunks has credit: of such only four are let on at a time. */
  active(from: Party): number {
    let active = 0;
    for (const { halves } of this.calls.values()) {
      const { state, account } = halves[from];
      if (state === 'FINAL' && account > 0) active++;
    }
    return active;
  }

  #frame(from: Party, frame: Frame): boolean {
    const { type, flags, payload } = frame;
    need(payload.length <= this.limits[other(from)].chunk);
    if (type >= FRAME.REQUEST && type <= FRAME.EVENT) return this.#exchange(from, frame);
    switch (type) {
      case FRAME.GOAWAY:
        need(bodyOf(payload, this.limits[other(from)]) !== REFUSED);
        if ((flags & FLAG.MORE) !== 0) this.over = true;
        else this.drains[from] = true;
        return true;
      case FRAME.PING:
      case FRAME.PONG:
        need(payload.length >= 8);
        return true;
      case FRAME.CREDIT:
        need(payload.length >= 4);
        this.#credit(other(from), frame.call, payload.readUInt32BE());
        return true;
      case FRAME.METHOD:
        this.#method(from, payload);
        return true;
      case FRAME.DESCRIBE:
        need(payload.length >= 2);
        this.#describe(from, payload.readUInt16BE());
        return true;
      case FRAME.DESCRIPTION:
        need(payload.length >= 2);
        this.#description(from, payload.readUInt16BE(), (flags & FLAG.MORE) !== 0, payload.subarray(2));
        return true;
      default:
        need(type !== FRAME.HELLO && (flags & FLAG.IGNORABLE) !== 0);
        return true;
    }
  }

  #credit(sender: Party, id: number, credit: number): void {
    if (id === EVENTS_CALL) this.events[sender].account += credit;
    const call = this.calls.get(id);
    const half = call?.halves[sender];
    if (call === undefined || half === undefined || half.state === 'CLOSED') return;
    // One that comes before a single message has begun is lost.
    if (streams(call, sender) || half.state === 'FINAL') half.account += credit;
  }

  #method(from: Party, payload: Buffer): void {
    const fields = new Cursor(payload);
    const number = fields.uint(2);
    need(number === this.methods[from].length && number < 4096);
    const kind = fields.uint(1);
    need(kind <= KIND.event);
    const [service, name] = [fields.take(fields.uint(1)), fields.take(fields.uint(1))];
    need(service.length > 0 && name.length > 0 && isUtf8(service) && isUtf8(name));
    const fingerprint = fields.rest();
    need(fingerprint.length === 0 || fingerprint.length === 8);
    const odd = name.toString().startsWith('unknown') || fingerprint.length > 0 || kind === KIND.event;
    this.methods[from].push({ kind: kind as Kind, odd });
  }

  #describe(from: Party, number: number): void {
    need(number < this.methods[other(from)].length && !this.#described[from].has(number));
    this.#described[from].add(number);
    this.awaits[from].add(number);
  }

  #description(from: Party, number: number, more: boolean, part: Buffer): void {
    const awaits = this.awaits[other(from)];
    const coming = this.#coming[from];
    need(awaits.has(number) && (coming === undefined || coming === number));
    const text = Buffer.concat([this.#parts[from], part]);
    need(text.length <= 1024 * 1024);
    this.#coming[from] = more ? number : undefined;
    this.#parts[from] = more ? text : NOTHING;
    if (more) return;
    awaits.delete(number);
    need(text.length === 0 || (isUtf8(text) && isObject(text.toString())));
  }

  #exchange(from: Party, frame: Frame): boolean {
    const { type, call: id } = frame;
    if (type === FRAME.REQUEST) return this.#request(from, frame);
    if (id === EVENTS_CALL || type === FRAME.EVENT) return this.#event(from, frame);
    const call = this.calls.get(id);
    if (call === undefined) {
      need(type === FRAME.STOP || type === FRAME.CANCEL);
      // What crossed the last frame of its call. A callee has nothing to cancel.
      return type === FRAME.STOP || (id & 1) === from;
    }
    const right = call.opener === from ? this.#callers(from, call, frame) : this.#callees(from, call, frame);
    if (call.halves[0].state === 'CLOSED' && call.halves[1].state === 'CLOSED') this.calls.delete(id);
    return right;
  }

  #request(from: Party, { flags, call: id, payload }: Frame): boolean {
    const to = other(from);
    need((id & 1) === from && id >>> 1 < this.limits[to].calls && !this.calls.has(id));
    const fields = new Cursor(payload);
    const method = this.methods[from][fields.uint(2)];
    if (method === undefined) throw WRONG;
    if ((flags & FLAG.DEADLINE) !== 0) fields.uint(4);
    const nesting = (flags & FLAG.NESTED) !== 0 ? fields.uint(1) : 0;
    this.#metadata(to, flags, fields);
    const { kind } = method;
    const sends: Half = { state: 'OPEN', account: streamsInput(kind) ? this.limits[to].window : 0, lacks: 0 };
    const gets: Half = { state: 'OPEN', account: streamsOutput(kind) ? this.limits[from].window : 0, lacks: 0 };
    const halves: [Half, Half] = from === 0 ? [sends, gets] : [gets, sends];
    const refusable = method.odd || nesting > this.limits[to].nesting || this.drains[to];
    let right = true;
    if (!streamsInput(kind)) right = this.#single(to, sends, flags, fields, refusable);
    this.calls.set(id, { id, kind, opener: from, halves, headed: false, cancelled: false });
    return right;
  }

  /** The first frame of the one message of a half. */
  #single(to: Party, half: Half, flags: number, fields: Cursor, loose: boolean): boolean {
    if ((flags & FLAG.MORE) === 0) {
      half.state = 'CLOSED';
      return true;
    }
    half.state = 'FINAL';
    return this.#begin(to, half, flags, fields, loose);
  }

  /** A message that goes on in chunks. */
  #begin(to: Party, half: Half, flags: number, fields: Cursor, loose: boolean): boolean {
    const limits = this.limits[to];
    const most = (flags & FLAG.RAW) !== 0 ? limits.bytes : limits.message;
    const known = fields.left >= 8;
    const total = known ? fields.uint(4) * 2 ** 32 + fields.uint(4) : 0;
    const right = known && total <= most && total > fields.left;
    need(right || loose);
    half.lacks = total - fields.left;
    return right;
  }

  #callers(from: Party, call: ModelCall, frame: Frame): boolean {
    const half = call.halves[from];
    switch (frame.type) {
      case FRAME.CHUNK:
      case FRAME.ITEMS:
      case FRAME.ITEM:
        return this.#content(from, call, half, frame);
      case FRAME.END:
        need(half.state === 'OPEN');
        half.state = 'CLOSED';
        return true;
      case FRAME.CANCEL:
        need(frame.payload.length >= 1);
        half.state = 'CLOSED';
        call.cancelled = true;
        return true;
      default:
        throw WRONG;
    }
  }

  #callees(from: Party, call: ModelCall, frame: Frame): boolean {
    const half = call.halves[from];
    const { type, flags, payload } = frame;
    const to = other(from);
    const fields = new Cursor(payload);
    switch (type) {
      case FRAME.CHUNK:
      case FRAME.ITEMS:
      case FRAME.ITEM:
        return this.#content(from, call, half, frame);
      case FRAME.ANSWER:
        need(half.state === 'OPEN');
        this.#metadata(to, flags, fields);
        if (!streamsOutput(call.kind)) return this.#single(to, half, flags, fields, false);
        half.state = 'CLOSED';
        return true;
      case FRAME.ERROR:
        need(half.state !== 'CLOSED');
        this.#metadata(to, flags, fields);
        half.state = 'CLOSED';
        return true;
      case FRAME.HEADER:
        need(half.state === 'OPEN' && !call.headed && isMetadata(payload, this.limits[to]));
        call.headed = true;
        return true;
      case FRAME.STOP:
        need(streamsInput(call.kind));
        return true;
      default:
        throw WRONG;
    }
  }

  /** Parts of messages, which cost credit. */
  #content(from: Party, call: ModelCall, half: Half, frame: Frame): boolean {
    const to = other(from);
    // A callee drops what comes once it has ended its half; a caller what comes once it has cancelled.
    const loose = to === call.opener ? call.cancelled : call.halves[to].state === 'CLOSED';
    if (frame.type !== FRAME.CHUNK) {
      need(streams(call, from) && half.state === 'OPEN');
      if (from !== call.opener) call.headed = true;
    }
    return this.#part(to, half, frame, loose);
  }

  #part(to: Party, half: Half, { type, flags, payload }: Frame, loose: boolean): boolean {
    const more = (flags & FLAG.MORE) !== 0;
    const { length } = payload;
    if (type === FRAME.CHUNK) {
      need(half.state === 'ITEM' || half.state === 'FINAL');
      const right = length > 0 && length <= half.lacks && more === length < half.lacks && length <= half.account;
      half.lacks -= length;
      half.account -= length;
      if (!more) half.state = half.state === 'ITEM' ? 'OPEN' : 'CLOSED';
      need(right || loose);
      return right;
    }
    const fields = new Cursor(payload);
    let right = true;
    if (type === FRAME.ITEM && more) {
      half.state = 'ITEM';
      right = this.#begin(to, half, flags, fields, loose);
    }
    half.account -= fields.left + 64 * (type === FRAME.ITEMS ? Math.max(1, itemsIn(payload)) : 1);
    need(half.account >= 0 || loose);
    return right && half.account >= 0;
  }

  #event(from: Party, { type, flags, call, payload }: Frame): boolean {
    need(call === EVENTS_CALL);
    const half = this.events[from];
    if (type === FRAME.CHUNK) return this.#part(other(from), half, { type, flags, call, payload }, false);
    need(type === FRAME.EVENT && half.state === 'OPEN');
    const fields = new Cursor(payload);
    need(fields.uint(2) < this.methods[from].length);
    this.#metadata(other(from), flags, fields);
    return this.#part(other(from), half, { type: FRAME.ITEM, flags, call, payload: fields.rest() }, false);
  }

  #metadata(to: Party, flags: number, fields: Cursor): void {
    if ((flags & FLAG.METADATA) !== 0) need(isMetadata(fields.take(fields.uint(2)), this.limits[to]));
  }
}

const NOTHING = Buffer.alloc(0);

export function other(party: Party): Party {
  return party === 0 ? 1 : 0;
}

/** Whether what this party sends of the call is a stream. */
export function streams({ opener, kind }: ModelCall, party: Party): boolean {
  return opener === party ? streamsInput(kind) : streamsOutput(kind);
}

function need(kept: boolean): void {
  if (!kept) throw WRONG;
}

function bodyOf(payload: Buffer, limits: Limits): unknown {
  if (payload.length > limits.message) return REFUSED;
  return payload.length === 0 ? undefined : referenceValue(payload, limits);
}

function isMetadata(bytes: Buffer, limits: Limits): boolean {
  if (bytes.length > limits.metadata) return false;
  const said = referenceValue(bytes, { depth: 1, values: 131_072 });
  if (typeof said !== 'object' || said === null || Object.getPrototypeOf(said) !== Object.prototype) return false;
  return Object.values(said).every((value) => typeof value === 'string' || value instanceof Uint8Array);
}

function isObject(text: string): boolean {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null && !Array.isArray(said);
  } catch {
    return false;
  }
}

function itemsIn(payload: Buffer): number {
  const token = payload[0] ?? 0;
  if (token >= 0x90 && token < 0xa0) return token & 0x0f;
  if (token === 0xdc && payload.length >= 3) return payload.readUInt16BE(1);
  return token === 0xdd && payload.length >= 5 ? payload.readUInt32BE(1) : 1;
}

/** Reads fields one after the other. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint(size: number): number {
    return this.take(size).readUIntBE(0, size);
  }

  take(length: number): Buffer {
    need(length <= this.left);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  rest(): Buffer {
    return this.take(this.left);
  }
}
