import { isUtf8 } from 'node:buffer';
import { KIND, type Kind, streamsInput, streamsOutput } from '../src/contract/kind.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../src/wire/frame.ts';
import type { Limits } from '../src/wire/limits.ts';
import { Cursor, need, WRONG } from './cursor.ts';
import { DescriptionsModel } from './descriptions-model.ts';
import { type Frame, type Half, part, single } from './half-model.ts';
import { isDropped, type ModelCall, type Named, streams } from './model-call.ts';
import { other, type Party } from './party.ts';
import { bodyOf, isMetadata } from './payloads.ts';
import { REFUSED } from './reference-reader.ts';

/**
 * What PROTOCOL.md says of a frame: it is right, or it breaks the protocol; or a receiver may take it as either, such as
 * what is wrong within a message that it drops anyway.
 */
export type Verdict = 'right' | 'wrong' | 'either';

/** What is on its way between two ends that read each frame at once: their calls, by accounts of its own. */
export class Model {
  /** What each party takes. */
  readonly limits: readonly [Limits, Limits];
  readonly methods: readonly [Named[], Named[]] = [[], []];
  readonly calls = new Map<number, ModelCall>();
  readonly events: readonly [Half, Half];
  readonly descriptions = new DescriptionsModel();
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
    for (const call of this.calls.values()) {
      const { state, account } = call.halves[from];
      if (state === 'FINAL' && account > 0 && !isDropped(call, other(from))) active++;
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
        this.descriptions.ask(from, payload.readUInt16BE(), this.methods[other(from)].length);
        return true;
      case FRAME.DESCRIPTION:
        need(payload.length >= 2);
        this.descriptions.come(from, payload.readUInt16BE(), (flags & FLAG.MORE) !== 0, payload.subarray(2));
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
    if (!streamsInput(kind)) right = single(this.limits[to], sends, flags, fields, refusable);
    this.calls.set(id, { id, kind, opener: from, halves, headed: false, cancelled: false });
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
        if (!streamsOutput(call.kind)) return single(this.limits[to], half, flags, fields, false);
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
    const loose = isDropped(call, to);
    if (frame.type !== FRAME.CHUNK) {
      need(streams(call, from) && half.state === 'OPEN');
      if (from !== call.opener) call.headed = true;
    }
    return part(this.limits[to], half, frame, loose);
  }

  #event(from: Party, { type, flags, call, payload }: Frame): boolean {
    need(call === EVENTS_CALL);
    const half = this.events[from];
    if (type === FRAME.CHUNK) return part(this.limits[other(from)], half, { type, flags, call, payload }, false);
    need(type === FRAME.EVENT && half.state === 'OPEN');
    const fields = new Cursor(payload);
    need(fields.uint(2) < this.methods[from].length);
    this.#metadata(other(from), flags, fields);
    return part(this.limits[other(from)], half, { type: FRAME.ITEM, flags, call, payload: fields.rest() }, false);
  }

  #metadata(to: Party, flags: number, fields: Cursor): void {
    if ((flags & FLAG.METADATA) !== 0) need(isMetadata(fields.take(fields.uint(2)), this.limits[to]));
  }
}
