/**
 * Reads msgpack as PROTOCOL.md's section 3 says, one byte after the other, and nothing besides: what the decoders that
 * are under test are held to. It shares no code with them.
 */

/** What is thrown for bytes that are not one value within the limits. */
export const REFUSED: unique symbol = Symbol('refused');

export interface Within {
  readonly depth: number;
  readonly values: number;
}

/** The value that these bytes are, or REFUSED. */
export function referenceValue(bytes: Uint8Array, within: Within): unknown {
  return attempt(() => {
    const reader = new Reader(bytes, within);
    const value = reader.value(0);
    if (reader.at !== bytes.length) throw REFUSED;
    return value;
  });
}

/** The items of an array, one at least, each of them a value for itself and `most` bytes long at most; or REFUSED. */
export function referenceItems(bytes: Uint8Array, within: Within, most: number): unknown {
  return attempt(() => {
    const reader = new Reader(bytes, within);
    const items: unknown[] = [];
    const count = reader.arrayLength(reader.u8());
    if (count === 0) throw REFUSED;
    for (let i = 0; i < count; i++) {
      const start = reader.at;
      reader.count = 0;
      items.push(reader.value(0));
      if (reader.at - start > most) throw REFUSED;
    }
    if (reader.at !== bytes.length) throw REFUSED;
    return items;
  });
}

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (thrown) {
    if (thrown === REFUSED) return REFUSED;
    throw thrown;
  }
}

/** A Date reaches no further from 1970. */
const MAX_SECONDS = 8.64e12;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Reader {
  at = 0;
  count = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #within: Within;
  #end: number;

  constructor(bytes: Uint8Array, within: Within) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#within = within;
    this.#end = bytes.length;
  }

  value(level: number): unknown {
    if (++this.count > this.#within.values) throw REFUSED;
    const token = this.u8();
    if (token < 0x80) return token;
    if (token < 0x90) return this.#map(token & 0x0f, level);
    if (token < 0xa0) return this.#list(token & 0x0f, level);
    if (token < 0xc0) return this.#text(token & 0x1f);
    if (token >= 0xe0) return token - 256;
    const view = this.#view;
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return Uint8Array.from(this.#take(this.u8()));
      case 0xc5:
        return Uint8Array.from(this.#take(this.u16()));
      case 0xc6:
        return Uint8Array.from(this.#take(this.u32()));
      case 0xca:
        return view.getFloat32(this.#skip(4));
      case 0xcb:
        return view.getFloat64(this.#skip(8));
      case 0xcc:
        return this.u8();
      case 0xcd:
        return this.u16();
      case 0xce:
        return this.u32();
      case 0xcf:
        return view.getBigUint64(this.#skip(8));
      case 0xd0:
        return view.getInt8(this.#skip(1));
      case 0xd1:
        return view.getInt16(this.#skip(2));
      case 0xd2:
        return view.getInt32(this.#skip(4));
      case 0xd3:
        return view.getBigInt64(this.#skip(8));
      case 0xd9:
        return this.#text(this.u8());
      case 0xda:
        return this.#text(this.u16());
      case 0xdb:
        return this.#text(this.u32());
      case 0xdc:
      case 0xdd:
        return this.#list(this.arrayLength(token), level);
      case 0xde:
        return this.#map(this.u16(), level);
      case 0xdf:
        return this.#map(this.u32(), level);
      case 0xc7:
        return this.#extension(this.u8(), level);
      case 0xc8:
        return this.#extension(this.u16(), level);
      case 0xc9:
        return this.#extension(this.u32(), level);
      default:
        if (token < 0xd4 || token > 0xd8) throw REFUSED;
        return this.#extension(1 << (token - 0xd4), level);
    }
  }

  arrayLength(token: number): number {
    if (token >= 0x90 && token < 0xa0) return token & 0x0f;
    if (token === 0xdc) return this.u16();
    if (token === 0xdd) return this.u32();
    throw REFUSED;
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4));
  }

  #skip(length: number): number {
    const at = this.at;
    if (length > this.#end - at) throw REFUSED;
    this.at = at + length;
    return at;
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    if (length < 48 && bytes.every((byte) => byte < 0x80)) return String.fromCharCode(...bytes);
    try {
      return UTF8.decode(bytes);
    } catch {
      throw REFUSED;
    }
  }

  #enter(level: number): number {
    if (level >= this.#within.depth) throw REFUSED;
    return level + 1;
  }

  #list(length: number, level: number): unknown[] {
    const inside = this.#enter(level);
    const list: unknown[] = [];
    for (let i = 0; i < length; i++) list.push(this.value(inside));
    return list;
  }

  #map(length: number, level: number): Record<string, unknown> {
    const inside = this.#enter(level);
    const map: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      const key = this.value(inside);
      if (typeof key !== 'string' || key === '__proto__') throw REFUSED;
      map[key] = this.value(inside);
    }
    return map;
  }

  #extension(length: number, level: number): unknown {
    const type = this.#view.getInt8(this.#skip(1));
    const start = this.at;
    const bytes = this.#take(length);
    if (type === 0 && length === 1 && bytes[0] === 0) return undefined;
    if (type === 0x42 && length >= 1 && length <= 1024) return bigint(bytes);
    if (type === -1) return this.#date(start, length);
    if (type !== 1 && type !== 2) throw REFUSED;
    const [after, outer] = [this.at, this.#end];
    this.at = start;
    this.#end = after;
    const members = this.#list(this.arrayLength(this.u8()), level);
    if (this.at !== after) throw REFUSED;
    this.#end = outer;
    if (type === 2) return new Set(members);
    if (members.length % 2 === 1) throw REFUSED;
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < members.length; i += 2) map.set(members[i], members[i + 1]);
    return map;
  }

  #date(start: number, length: number): Date {
    const view = this.#view;
    let seconds: number;
    let nanoseconds = 0;
    if (length === 4) seconds = view.getUint32(start);
    else if (length === 8) {
      const both = view.getBigUint64(start);
      seconds = Number(both & 0x3_ffff_ffffn);
      nanoseconds = Number(both >> 34n);
    } else if (length === 12) {
      nanoseconds = view.getUint32(start);
      seconds = Number(view.getBigInt64(start + 4));
    } else throw REFUSED;
    if (nanoseconds > 999_999_999 || Math.abs(seconds) > MAX_SECONDS) throw REFUSED;
    if (seconds === MAX_SECONDS && nanoseconds > 0) throw REFUSED;
    return new Date(seconds * 1000 + nanoseconds / 1e6);
  }
}

function bigint(bytes: Uint8Array): bigint {
  const unsigned = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  return BigInt.asIntN(8 * bytes.length, unsigned);
}
