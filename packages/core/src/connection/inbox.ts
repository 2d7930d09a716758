import { FRAME } from '../wire/frame.ts';
import type { OwnLimits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Assembly } from './assembly.ts';
import type { Call } from './call.ts';
import type { Fields } from './fields.ts';
import type { Outbox } from './outbox.ts';

/** What one CREDIT can say. */
const MOST_CREDIT = 2 ** 32 - 1;

/**
 * The long messages that are coming in. It says when each gets its credit, so that they hold little memory at once: those
 * beyond the limit `reassembly` hold their first frame and wait. One that is let on gets credit for all of it: its length is
 * one that is taken, and what has come of it is held until it is whole, whoever reads. (By a window at a time, 1 MiB
 * there and back took a tenth to a fifth more CPU.)
 *
 * Requests also wait while much of what earlier ones led to is unread. Nothing else ties what comes to what goes: of a
 * thousand calls with 270 KB there and 310 KB back, 70 to 85 MB of answers were held, and with longer frames 130, where
 * answers fail.
 */
export class Inbox {
  readonly #limits: OwnLimits;
  readonly #outbox: Outbox;
  /** How many are let on. */
  #active = 0;
  /** Made for the first one: an empty set holds 152 bytes. */
  #waiting: Set<Assembly> | undefined = undefined;
  /** Whether so much of this end's answers is unread that requests wait. */
  #behind = false;
  #ended = false;

  constructor(limits: OwnLimits, outbox: Outbox) {
    this.#limits = limits;
    this.#outbox = outbox;
  }

  /**
   * Begins the one message of a half, which has an account of its own. `fields` stands at its length. `request`: it is
   * one of the other end's. `waits`: it is let on only when it is asked to `enter`.
   */
  begin(call: Call, fields: Fields, raw: boolean, request = false, waits = false): void {
    const assembly = Assembly.begin(fields, raw, this.#limits, !waits && this.#takes(request));
    assembly.request = request;
    call.assembly = assembly;
    // Assigned as it stands it would be made in old space, by V8's own rule, and there hold the message until the whole
    // heap is collected: in a small heap 1 MiB takes 880 µs of CPU, where it took 1,100 to 1,700.
    const grant = (): void => this.#grant(call, assembly);
    assembly.admitted = grant;
    if (!waits) this.enter(assembly);
  }

  /** Takes a chunk of the one message of a half. Returns the assembly where that was the last one. */
  chunk(call: Call, bytes: Uint8Array, more: boolean): Assembly | undefined {
    const assembly = call.assembly as Assembly;
    if (bytes.length > assembly.credit) {
      throw new ProtocolError('a CHUNK for which there was no credit');
    }
    assembly.credit -= bytes.length;
    if (assembly.append(bytes, more)) {
      this.drop(call);
      return assembly;
    }
    if (assembly.credit === 0) this.#grant(call, assembly);
    return undefined;
  }

  /** Forgets the call's message, whole or not, and lets the next one go on. */
  drop(call: Call): void {
    const { assembly } = call;
    if (assembly === undefined) return;
    call.assembly = undefined;
    this.leave(assembly);
  }

  /** Nothing more will come: what waits to be let on would wait for ever. */
  end(): void {
    this.#ended = true;
    this.#waiting?.clear();
  }

  /** Lets the message go on when few others do. */
  enter(assembly: Assembly): void {
    if (this.#ended) return;
    if (this.#takes(assembly.request)) return this.#admit(assembly);
    this.#waiting ??= new Set();
    this.#waiting.add(assembly);
  }

  /** The message is whole, or nobody wants it any more: the next one goes on. */
  leave(assembly: Assembly): void {
    if (this.#waiting?.delete(assembly) === true || !assembly.active) return;
    assembly.left();
    this.#active--;
    this.#goOn();
  }

  /** Whether requests are to wait. */
  set behind(behind: boolean) {
    if (behind === this.#behind) return;
    this.#behind = behind;
    if (!behind) this.#goOn();
  }

  #takes(request: boolean): boolean {
    return this.#hasRoom && !(request && this.#behind);
  }

  get #hasRoom(): boolean {
    return this.#active < this.#limits.reassembly;
  }

  /** Lets on whom there is room for, in the order in which they came. */
  #goOn(): void {
    for (const next of this.#waiting ?? []) {
      if (!this.#hasRoom) return;
      if (next.request && this.#behind) continue;
      this.#waiting?.delete(next);
      this.#admit(next);
    }
  }

  #admit(assembly: Assembly): void {
    this.#active++;
    assembly.active = true;
    assembly.admitted();
  }

  /** Gives credit for what is missing of a message that has none. */
  #grant(call: Call, assembly: Assembly): void {
    assembly.credit = Math.min(MOST_CREDIT, assembly.missing);
    writeCredit(this.#outbox, call.id, assembly.credit);
  }
}

/** Lets the other end send so many bytes more along a half. */
export function writeCredit(outbox: Outbox, call: number, credit: number): void {
  const { urgent } = outbox;
  urgent.begin(FRAME.CREDIT, 0, call, 4);
  urgent.u32(credit);
  urgent.end();
  outbox.wake();
}
