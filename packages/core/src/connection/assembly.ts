import { type BodyLimits, decodeBody } from '../wire/body.ts';
import type { Form } from '../wire/form.ts';
import type { Limits } from '../wire/limits.ts';
import { NOT_PLAIN } from '../wire/plain-reader.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { Fields } from './fields.ts';
import type { Message } from './message.ts';
import { messageMemory } from './message-memory.ts';

const NONE = Buffer.alloc(0);
const nothing = (): void => {};

/**
 * The sizes that a message grows by which is let on: at first it doubles. Of what is allocated only the pages are taken
 * that are written to, so the last step may be long: to copy 256 MB would stop everything for a second.
 */
const FIRST = 1024 * 1024;
const SECOND = 16 * FIRST;

/** A message that comes in chunks. Its memory grows with what has come, not with what was announced. */
export class Assembly implements Message {
  /** The length of the whole message, in bytes. */
  readonly total: number;
  readonly raw: boolean;
  /** What its sender may still send, where the message has an account of its own. */
  credit = 0;
  /** Whether it is the input of a call of the other end's. */
  request = false;
  /** Whether it is one of the few that are let on at a time. */
  active: boolean;
  /** Called when it is its turn to get credit. */
  admitted: () => void = nothing;
  #buffer: Buffer;
  #have: number;

  /** `first` is what the opening frame held. `active`: the message is let on at once, and its memory made for that. */
  constructor(total: number, raw: boolean, first: Uint8Array, active = false) {
    this.total = total;
    this.raw = raw;
    this.active = active;
    this.#buffer = messageMemory(active ? Math.min(total, this.#nextSize(first.length)) : first.length);
    this.#buffer.set(first);
    this.#have = first.length;
  }

  /**
   * Begins a message that goes on in chunks. `fields` stands at its length. `active`: it is let on at once.
   *
   * @throws ProtocolError where it announces more than is taken, or is whole already.
   */
  static begin(fields: Fields, raw: boolean, limits: Limits, active = false): Assembly {
    const total = fields.length();
    const name = raw ? 'bytes' : 'message';
    if (total > limits[name]) {
      throw new ProtocolError(`a message of ${total} bytes, where ${limits[name]} are taken (limit "${name}")`);
    }
    const first = fields.view(fields.left);
    if (first.length >= total) throw new ProtocolError('a message that goes on although it is whole');
    return new Assembly(total, raw, first, active);
  }

  /** The bytes that have come. */
  get have(): number {
    return this.#have;
  }

  /** The bytes still to come. */
  get missing(): number {
    return this.total - this.#have;
  }

  /**
   * Takes a chunk. Returns whether it was the last one, which `more` must agree with.
   *
   * @throws ProtocolError for one that is empty, or not as long as what was announced.
   */
  append(bytes: Uint8Array, more: boolean): boolean {
    const need = this.#have + bytes.length;
    if (bytes.length === 0) throw new ProtocolError('a CHUNK that is empty');
    if (need > this.total || more !== need < this.total) {
      const how = more || need > this.total ? 'goes on past' : 'ends before';
      throw new ProtocolError(`a message that ${how} the ${this.total} bytes it announced`);
    }
    if (need > this.#buffer.length) {
      const grown = messageMemory(Math.min(this.total, this.#nextSize(need)));
      grown.set(this.#buffer.subarray(0, this.#have));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#have);
    this.#have = need;
    return !more;
  }

  /**
   * It is none of the few any more. V8's sets lead from each table that they had to the next: where old space holds one,
   * what was ever in the set stays until the whole heap is collected. So nothing may be behind what was there.
   */
  left(): void {
    this.active = false;
    this.admitted = nothing;
  }

  #nextSize(need: number): number {
    if (!this.active) return Math.max(2 * this.#buffer.length, need);
    return need <= FIRST ? FIRST : need <= SECOND ? SECOND : this.total;
  }

  /** A call with 1,200 small objects both ways takes 0.9 of the CPU so, and by the longer memory of `body.ts`. */
  formed(form: Form, limits: BodyLimits): unknown {
    const value = form.read(this.#buffer, 0, this.total, limits);
    if (value !== NOT_PLAIN) this.#buffer = NONE;
    return value;
  }

  /** What the message holds, once nothing is missing. Bytes are not copied: nobody else has their memory. Once. */
  value(raw: boolean, limits: BodyLimits): unknown {
    const whole = this.#buffer;
    this.#buffer = NONE;
    return raw ? new Uint8Array(whole.buffer, 0, this.total) : decodeBody(whole, 0, this.total, false, limits);
  }
}
