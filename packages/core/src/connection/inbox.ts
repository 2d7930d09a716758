import { FRAME } from '../wire/frame.ts';
import type { Limits } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Assembly } from './assembly.ts';
import type { Call } from './call.ts';
import type { Fields } from './fields.ts';
import type { Outbox } from './outbox.ts';

/** Messages that may be coming in chunks at once. Further ones hold their first frame and wait for credit. */
const ASSEMBLIES = 4;

/** The long messages that are coming in. It hands out the credit for them, so that they hold little memory at once. */
export class Inbox {
  readonly #limits: Limits;
  readonly #outbox: Outbox;
  readonly #active = new Set<Call>();
  readonly #waiting = new Set<Call>();

  constructor(limits: Limits, outbox: Outbox) {
    this.#limits = limits;
    this.#outbox = outbox;
  }

  /** Begins a message that goes on in chunks. `fields` stands at its length. */
  begin(call: Call, fields: Fields, raw: boolean): void {
    const total = fields.length();
    const name = raw ? 'bytes' : 'message';
    if (total > this.#limits[name]) {
      throw new ProtocolError(`a message of ${total} bytes, where ${this.#limits[name]} are taken (limit "${name}")`);
    }
    const first = fields.view(fields.left);
    if (first.length >= total) throw new ProtocolError('a message that goes on although it is whole');
    call.assembly = new Assembly(total, raw, first);
    if (this.#active.size < ASSEMBLIES) this.#admit(call, call.assembly);
    else this.#waiting.add(call);
  }

  /** Takes a chunk. Returns the assembly where that was the last one, which `more` must agree with. */
  chunk(call: Call, bytes: Uint8Array, more: boolean): Assembly | undefined {
    const assembly = call.assembly as Assembly;
    if (bytes.length === 0) throw new ProtocolError('a CHUNK that is empty');
    if (bytes.length > assembly.credit) throw new ProtocolError('a CHUNK for which there was no credit');
    assembly.credit -= bytes.length;
    assembly.append(bytes);
    if (more !== assembly.missing > 0) {
      throw new ProtocolError(
        `a message that ${more ? 'goes on past' : 'ends before'} the ${assembly.total} bytes it announced`,
      );
    }
    if (!more) {
      this.drop(call);
      return assembly;
    }
    if (assembly.credit <= this.#limits.window / 2) this.#grant(call, assembly);
    return undefined;
  }

  /** Forgets the call's message, whole or not, and lets the next one go on. */
  drop(call: Call): void {
    if (call.assembly === undefined) return;
    call.assembly = undefined;
    if (this.#waiting.delete(call) || !this.#active.delete(call)) return;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#admit(next, next.assembly as Assembly);
      break;
    }
  }

  #admit(call: Call, assembly: Assembly): void {
    this.#active.add(call);
    this.#grant(call, assembly);
  }

  /** Fills the message's credit up to a window, or to what is still missing of it. */
  #grant(call: Call, assembly: Assembly): void {
    const grant = Math.min(this.#limits.window, assembly.missing) - assembly.credit;
    if (grant <= 0) return;
    assembly.credit += grant;
    const { urgent } = this.#outbox;
    urgent.begin(FRAME.CREDIT, 0, call.id, 4);
    urgent.u32(grant);
    urgent.end();
  }
}
