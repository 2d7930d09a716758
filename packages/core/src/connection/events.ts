import { EVENTS_CALL, FLAG, FRAME, frameName } from '../wire/frame.ts';
import type { Limits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Fields } from './fields.ts';
import { HALF, type Half, next, STEP } from './half.ts';
import type { Outbox } from './outbox.ts';

/** What an event costs besides the bytes of its body. */
const EVENT_COST = 64;

/**
 * The events of the other end. Nobody handles one here, so each is dropped as it comes and its credit goes back at
 * once: the sender is never held up, and can hold nothing up.
 */
export class Events {
  readonly #local: Limits;
  readonly #outbox: Outbox;
  #half: Half = HALF.OPEN;
  #credit: number;
  #missing = 0;

  constructor(local: Limits, outbox: Outbox) {
    this.#local = local;
    this.#outbox = outbox;
    this.#credit = local.events;
  }

  /** Takes an EVENT, or a CHUNK of one. `named` is how many methods have a number. */
  receive(type: number, flags: number, fields: Fields, named: number): void {
    const more = (flags & FLAG.MORE) !== 0;
    if (type === FRAME.EVENT) {
      this.#step(type, more ? STEP['PART+'] : STEP.PART);
      if (fields.u16() >= named) throw new ProtocolError('an EVENT for a method number that has no name');
      fields.skipMetadata(flags, this.#local);
      if (more) this.#begin(fields.length(), (flags & FLAG.RAW) !== 0);
      this.#spend(EVENT_COST + fields.left);
    } else if (type === FRAME.CHUNK) {
      this.#step(type, more ? STEP['CHUNK+'] : STEP.CHUNK);
      this.#spend(fields.left);
    } else throw new ProtocolError(`${frameName(type)} for the events, which are none`);
    if (more || type === FRAME.CHUNK) this.#measure(fields.left, more);
  }

  #begin(total: number, raw: boolean): void {
    const name = raw ? 'bytes' : 'message';
    if (total > this.#local[name]) {
      throw new ProtocolError(`an event of ${total} bytes, where ${this.#local[name]} are taken (limit "${name}")`);
    }
    this.#missing = total;
  }

  #measure(came: number, more: boolean): void {
    this.#missing -= came;
    if (this.#missing < 0 || more !== this.#missing > 0)
      throw new ProtocolError('an event of another length than it announced');
  }

  #spend(cost: number): void {
    if (cost > this.#credit) throw new ProtocolError('an EVENT for which there was no credit (limit "events")');
    this.#credit -= cost;
    // Credit goes back by halves of the window: a frame an event would double the traffic.
    if (this.#credit > this.#local.events / 2) return;
    const { urgent } = this.#outbox;
    urgent.begin(FRAME.CREDIT, 0, EVENTS_CALL, 4);
    urgent.u32(this.#local.events - this.#credit);
    urgent.end();
    this.#credit = this.#local.events;
  }

  #step(type: number, step: (typeof STEP)[keyof typeof STEP]): void {
    const half = next(this.#half, step);
    if (half === undefined) throw new ProtocolError(`${frameName(type)} out of turn among the events`);
    this.#half = half;
  }
}
