import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBody } from './body.ts';
import { inspect, Malformed } from './inspect.ts';
import { DEFAULT_LIMITS } from './limits.ts';

type Bytes = readonly (number | string)[];

/** Numbers as bytes, and strings as their Latin-1. */
function bytesOf(parts: Bytes): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part, 'latin1'))));
}

function passes(parts: Bytes | Uint8Array, within = { depth: 64, values: 1_000_000 }): void {
  const bytes = parts instanceof Uint8Array ? parts : bytesOf(parts);
  inspect(bytes, 0, bytes.length, within);
}

/** The message of the refusal. */
function refused(parts: Bytes | Uint8Array, within?: { depth: number; values: number }): string {
  try {
    passes(parts, within);
  } catch (error) {
    expect(error).toBeInstanceOf(Malformed);
    return (error as Malformed).message;
  }
  throw new Error(`${bytesOf([...parts]).toString('hex')} passed.`);
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** Every way in which an extension of this type can be written around the payload. */
function extensions(type: number, payload: Bytes): Bytes[] {
  const { length } = bytesOf(payload);
  const fixed = { 1: 0xd4, 2: 0xd5, 4: 0xd6, 8: 0xd7, 16: 0xd8 }[length];
  return [
    ...(fixed === undefined ? [] : [[fixed, type, ...payload]]),
    [0xc7, length, type, ...payload],
    [0xc8, length >> 8, length & 0xff, type, ...payload],
    [0xc9, ...u32(length), type, ...payload],
  ];
}

/** Every way in which a text can be written. */
function texts(text: string): Bytes[] {
  const { length } = text;
  return [
    ...(length < 32 ? [[0xa0 | length, text]] : []),
    ...(length < 256 ? [[0xd9, length, text]] : []),
    [0xda, length >> 8, length & 0xff, text],
    [0xdb, ...u32(length), text],
  ];
}

/** Any character but the halves of pairs. fast-check's own string takes most of a second to be made. */
const anyCharacter = fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

const VALID: readonly Bytes[] = [
  [0x00],
  [0x7f],
  [0xe0],
  [0xff],
  [0xc0],
  [0xc2],
  [0xc3],
  [0xcc, 200],
  [0xcd, 1, 2],
  [0xce, 1, 2, 3, 4],
  [0xcf, 1, 2, 3, 4, 5, 6, 7, 8],
  [0xd0, 200],
  [0xd1, 200, 1],
  [0xd2, 200, 1, 2, 3],
  [0xd3, 200, 1, 2, 3, 4, 5, 6, 7],
  [0xca, 1, 2, 3, 4],
  [0xcb, 1, 2, 3, 4, 5, 6, 7, 8],
  ...texts('hello'),
  ...texts('caf\xc3\xa9'),
  ...texts('x'.repeat(70)),
  [0xc4, 3, 'abc'],
  [0xc5, 0, 3, 'abc'],
  [0xc6, 0, 0, 0, 3, 'abc'],
  [0x93, 1, 0xa1, 'x', 0xc0],
  [0xdc, 0, 2, 1, 2],
  [0xdd, 0, 0, 0, 2, 1, 2],
  [0x82, 0xa1, 'a', 1, 0xa1, 'b', 0x91, 5],
  [0xde, 0, 1, 0xa1, 'a', 0x80],
  [0xdf, 0, 0, 0, 1, 0xd9, 1, 'a', 0x90],
  ...extensions(0x00, [0x00]),
  ...extensions(0x01, [0x90]),
  ...extensions(0x01, [0x92, 0xa1, 'k', 0x82, 0xa1, 'a', 1, 0xa1, 'b', 2]),
  ...extensions(0x02, [0x93, 1, 2, 3]),
  ...extensions(0x02, [0xdc, 0, 1, 0x90]),
  ...extensions(0x42, [0x80]),
  ...extensions(0x42, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
  ...extensions(0xff, [1, 2, 3, 4]),
  ...extensions(0xff, [0, 0, 0, 0, 1, 2, 3, 4]),
  ...extensions(0xff, [0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]),
  [0x92, 0xd6, 0x01, 0x92, 1, 0x91, 5, 0xd4, 0x02, 0x90],
];

describe('well-formed bytes pass', () => {
  test('whatever they hold, also in the middle of others', () => {
    for (const parts of VALID) {
      const bytes = bytesOf(parts);
      passes(bytes);
      inspect(Buffer.concat([Buffer.of(0xc1), bytes, Buffer.of(0xc1)]), 1, 1 + bytes.length, DEFAULT_LIMITS);
      passes([0x91, ...bytes]);
      passes([0x81, 0xa1, 'k', ...bytes]);
    }
  });

  test('with text of any characters, short and long, as a value and as a key', () => {
    fc.assert(
      fc.property(fc.array(anyCharacter, { maxLength: 100, size: 'max' }), (characters) => {
        const text = characters.join('');
        for (const parts of texts(Buffer.from(text, 'utf8').toString('latin1'))) {
          passes(parts);
          passes([0x81, ...parts, 1]);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('bytes that are not one whole value are refused', () => {
  test('cut off at any byte', () => {
    for (const parts of VALID) {
      const bytes = bytesOf(parts);
      for (let length = 0; length < bytes.length; length++) {
        refused(bytes.subarray(0, length));
        // The bytes are there, but they are no longer the value's.
        expect(() => inspect(bytes, 0, length, DEFAULT_LIMITS)).toThrow(Malformed);
      }
    }
  });

  test('with more behind it', () => {
    for (const parts of VALID) expect(refused([...bytesOf(parts), 0xc0])).toContain('1 bytes more than its value');
    expect(refused([1, 2, 3])).toBe('2 bytes more than its value at byte 1');
  });

  test('of no bytes', () => {
    expect(refused([])).toBe('a value that is cut off at byte 0');
  });

  test('with a length that runs past the end', () => {
    for (const parts of [
      [0xa2, 'x'],
      [0xd9, 2, 'x'],
      [0xda, 0, 2, 'x'],
      [0xdb, 0, 0, 0, 2, 'x'],
      [0xdb, 0xff, 0xff, 0xff, 0xff, 'x'],
      [0xc4, 2, 'x'],
      [0xc5, 0xff, 0xff, 'x'],
      [0xc6, 0xff, 0xff, 0xff, 0xff, 'x'],
      [0xc6, 0x80, 0, 0, 0, 'x'],
      [0x92, 1],
      [0xdc, 0xff, 0xff, 1],
      [0xdd, 0xff, 0xff, 0xff, 0xff, 1],
      [0xdd, 0x80, 0, 0, 0, 1],
      [0x82, 0xa1, 'a', 1],
      [0xde, 0xff, 0xff, 0xa1, 'a', 1],
      [0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 'a', 1],
      [0xdf, 0x80, 0, 0, 0, 0xa1, 'a', 1],
      [0xc7, 5, 0x42, 1],
      [0xc8, 0xff, 0xff, 0x42, 1],
      [0xc9, 0xff, 0xff, 0xff, 0xff, 0x42, 1],
      [0xd8, 0x42, 1, 2, 3],
      [0x81, 0xa5, 'abc'],
      [0x81, 0xdb, 0xff, 0xff, 0xff, 0xff, 'a', 1],
    ]) {
      refused(parts);
      refused([0x91, ...parts]);
    }
  });

  test('with a length that runs past the end of the Map or Set around it, into what follows', () => {
    for (const inner of [
      [0x92, 1],
      [0x91, 0xa3, 'x'],
      [0x91, 0xc4, 9],
      [0x92, 0xdc, 0, 1],
      [0x91, 0xc7, 4, 0x42],
      [0x91, 0x81, 0xa1],
    ] as Bytes[]) {
      for (const parts of extensions(0x02, inner)) refused([0x9f, ...parts, ...new Array<number>(14).fill(0xa0)]);
    }
  });

  test('with a Map or Set that has bytes left over, also where they could pass for what comes next', () => {
    for (const inner of [
      [0x91, 1, 2],
      [0x90, 0xc0],
      [0x92, 1, 2, 3],
    ] as Bytes[]) {
      for (const type of [0x01, 0x02]) for (const parts of extensions(type, inner)) refused([0x92, ...parts]);
    }
  });

  test('with the byte that msgpack does not use', () => {
    expect(refused([0xc1])).toBe('the byte 0xc1, which msgpack does not use, at byte 1');
    refused([0x92, 1, 0xc1]);
    refused([0x81, 0xa1, 'k', 0xc1]);
    refused([0x81, 0xc1, 1]);
  });
});

describe('extensions that nearcall does not send are refused', () => {
  const OURS = new Set([0x00, 0x01, 0x02, 0x42, 0xff]);

  test('of every type that is not ours, in every form and size', () => {
    for (let type = 0; type < 256; type++) {
      if (OURS.has(type)) continue;
      for (const payload of [
        [0],
        [0, 0],
        [0x91, 0xa1, 'a', 1],
        [1, 2, 3, 4, 5, 6, 7, 8],
        new Array<number>(16).fill(0x90),
        [],
      ]) {
        for (const parts of extensions(type, payload as Bytes)) {
          expect(refused(parts)).toContain(`an extension of type ${type}, which nearcall does not use,`);
          refused([0x92, 1, ...parts]);
        }
      }
    }
  });

  test('where msgpackr would compile code, follow references, or build what is no value', () => {
    for (const parts of [
      // Record definitions, of one and of two bytes, with their values behind them.
      [0xd4, 0x72, 0x40, 0x91, 0xa1, 'a', 1],
      [0xd5, 0x72, 0x40, 0x01, 0x91, 0xa1, 'a', 1],
      [0xc7, 1, 0x72, 0x40, 0x91, 0xa1, 'a', 1],
      // An id with an array behind it that refers to itself.
      [0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1],
      [0xd6, 0x70, 0, 0, 0, 1],
      // An Error, a Set, a RegExp, bundled strings and a typed array, as msgpackr has them.
      [0xd4, 0x65, 0, 0x93, 0xa1, 'E', 0xa1, 'm', 0xc0],
      [0xd4, 0x73, 0, 0x91, 1],
      [0xd4, 0x78, 0, 0x92, 0xa1, 'x', 0xa0],
      [0xd6, 0x62, 0, 0, 0, 4, 0xc1, 4],
      [0xc7, 5, 0x74, 7, 0, 0, 0x80, 0x3f],
      [0xd4, 0x7f, 0],
    ]) {
      expect(refused(parts)).toContain('which nearcall does not use,');
    }
  });

  test('of our types, where they are of another size or content than we send', () => {
    for (const [type, payload] of [
      [0x00, []],
      [0x00, [1]],
      [0x00, [0, 0]],
      [0x42, []],
      [0x42, new Array<number>(1025).fill(1)],
      [0xff, []],
      [0xff, [1]],
      [0xff, [1, 2, 3]],
      [0xff, [1, 2, 3, 4, 5]],
      [0xff, new Array<number>(16).fill(1)],
      [0x01, []],
      [0x01, [0xc0]],
      [0x01, [0x80]],
      [0x01, [0x91, 1]],
      [0x01, [0xdc, 0, 3, 1, 2, 3]],
      [0x01, [0xdd, 0, 0, 0, 1, 1]],
      [0x01, [0x92, 1, 2, 3]],
      [0x01, [0xdc, 0]],
      [0x02, []],
      [0x02, [0xa1, 'x']],
      [0x02, [0x92, 1]],
      [0x02, [0x91, 1, 2]],
      [0x02, [0x90, 0xc0]],
      [0x02, [0xdd, 0, 0]],
    ] as const) {
      for (const parts of extensions(type, payload)) refused(parts);
    }
    passes([0xc8, 4, 0, 0x42, ...new Array<number>(1024).fill(1)]);
  });

  test('a timestamp that no Date can hold is refused, and the last ones that one can are not', () => {
    const at = (seconds: bigint, nanoseconds = 0): Bytes => {
      const payload = Buffer.alloc(12);
      payload.writeUInt32BE(nanoseconds, 0);
      payload.writeBigInt64BE(seconds, 4);
      return [0xc7, 12, 0xff, ...payload];
    };
    for (const seconds of [8_640_000_000_000n, -8_640_000_000_000n]) passes(at(seconds));
    for (const seconds of [8_640_000_000_001n, -8_640_000_000_001n, 2n ** 48n + 5n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      refused(at(seconds));
    }
    refused(at(8_640_000_000_000n, 1_000_000));
    passes(at(0n, 999_999_999));
    refused(at(0n, 1_000_000_000));
    refused(at(0n, 0xffff_ffff));
    const shorter = (nanoseconds: number): Bytes => [0xd7, 0xff, ...u32(nanoseconds * 4), 0, 0, 0, 0];
    passes(shorter(999_999_999));
    refused(shorter(1_000_000_000));
  });
});

describe('text that is not UTF-8 is refused', () => {
  const WRONG = [
    '\x80',
    '\xff',
    '\xc0\x80',
    '\xc3',
    '\xe2\x82',
    '\xed\xa0\x80',
    '\xf0\x9f\x98',
    '\xf5\x80\x80\x80',
    '\xe0\x80\x80',
  ];

  test('short and long, at the beginning, in the middle and at the end, as a value and as a key', () => {
    for (const wrong of WRONG) {
      for (const around of [0, 3, 20, 31, 40, 63, 64, 100]) {
        const filling = 'x'.repeat(around);
        for (const text of [wrong + filling, filling + wrong, filling + wrong + filling]) {
          for (const parts of texts(text)) {
            expect(refused(parts)).toContain('text that is not UTF-8');
            expect(refused([0x81, ...parts, 1])).toContain('text that is not UTF-8');
          }
        }
      }
    }
  });

  test('also where two texts would together be right', () => {
    refused([0x92, 0xa1, '\xc3', 0xa1, '\xa9']);
  });
});

describe('keys of plain objects', () => {
  test('that are no strings are refused, whatever they are', () => {
    for (const key of [
      [1],
      [0xe0],
      [0xc0],
      [0xc3],
      [0xcc, 200],
      [0xcb, 0, 0, 0, 0, 0, 0, 0, 0],
      [0xc4, 1, 'a'],
      [0x90],
      [0x80],
      [0xd4, 0, 0],
    ]) {
      expect(refused([0x81, ...key, 1])).toContain('a key that is not a string');
      expect(refused([0x82, 0xa1, 'a', 1, ...key, 1])).toContain('a key that is not a string');
      expect(refused([0xde, 0, 1, ...key, 1])).toContain('a key that is not a string');
    }
  });

  test('named __proto__ are refused in every way of writing them', () => {
    for (const key of texts('__proto__')) {
      for (const map of [
        [0x81, ...key, 1],
        [0x82, 0xa1, 'a', 1, ...key, 0x80],
        [0xde, 0, 1, ...key, 1],
        [0xdf, 0, 0, 0, 1, ...key, 1],
      ]) {
        expect(refused(map)).toContain('a key named "__proto__"');
        expect(refused([0x91, ...map])).toContain('a key named "__proto__"');
        for (const parts of extensions(0x02, [0x91, ...map]))
          expect(refused(parts)).toContain('a key named "__proto__"');
      }
    }
  });

  test('that only resemble it pass, and so does the name as a value or as the key of a Map', () => {
    for (const key of ['__proto_', '__proto___', '_-proto__', '__PROTO__', 'constructor', 'prototype']) {
      for (const parts of texts(key)) passes([0x81, ...parts, 1]);
    }
    for (const parts of texts('__proto__')) {
      passes([0x81, 0xa1, 'k', ...parts]);
      for (const map of extensions(0x01, [0x92, ...parts, 1])) passes(map);
    }
  });
});

describe('depth', () => {
  const holders: readonly (readonly [name: string, hold: (inner: Buffer) => Buffer])[] = [
    ['arrays', (inner) => bytesOf([0x91, ...inner])],
    ['long arrays', (inner) => bytesOf([0xdd, 0, 0, 0, 1, ...inner])],
    ['objects', (inner) => bytesOf([0x81, 0xa1, 'k', ...inner])],
    ['Maps by their values', (inner) => bytesOf(extensions(0x01, [0x92, 1, ...inner]).at(-1) as Bytes)],
    ['Maps by their keys', (inner) => bytesOf(extensions(0x01, [0x92, ...inner, 1]).at(-1) as Bytes)],
    ['Sets', (inner) => bytesOf(extensions(0x02, [0x91, ...inner]).at(-1) as Bytes)],
  ];

  function nested(levels: number, hold: (inner: Buffer) => Buffer): Buffer {
    let bytes = Buffer.of(0xc0);
    for (let i = 0; i < levels; i++) bytes = Buffer.from(hold(bytes));
    return bytes;
  }

  test.each(holders)('of %s is counted to the limit, and one more is refused', (_name, hold) => {
    for (const depth of [1, 64, 130]) {
      passes(nested(depth, hold), { depth, values: 10_000 });
      expect(refused(nested(depth + 1, hold), { depth, values: 10_000 })).toContain(
        `deeper than ${depth} (limit "depth")`,
      );
    }
  });

  test('of containers of all kinds within each other is counted together', () => {
    let bytes = Buffer.of(1);
    for (const [, hold] of holders) bytes = Buffer.from(hold(bytes));
    passes(bytes, { depth: 6, values: 100 });
    refused(bytes, { depth: 5, values: 100 });
  });

  test('of one value does not count for its neighbour', () => {
    const deep = nested(4, (inner) => bytesOf([0x91, ...inner]));
    passes([0x93, ...deep, ...deep, ...deep], { depth: 5, values: 100 });
    passes([0x82, 0xa1, 'a', ...deep, 0xa1, 'b', ...deep], { depth: 5, values: 100 });
    for (const set of extensions(0x02, [0x92, ...deep, ...deep]))
      passes([0x92, ...set, ...deep], { depth: 6, values: 100 });
  });

  test('far beyond any stack is refused and not followed', () => {
    expect(refused(Buffer.alloc(1_000_000, 0x91))).toContain('(limit "depth")');
    expect(refused(Buffer.alloc(1_000_000, 0x91), { depth: 1024, values: 10_000_000 })).toContain('(limit "depth")');
  });
});

describe('values', () => {
  test('are counted to the limit, and one more is refused', () => {
    for (const [parts, count] of [
      [[1], 1],
      [[0x90], 1],
      [[0x93, 1, 2, 3], 4],
      [[0x82, 0xa1, 'a', 1, 0xa1, 'b', 2], 5],
      [[0xd4, 0x02, 0x90], 1],
      [[0xd6, 0x02, 0x93, 1, 2, 3], 4],
      [[0x92, 0xd6, 0x02, 0x93, 1, 2, 3, 0xd6, 0x01, 0x92, 1, 0x91, 5], 9],
    ] as const) {
      passes(parts, { depth: 9, values: count });
      if (count > 1) {
        expect(refused(parts, { depth: 9, values: count - 1 })).toContain(
          `more than ${count - 1} values (limit "values")`,
        );
      }
    }
  });

  test('of a megabyte of empty maps are refused by their number', () => {
    const bytes = Buffer.concat([Buffer.from([0xdd, ...u32(1_000_000)]), Buffer.alloc(1_000_000, 0x80)]);
    expect(refused(bytes, DEFAULT_LIMITS)).toContain('more than 1000000 values (limit "values")');
    passes(bytes, { depth: 64, values: 1_000_001 });
  });
});

test('after a refusal in the middle of a Map the next bytes are read as if nothing had been', () => {
  for (const parts of extensions(0x01, [0x92, 1, 0xc1])) {
    refused(parts);
    for (const valid of VALID) passes(valid);
  }
});

test('it passes what encodeBody makes of a value that holds every kind', () => {
  const value = {
    list: [undefined, null, true, -0, 1.5, 2 ** 40, 5n, 2n ** 100n, 'text', 'é'.repeat(100)],
    bytes: new Uint8Array(300),
    date: [new Date(0), new Date(1), new Date(-1), new Date(1.5e15)],
    map: new Map<unknown, unknown>([[new Set([new Map()]), { deep: [new Set()] }]]),
    ['']: new Set(),
  };
  passes(encodeBody(value, DEFAULT_LIMITS));
});
