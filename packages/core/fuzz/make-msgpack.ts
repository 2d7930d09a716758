import type { Random } from '../sim/random.ts';
import { NOT_UTF8, PROTO, TEXTS } from './texts.ts';

/** Those that nearcall sends, those that msgpackr would act on, and others. */
const OURS = [0x00, 0x01, 0x02, 0x42, 0xff];
const FOREIGN = [0x03, 0x10, 0x40, 0x62, 0x65, 0x69, 0x70, 0x72, 0x72, 0x72, 0x73, 0x74, 0x75, 0x78, 0x7f, 0xd4, 0xfe];

type Size = 1 | 2 | 4;

/** Makes one msgpack value of chance. */
export class MsgpackMaker {
  readonly #random: Random;
  /** How likely each part lies. At 0 the value is well-formed, but for what limits say. */
  readonly #lies: number;
  #left: number;

  constructor(random: Random, lies: number, parts: number) {
    this.#random = random;
    this.#lies = lies;
    this.#left = parts;
  }

  value(): number[] {
    const random = this.#random;
    if (--this.#left <= 0) return [random.below(128)];
    switch (random.below(16)) {
      case 0:
        return [random.chance(0.5) ? random.below(128) : random.between(0xe0, 0xff)];
      case 1:
        return [this.#lie() ? 0xc1 : random.pick([0xc0, 0xc2, 0xc3])];
      case 2:
        return this.#fixed(
          random.pick([
            [0xcc, 1],
            [0xcd, 2],
            [0xce, 4],
            [0xcf, 8],
          ]),
        );
      case 3:
        return this.#fixed(
          random.pick([
            [0xd0, 1],
            [0xd1, 2],
            [0xd2, 4],
            [0xd3, 8],
          ]),
        );
      case 4:
        return this.#fixed(
          random.pick([
            [0xca, 4],
            [0xcb, 8],
          ]),
        );
      case 5:
      case 6:
        return this.text(random.chance(0.1) ? this.#bytes(random.below(40), 0x80) : random.pick(TEXTS));
      case 7:
        return this.bytes(this.#bytes(random.pick(random.chance(0.1) ? [63, 64, 65, 255, 256] : [0, 1, 2, 8])));
      case 8:
      case 9:
        return this.#list();
      case 10:
      case 11:
        return this.map();
      case 12:
        return this.#nested();
      default:
        return this.#extension();
    }
  }

  text(bytes: readonly number[]): number[] {
    const content = this.#lie() ? this.#random.pick(NOT_UTF8) : bytes;
    const { length } = content;
    return [...this.#head(length, [0xa0, 31], [0xd9, 0xda, 0xdb]), ...content];
  }

  bytes(content: readonly number[]): number[] {
    return [...this.#head(content.length, undefined, [0xc4, 0xc5, 0xc6]), ...content];
  }

  list(members: readonly (readonly number[])[]): number[] {
    return [...this.#head(members.length, [0x90, 15], [undefined, 0xdc, 0xdd]), ...members.flat()];
  }

  /** A map with these keys, each with a value; or with any. */
  map(entries?: readonly (readonly [key: string, value: readonly number[]])[]): number[] {
    if (entries !== undefined) {
      const parts = entries.flatMap(([key, value]) => [...this.text([...Buffer.from(key)]), ...value]);
      return [...this.#head(entries.length, [0x80, 15], [undefined, 0xde, 0xdf]), ...parts];
    }
    const count = this.#count();
    const parts: number[] = [];
    for (let i = 0; i < count; i++) parts.push(...this.#key(), ...this.value());
    return [...this.#head(count, [0x80, 15], [undefined, 0xde, 0xdf]), ...parts];
  }

  #key(): number[] {
    if (this.#lie()) return this.#random.chance(0.5) ? this.text(PROTO) : this.value();
    const key = this.#random.pick(TEXTS);
    const proto = key.length === PROTO.length && key.every((byte, i) => byte === PROTO[i]);
    return this.text(proto ? [0x61] : key);
  }

  #list(): number[] {
    const count = this.#count();
    // Many that are next to nothing: each costs its reader more than a byte.
    const same = this.#random.chance(0.01)
      ? this.#random.pick([[0x80], [0x90], [0xa0], [0xd4, 0x02, 0x90]])
      : undefined;
    const members: number[][] = [];
    const length = same === undefined ? count : 20 * count;
    for (let i = 0; i < length; i++) members.push(same ?? this.value());
    return this.list(members);
  }

  /** Containers inside each other, some of them of our own kinds. */
  #nested(): number[] {
    const random = this.#random;
    let inside = this.value();
    const shallow = random.chance(0.9);
    for (let left = random.pick(shallow ? [1, 2, 3, 4] : [8, 9, 63, 64, 65]); left > 0; left--) {
      if (shallow && random.chance(0.3))
        inside = this.#wrapped(random.pick([0x01, 0x02]), this.list([inside, inside].slice(random.below(2))));
      else inside = random.chance(0.5) ? [0x91, ...inside] : [0x81, 0xa1, 0x61, ...inside];
    }
    return inside;
  }

  #extension(): number[] {
    const random = this.#random;
    const type = this.#lie() ? random.pick(FOREIGN) : random.pick(OURS);
    if (this.#lie()) return this.#wrapped(type, this.#bytes(random.below(20)));
    switch (type) {
      case 0x00:
        return this.#wrapped(type, [0]);
      case 0x01:
      case 0x02: {
        const members: number[][] = [];
        const each = type === 0x01 && !this.#lie() ? 2 : 1;
        for (let left = this.#count() * each; left > 0; left--) members.push(this.value());
        return this.#wrapped(type, [...this.list(members), ...(this.#lie() ? [0xc0] : [])]);
      }
      case 0x42:
        return this.#wrapped(
          type,
          this.#bytes(random.pick(random.chance(0.05) ? [1023, 1024, this.#lie() ? 1025 : 17] : [1, 2, 8, 9, 16])),
        );
      case 0xff:
        return this.#wrapped(type, this.#timestamp());
      case 0x72:
        return this.#records();
      default:
        // References and the like, as msgpackr writes them: of a number or a list of names.
        return this.#wrapped(type, random.chance(0.5) ? [random.below(128)] : this.value());
    }
  }

  /** A record as msgpackr defines it, and more of that kind: some readers compile code for it. */
  #records(): number[] {
    const [id, field] = [0x40 + this.#random.below(32), [...this.text([0x61])]];
    const more = Array.from({ length: 6 }, () => [id, 0x05]).flat();
    return [0x97, 0xd4, 0x72, id, 0x91, ...field, 0x05, ...more];
  }

  #timestamp(): number[] {
    const random = this.#random;
    const nanoseconds = random.pick([0, 1, 999_999_999, random.below(2 ** 30), this.#lie() ? 1_000_000_000 : 5]);
    const bytes = Buffer.alloc(random.pick([4, 8, 12]));
    const seconds = random.pick([0, 1, 2 ** 32 - 1, 8.64e12, -8.64e12, random.between(-(2 ** 33), 2 ** 33)]);
    if (bytes.length === 4) bytes.writeUInt32BE(random.below(2 ** 32));
    else if (bytes.length === 8) bytes.writeBigUInt64BE((BigInt(nanoseconds) << 34n) | BigInt(random.below(2 ** 34)));
    else {
      bytes.writeUInt32BE(nanoseconds);
      bytes.writeBigInt64BE(BigInt(seconds + (this.#lie() ? 1 : 0)), 4);
    }
    return [...bytes];
  }

  #wrapped(type: number, content: readonly number[]): number[] {
    const { length } = content;
    const fixed = [1, 2, 4, 8, 16].indexOf(length);
    if (fixed >= 0 && this.#random.chance(0.8) && !this.#lie()) return [0xd4 + fixed, type, ...content];
    return [...this.#head(length, undefined, [0xc7, 0xc8, 0xc9]), type, ...content];
  }

  /** A token with a length, in any of the forms that hold it. */
  #head(
    length: number,
    short: readonly [token: number, most: number] | undefined,
    tokens: readonly [number | undefined, number, number],
  ): number[] {
    const random = this.#random;
    const said = this.#lie()
      ? random.pick([length + 1, Math.max(0, length - 1), 2 * length, 0xffff, 0xffff_ffff])
      : length;
    if (short !== undefined && said <= short[1] && random.chance(0.8)) return [short[0] | said];
    const sizes = ([1, 2, 4] as const).filter((size, i) => tokens[i] !== undefined && said < 256 ** size);
    const size = random.chance(0.8) ? (sizes[0] as Size) : random.pick(sizes);
    const bytes = Buffer.alloc(size);
    bytes.writeUIntBE(said, 0, size);
    return [tokens[size >> 1] as number, ...bytes];
  }

  #fixed([token, size]: readonly number[]): number[] {
    const some = this.#random.pick([0x00, 0xff, 0x80, 0x7f]);
    const special = this.#random.chance(0.3)
      ? [some, ...new Array(7).fill(this.#random.pick([0x00, 0xff]))]
      : undefined;
    return [token as number, ...(special ?? this.#bytes(size as number)).slice(0, size)];
  }

  #bytes(length: number, below = 256): number[] {
    return Array.from({ length }, () => this.#random.below(below));
  }

  #count(): number {
    const random = this.#random;
    return random.pick(random.chance(0.05) ? [14, 15, 16, 17] : [0, 1, 1, 2, 2, 3, 5]);
  }

  #lie(): boolean {
    return this.#lies > 0 && this.#random.chance(this.#lies);
  }
}

/** A value of chance, mostly short; well-formed but for limits in about half of the cases. */
export function makeMsgpack(random: Random): Buffer {
  const parts = random.pick([2, 4, 8, 20, 60]);
  return Buffer.from(new MsgpackMaker(random, random.pick([0, 0, 0.02, 0.1]), parts).value());
}
