import type { Random } from '../sim/random.ts';
import { KIND, streamsInput } from '../src/contract/kind.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../src/wire/frame.ts';
import type { Frame, Half } from './half-model.ts';
import { FINGERPRINT } from './honest.ts';
import { makeBody } from './make-body.ts';
import { MsgpackMaker } from './make-msgpack.ts';
import type { Model } from './model.ts';
import { type ModelCall, streams } from './model-call.ts';
import { mutate, randomBytes } from './mutate.ts';
import { other, type Party } from './party.ts';
import { DESCRIPTIONS, PAYLOADS } from './vectors.ts';

/**
 * Makes the frames of a stranger that knows the protocol. It mostly does what it may, so that it gets far, and then
 * something that it may not.
 */
export class FrameMaker {
  readonly #random: Random;
  readonly #model: Model;
  readonly #me: Party;
  /** How likely a frame is none that may come. */
  readonly #wild: number;
  /** Whether it begins one long message after the other, and sends little of them. */
  readonly #hoards: boolean;

  constructor(random: Random, model: Model, me: Party, wild: number) {
    this.#random = random;
    this.#model = model;
    this.#me = me;
    this.#wild = wild;
    this.#hoards = random.chance(0.15);
  }

  frame(): Frame {
    const random = this.#random;
    const frame = this.#obeying();
    if (!random.chance(this.#wild)) return frame;
    switch (random.below(6)) {
      case 0:
        return { ...frame, type: random.chance(0.8) ? random.below(0x1c) : random.below(256) };
      case 1:
        return { ...frame, flags: frame.flags ^ (1 << random.below(8)) };
      case 2:
        return {
          ...frame,
          call: random.pick([0, 1, 2, 3, 4, 5, EVENTS_CALL, (frame.call ^ 1) >>> 0, random.below(2 ** 32)]),
        };
      case 3:
        return { ...frame, payload: mutate(random, frame.payload, PAYLOADS) };
      case 4:
        return { ...frame, payload: frame.payload.subarray(0, random.below(frame.payload.length + 1)) };
      default:
        return {
          type: random.below(0x1c),
          flags: random.below(32),
          call: random.below(8),
          payload: random.pick(PAYLOADS),
        };
    }
  }

  #obeying(): Frame {
    const random = this.#random;
    const { methods, calls } = this.#model;
    const named = methods[this.#me].length;
    if (named === 0 || (named < 8 && random.chance(0.15))) return this.#method();
    if (random.chance(this.#hoards ? 0.8 : 0.3)) return this.#request();
    const call = random.pick([...calls.values(), undefined]);
    if (call !== undefined) return this.#ofCall(call);
    return this.#ofConnection();
  }

  #method(): Frame {
    const random = this.#random;
    const kind = random.below(5);
    const odd = random.chance(0.2) ? random.pick(['m0', 'toString', '__proto__', 'unknown']) : undefined;
    const name = Buffer.from(odd ?? `m${kind}`);
    const head = Buffer.of(0, this.#model.methods[this.#me].length, kind, 1, 0x73, name.length);
    const fingerprint = random.pick([
      Buffer.alloc(0),
      Buffer.from(FINGERPRINT),
      random.chance(0.3) ? Buffer.alloc(8) : Buffer.alloc(0),
    ]);
    return frame(FRAME.METHOD, 0, 0, head, name, fingerprint);
  }

  #request(): Frame {
    const random = this.#random;
    const methods = this.#model.methods[this.#me];
    const number = random.below(methods.length);
    const { kind } = methods[number] as { kind: 0 | 1 | 2 | 3 | 4 };
    if (kind === KIND.event && random.chance(0.9)) return this.#event(number);
    const free = [0, 1, 2, 3, 4, 5, 6].map((slot) => 2 * slot + this.#me).filter((id) => !this.#model.calls.has(id));
    const id = random.pick(free.length === 0 ? [this.#me] : free);
    const [flags, fields] = this.#fields();
    if (random.chance(0.3))
      return frame(FRAME.REQUEST, flags | FLAG.DEADLINE, id, u16(number), u32(random.below(1000)), fields);
    if (streamsInput(kind)) return frame(FRAME.REQUEST, flags, id, u16(number), fields);
    return this.#message(FRAME.REQUEST, flags, id, Buffer.concat([u16(number), fields]));
  }

  /** Metadata, sometimes. */
  #fields(): [flags: number, bytes: Buffer] {
    if (this.#random.chance(0.85)) return [0, Buffer.alloc(0)];
    const maker = new MsgpackMaker(this.#random, 0, 1);
    const metadata = Buffer.from(maker.map([['a', maker.text([0x62])]]));
    return [FLAG.METADATA, Buffer.concat([u16(metadata.length), metadata])];
  }

  /** A message in one frame, or the first of several. */
  #message(type: number, flags: number, id: number, fields: Buffer): Frame {
    const random = this.#random;
    if (random.chance(this.#hoards ? 0.1 : 0.7)) {
      const raw = random.chance(0.2) ? FLAG.RAW : 0;
      return frame(type, flags | raw, id, fields, raw === 0 ? makeBody(random) : randomBytes(random, random.below(20)));
    }
    const first = random.pick([0, 1, 100, 500]);
    const total = this.#total(first, [1, 10, 600, 3000, 20_000]);
    const raw = random.chance(0.5) ? FLAG.RAW : 0;
    return frame(type, flags | FLAG.MORE | raw, id, fields, u32(0), u32(total), Buffer.alloc(first, 0xc0));
  }

  #event(number: number): Frame {
    const half = this.#model.events[this.#me];
    if (half.state === 'ITEM') return this.#chunk(EVENTS_CALL, half);
    const [flags, fields] = this.#fields();
    return this.#message(FRAME.EVENT, flags, EVENTS_CALL, Buffer.concat([u16(number), fields]));
  }

  #ofCall(call: ModelCall): Frame {
    const random = this.#random;
    const { id, opener } = call;
    const me = this.#me;
    const half = call.halves[me];
    const own = opener === me;
    const others = call.halves[other(me)];
    if (random.chance(0.2) && others.state !== 'CLOSED') return this.#credit(id);
    if (own && random.chance(0.1)) return frame(FRAME.CANCEL, 0, id, Buffer.of(random.pick([1, 4])));
    if (!own && streams(call, other(me)) && random.chance(0.1)) return frame(FRAME.STOP, 0, id);
    if (half.state === 'CLOSED') return this.#ofConnection();
    if (!own && random.chance(0.1)) return this.#error(id);
    if (half.state !== 'OPEN') return half.account > 0 || this.#errs() ? this.#chunk(id, half) : this.#ofConnection();
    if (!own && (!call.headed || this.#errs()) && random.chance(0.2))
      return frame(FRAME.HEADER, 0, id, Buffer.of(0x81, 0xa1, 0x61, 0xa1, 0x62));
    if (streams(call, me) && random.chance(0.75)) return this.#items(id, half);
    if (own) return frame(FRAME.END, 0, id);
    const [flags, fields] = this.#fields();
    return streams(call, me) ? frame(FRAME.ANSWER, flags, id, fields) : this.#message(FRAME.ANSWER, flags, id, fields);
  }

  #error(id: number): Frame {
    const maker = new MsgpackMaker(this.#random, 0, 1);
    const entries: [string, number[]][] = [
      ['code', [this.#random.below(18)]],
      ['message', maker.text([0x6e, 0x6f])],
      ['ran', [0xc2]],
    ];
    const [flags, fields] = this.#fields();
    return frame(FRAME.ERROR, flags, id, fields, Buffer.from(maker.map(entries)));
  }

  #items(id: number, half: Half): Frame {
    const random = this.#random;
    if (half.account < 200 && !this.#errs()) return this.#ofConnection();
    if (random.chance(0.3)) {
      const first = random.pick([0, 1, 100]);
      const total = this.#total(first, [1, 100, 1000, 5000]);
      return frame(FRAME.ITEM, FLAG.MORE | FLAG.RAW, id, u32(0), u32(total), Buffer.alloc(first));
    }
    if (random.chance(0.3))
      return frame(
        FRAME.ITEM,
        FLAG.RAW,
        id,
        Buffer.alloc(random.below(Math.min(1000, Math.max(1, half.account - 64)))),
      );
    const maker = new MsgpackMaker(random, 0.02, 6);
    return frame(FRAME.ITEMS, 0, id, Buffer.from(maker.list([maker.value(), maker.value()].slice(random.below(2)))));
  }

  #chunk(id: number, half: Half): Frame {
    const random = this.#random;
    const chunk = this.#model.limits[other(this.#me)].chunk;
    const most = Math.min(half.lacks, this.#errs() ? chunk : half.account, chunk);
    const size = this.#errs() ? 0 : Math.max(0, random.chance(0.6) ? most : random.between(1, Math.max(1, most)));
    return frame(FRAME.CHUNK, size < half.lacks ? FLAG.MORE : 0, id, Buffer.alloc(size, 0xc0));
  }

  /** The length of a message that goes on. */
  #total(first: number, more: readonly number[]): number {
    return this.#errs() ? this.#random.pick([0, first, 2 ** 31]) : first + this.#random.pick(more);
  }

  /** Whether it does now what it may not. */
  #errs(): boolean {
    return this.#random.chance(2 * this.#wild);
  }

  #credit(id: number): Frame {
    const random = this.#random;
    return frame(FRAME.CREDIT, 0, id, u32(random.pick([0, 1, 100, 1000, 10_000, 0xffff_ffff])));
  }

  #ofConnection(): Frame {
    const random = this.#random;
    const { descriptions, events } = this.#model;
    switch (random.below(9)) {
      case 0:
        return frame(random.pick([FRAME.PING, FRAME.PONG]), 0, 0, Buffer.alloc(8));
      case 1:
        return frame(0x40 + random.below(64), FLAG.IGNORABLE, 0, Buffer.of(1));
      case 2: {
        const named = this.#model.methods[other(this.#me)].length;
        return named === 0 ? this.#credit(EVENTS_CALL) : frame(FRAME.DESCRIBE, 0, 0, u16(random.below(named)));
      }
      case 3: {
        const [number] = descriptions.awaits[other(this.#me)];
        if (number === undefined) return this.#credit(EVENTS_CALL);
        const text = random.chance(0.2) ? '' : random.pick(DESCRIPTIONS);
        return frame(FRAME.DESCRIPTION, random.chance(0.2) ? FLAG.MORE : 0, 0, u16(number), Buffer.from(text));
      }
      case 4:
        if (random.chance(0.9)) return this.#credit(EVENTS_CALL);
        return frame(FRAME.GOAWAY, random.chance(0.2) ? FLAG.MORE : 0, 0, Buffer.of(0x80));
      case 5:
        return this.#credit(random.below(10));
      case 6:
        return frame(random.pick([FRAME.CANCEL, FRAME.STOP]), 0, 2 * random.below(8) + this.#me, Buffer.of(1));
      default:
        if (events[this.#me].state === 'ITEM' && events[this.#me].account > 0)
          return this.#chunk(EVENTS_CALL, events[this.#me]);
        return this.#request();
    }
  }
}

function frame(type: number, flags: number, call: number, ...payload: readonly Buffer[]): Frame {
  return { type, flags, call, payload: Buffer.concat(payload) };
}

function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
