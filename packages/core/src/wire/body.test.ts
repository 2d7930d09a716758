import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { type BodyLimits, decodeBody, encodeBody } from './body.ts';
import { Malformed } from './inspect.ts';
import { DEFAULT_LIMITS } from './limits.ts';

function decode(body: Uint8Array, raw = false, limits: BodyLimits = DEFAULT_LIMITS): unknown {
  return decodeBody(Buffer.from(body), 0, body.length, raw, limits);
}

/** The value as it arrives at the other end. */
function crossed(value: unknown): unknown {
  return decode(encodeBody(value, DEFAULT_LIMITS), value instanceof Uint8Array);
}

/** A value as text that tells kinds, prototypes and the order of entries apart, for comparing. */
function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  const kind = Object.getPrototypeOf(value)?.constructor?.name ?? 'null';
  if (value instanceof Date) return `${kind} ${value.getTime()}`;
  if (value instanceof Uint8Array) return `${kind} ${Buffer.from(value).toString('hex')}`;
  const entries =
    value instanceof Map
      ? [...value].map(([key, item]) => `${shown(key)} => ${shown(item)}`)
      : value instanceof Set || Array.isArray(value)
        ? [...value].map(shown)
        : Object.keys(value).map((key) => `${shown(key)}: ${shown((value as Record<string, unknown>)[key])}`);
  return `${kind} (${entries.join(', ')})`;
}

const HUGE = 1n << 8191n;

/** Any character but the halves of pairs. fast-check's own string takes most of a second to be made. */
const anyCharacter = fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

const PIECES = ['a', 'B', ' ', '0', 'é', 'e\u0301', '€', '🇩🇪', '👩‍👧'];

const anyText = fc.oneof(
  { weight: 2, arbitrary: fc.array(anyCharacter, { maxLength: 30 }).map((characters) => characters.join('')) },
  { weight: 2, arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 20 }).map((pieces) => pieces.join('')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('a', 'é', '€', '😀', '\ufeff', '\ufffd'),
        fc.constantFrom(15, 16, 31, 32, 63, 64, 65, 127, 128, 255, 256),
      )
      .map(([text, times]) => text.repeat(times)),
  },
);

const anyKey = fc
  .oneof(
    { weight: 4, arbitrary: anyText },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        '0',
        'constructor',
        'toString',
        'toJSON',
        'hasOwnProperty',
        'valueOf',
        'then',
        'length',
      ),
    },
  )
  .filter((key) => key !== '__proto__');

const shortScalar: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    false,
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ),
  fc.constantFrom(
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    -1,
    -32,
    -33,
    -128,
    -129,
    -(2 ** 31),
  ),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.constantFrom(
    0n,
    -1n,
    2n ** 63n - 1n,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
    2n ** 64n - 1n,
    2n ** 64n,
    HUGE - 1n,
    -HUGE,
  ),
  anyText,
  fc.uint8Array({ maxLength: 40 }),
  fc.date({ noInvalidDate: true }),
);

const anyScalar: fc.Arbitrary<unknown> = fc.oneof(
  // The rarest: numbers of thousands of digits take long to make, and to print for comparing.
  { weight: 1, arbitrary: fc.bigInt({ min: -HUGE, max: HUGE - 1n }) },
  { weight: 30, arbitrary: shortScalar },
);

/** Every value that can be encoded, in the form in which it arrives. */
const { value: anyValue } = fc.letrec<{ value: unknown; nested: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    { weight: 2, arbitrary: anyScalar },
    { weight: 3, arbitrary: tie('nested') },
  ),
  nested: fc.oneof(
    fc.array(tie('value'), { maxLength: 20 }),
    fc.array(fc.tuple(anyKey, tie('value')), { maxLength: 20 }).map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 6 }).map((members) => new Set(members)),
  ),
}));

describe('a value crosses', () => {
  test('as itself, with its kind kept, whatever it is', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(shown(crossed(value))).toBe(shown(value));
      }),
      { numRuns: 400 },
    );
  });

  test('alone and nested in each kind of container', () => {
    const values = [
      undefined,
      null,
      true,
      false,
      0,
      -0,
      1.5,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      5,
      5n,
      -5n,
      '',
      'x',
      '😀',
    ];
    const kinds = [
      new Date(0),
      new Date(-1),
      new Date(8.64e15),
      new Date(-8.64e15),
      new Date(1.5e12 + 1),
      Uint8Array.of(1),
    ];
    for (const value of [...values, ...kinds, {}, [], new Map(), new Set(), HUGE - 1n, -HUGE]) {
      for (const holder of [
        value,
        [value],
        { value },
        new Map([[value, 1]]),
        new Map([[1, value]]),
        new Set([value]),
      ]) {
        expect(shown(crossed(holder))).toBe(shown(holder));
      }
    }
  });

  test('as text of any length and any number of bytes a character', () => {
    for (const letter of ['a', 'é', '€', '😀', '\0', '\ufffd']) {
      for (const length of [
        0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 21_000, 65_535, 65_536,
      ]) {
        const text = letter.repeat(length);
        for (const value of [text, [text], { [text]: text }, [1, text, 'after']]) {
          expect(shown(crossed(value)) === shown(value), `${length} of ${letter}`).toBe(true);
        }
      }
    }
  });

  test('as text that begins with a byte order mark, which is a character like any other', () => {
    for (const rest of ['', 'x', 'x'.repeat(100), 'é'.repeat(300), 'x'.repeat(70_000)]) {
      const text = `\ufeff${rest}`;
      for (const value of [text, [text], { [text]: 1 }])
        expect(shown(crossed(value)) === shown(value), rest.slice(0, 9)).toBe(true);
    }
  });

  test('as a date or BigInt whose first bytes are those of a byte order mark, whatever stands before it', () => {
    const MARK = 0xefbbbf;
    const dates = [new Date(MARK * 256 * 1000), new Date((MARK * 256 + 7) * 1000)];
    const numbers = [128, 256, 1024].map((bits) => BigInt.asIntN(bits, BigInt(MARK) << BigInt(bits - 24)));
    // The bytes before it may look like the header of a text, at any distance.
    for (const value of [...dates, ...numbers]) {
      for (const token of [0xd9, 0xda, 0xdb]) {
        for (let at = 0; at < 12; at++) {
          for (const filling of [0, 4, 8, 16, 32]) {
            const holder = [new Uint8Array(12).fill(filling).fill(token, at, at + 1), value];
            expect(shown(crossed(holder))).toBe(shown(holder));
          }
        }
      }
    }
  });

  test('as bytes, arrays and maps of any length', () => {
    for (const length of [0, 1, 15, 16, 17, 256, 65_536]) {
      const bytes = new Uint8Array(length).fill(length);
      const numbers = Array.from({ length }, (_, i) => i);
      const fields = Object.fromEntries(numbers.map((n) => [`k${n}`, n]));
      const pairs = new Map(numbers.map((n) => [n, `v${n}`]));
      for (const value of [[bytes], numbers, fields, pairs, new Set(numbers)]) {
        expect(shown(crossed(value)) === shown(value), `${value.constructor.name} of ${length}`).toBe(true);
      }
    }
  });

  test('as an own field, where its key is the name of something that every object has', () => {
    const keys = [
      'constructor',
      'toString',
      'toJSON',
      'hasOwnProperty',
      'valueOf',
      'isPrototypeOf',
      '__defineGetter__',
      '',
    ];
    const value = Object.fromEntries(keys.map((key) => [key, { [key]: -0 }]));
    const got = crossed(value) as Record<string, unknown>;
    expect(Object.keys(got)).toEqual(keys);
    expect(shown(got)).toBe(shown(value));
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
  });

  test('as its fields, where it is of a class of the user', () => {
    class Point {
      readonly x = 1;
      readonly y = -0;
      #hidden = 5;
      get sum(): number {
        return this.x + this.#hidden;
      }
      toJSON(): string {
        return 'never asked';
      }
    }
    expect(shown(crossed(new Point()))).toBe('Object ("x": 1, "y": -0)');
    expect(shown(crossed([new Point()]))).toBe('Array (Object ("x": 1, "y": -0))');
    expect(shown(crossed(Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })))).toBe(
      'Object ("own": 2)',
    );
    expect(shown(crossed(Object.assign(Object.create(null), { a: 1 })))).toBe('Object ("a": 1)');
  });

  test('as the kind that it is a subclass of', () => {
    class Names extends Map<string, number> {}
    class Tags extends Set<string> {}
    class Bytes extends Uint8Array {}
    class Moment extends Date {}
    class List extends Array<number> {}
    expect(shown(crossed(new Names([['a', 1]])))).toBe('Map ("a" => 1)');
    expect(shown(crossed(new Tags(['t'])))).toBe('Set ("t")');
    expect(shown(crossed([new Bytes(2)]))).toBe('Array (Uint8Array 0000)');
    expect(shown(crossed(new Moment(5)))).toBe('Date 5');
    expect(shown(crossed(List.of(1, 2, 3)))).toBe('Array (1, 2, 3)');
  });

  test('as a plain Uint8Array, where it is a Buffer', () => {
    for (const value of [Buffer.from('abc'), [Buffer.from('abc')], { of: Buffer.from('abc') }]) {
      expect(shown(crossed(value))).toBe(shown(value).replace('Buffer', 'Uint8Array'));
    }
  });

  test('with undefined in the holes of an array', () => {
    const holes = new Array<number>(3);
    holes[1] = -0;
    expect(shown(crossed(holes))).toBe('Array (undefined, -0, undefined)');
  });

  test('and stays as it was at the end that sent it', () => {
    const value = { a: -0, m: new Map([[-0, [-0]]]), list: [new Set([1]), -0], deep: { deep: { z: -0 } } };
    const before = shown(value);
    Object.freeze(value);
    Object.freeze(value.list);
    expect(shown(crossed(value))).toBe(before);
    expect(shown(value)).toBe(before);
  });
});

describe('a body', () => {
  test('of undefined is empty', () => {
    expect(encodeBody(undefined, DEFAULT_LIMITS)).toHaveLength(0);
    expect(decode(new Uint8Array(0))).toBeUndefined();
  });

  test('of bytes is the bytes themselves, not a copy', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(encodeBody(bytes, DEFAULT_LIMITS)).toBe(bytes);
    expect(shown(decode(bytes, true))).toBe('Uint8Array 010203');
    expect(shown(decode(new Uint8Array(0), true))).toBe('Uint8Array ');
  });

  test('stays as it is while others are encoded', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 2, maxLength: 30 }), (values) => {
        const bodies = values.map((value) => encodeBody(value, DEFAULT_LIMITS));
        const copies = bodies.map((body) => Buffer.from(body).toString('hex'));
        for (const value of values) encodeBody([value, value], DEFAULT_LIMITS);
        expect(bodies.map((body) => Buffer.from(body).toString('hex'))).toEqual(copies);
      }),
      { numRuns: 40 },
    );
  });

  test('shares no memory with the value that is read from it', () => {
    const small = {
      text: 'hello world',
      bytes: Uint8Array.of(1, 2, 3),
      of: [new Map([[1, Uint8Array.of(9)]]), 'é'.repeat(9)],
    };
    const large = { ...small, bytes: new Uint8Array(20_000).fill(7), text: 'x'.repeat(10_000), wide: '€'.repeat(5000) };
    for (const value of [
      small,
      large,
      'hello',
      'x'.repeat(200),
      'é'.repeat(90),
      '€'.repeat(30_000),
      [Uint8Array.of(5)],
    ]) {
      const body = Buffer.from(encodeBody(value, DEFAULT_LIMITS));
      const got = decodeBody(body, 0, body.length, false, DEFAULT_LIMITS);
      body.fill(0xff);
      // The next body is unpacked in the same scratch memory.
      decode(encodeBody([new Uint8Array(4000).fill(0xff)], DEFAULT_LIMITS));
      expect(shown(got) === shown(value)).toBe(true);
    }
    const raw = Buffer.of(1, 2, 3);
    const got = decodeBody(raw, 0, 3, true, DEFAULT_LIMITS);
    raw.fill(0);
    expect(shown(got)).toBe('Uint8Array 010203');
  });

  test('holds no more memory through the bytes in it than they take', () => {
    const bytes = (crossed([new Uint8Array(10), 'x'.repeat(100_000)]) as [Uint8Array])[0];
    expect(bytes.buffer.byteLength).toBe(10);
    expect((crossed(Buffer.from('abc')) as Uint8Array).buffer.byteLength).toBe(3);
  });

  test('is read where it lies in a larger stretch of bytes', () => {
    fc.assert(
      fc.property(
        anyValue,
        fc.uint8Array({ maxLength: 20 }),
        fc.uint8Array({ maxLength: 20 }),
        (value, before, after) => {
          const body = encodeBody(value, DEFAULT_LIMITS);
          const larger = Buffer.concat([before, body, after]);
          const got = decodeBody(
            larger,
            before.length,
            before.length + body.length,
            value instanceof Uint8Array,
            DEFAULT_LIMITS,
          );
          expect(shown(got)).toBe(shown(value));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('over the limit of its kind is refused by the sender, and one at the limit is not', () => {
    const limits = { ...DEFAULT_LIMITS, message: 2000, bytes: 3000 };
    expect(encodeBody('x'.repeat(1997), limits)).toHaveLength(2000);
    expect(encodeBody(new Uint8Array(3000), limits)).toHaveLength(3000);
    for (const [value, length, limit, name] of [
      ['x'.repeat(1998), 2001, 2000, 'message'],
      [['x'.repeat(1997)], 2001, 2000, 'message'],
      ['x'.repeat(5000), 5000, 2000, 'message'],
      [new Uint8Array(3001), 3001, 3000, 'bytes'],
    ] as const) {
      expect(() => encodeBody(value, limits)).toThrow(
        expect.objectContaining({
          code: 'RESOURCE_EXHAUSTED',
          execution: 'not-sent',
          message: `The message is ${length} bytes long, more than the other side takes: ${limit} (limit "${name}").`,
        }),
      );
    }
  });

  test('over the limit of its kind is refused by the receiver, and one at the limit is not', () => {
    const limits = { ...DEFAULT_LIMITS, message: 2000, bytes: 3000 };
    for (const make of [(length: number) => 'x'.repeat(length - 3), (length: number) => ['x'.repeat(length - 4)]]) {
      expect(shown(decode(encodeBody(make(2000), DEFAULT_LIMITS), false, limits))).toBe(shown(make(2000)));
      expect(() => decode(encodeBody(make(2001), DEFAULT_LIMITS), false, limits)).toThrow(Malformed);
    }
    expect(decode(new Uint8Array(3000), true, limits)).toHaveLength(3000);
    expect(() => decode(new Uint8Array(3001), true, limits)).toThrow(Malformed);
  });
});

describe('the two ends agree', () => {
  function refusedBySender(value: unknown, limits: BodyLimits): boolean {
    try {
      encodeBody(value, limits);
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', execution: 'not-sent' });
      return true;
    }
  }

  function refusedByReceiver(value: unknown, limits: BodyLimits): boolean {
    try {
      decode(encodeBody(value, DEFAULT_LIMITS), value instanceof Uint8Array, limits);
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(Malformed);
      return true;
    }
  }

  test('on which values are too deep', () => {
    fc.assert(
      fc.property(anyValue, fc.integer({ min: 1, max: 6 }), (value, depth) => {
        const limits = { ...DEFAULT_LIMITS, depth };
        expect(refusedBySender(value, limits)).toBe(refusedByReceiver(value, limits));
      }),
      { numRuns: 400 },
    );
  });

  test('on which values are too many', () => {
    fc.assert(
      fc.property(anyValue, fc.integer({ min: 1, max: 60 }), (value, values) => {
        const limits = { ...DEFAULT_LIMITS, values };
        expect(refusedBySender(value, limits)).toBe(refusedByReceiver(value, limits));
      }),
      { numRuns: 400 },
    );
  });

  test('that a value of n containers within each other needs a depth of n, whatever lies innermost', () => {
    const holders: ((inner: unknown) => unknown)[] = [
      (inner) => [inner],
      (inner) => ({ inner }),
      (inner) => new Map([[1, inner]]),
      (inner) => new Map([[inner, 1]]),
      (inner) => new Set([inner]),
    ];
    for (const innermost of [1, 'x', -0, undefined, null, 2n ** 70n, new Date(5), Uint8Array.of(1), Buffer.of(1)]) {
      for (const hold of holders) {
        const value = hold(hold(hold(innermost)));
        for (const [depth, refused] of [
          [3, false],
          [2, true],
        ] as const) {
          const limits = { ...DEFAULT_LIMITS, depth };
          expect(refusedByReceiver(value, limits), `receiver, ${shown(value)}`).toBe(refused);
          expect(refusedBySender(value, limits), `sender, ${shown(value)}`).toBe(refused);
        }
      }
    }
  });

  test('that keys, elements, members and the body itself count as values, one each', () => {
    for (const [value, count] of [
      [5, 1],
      ['x', 1],
      [[], 1],
      [[1, 2], 3],
      [{ a: 1, b: 2 }, 5],
      [new Map([[1, 2]]), 3],
      [new Set([1, 2, 3]), 4],
      [[new Map([['a', [1]]]), { b: new Set() }, undefined, -0, new Date(0), Uint8Array.of(1)], 12],
    ] as const) {
      for (const [values, refused] of [
        [count, false],
        [count - 1, true],
      ] as const) {
        if (values === 0) continue;
        const limits = { ...DEFAULT_LIMITS, values };
        expect(refusedBySender(value, limits), `sender, ${shown(value)}`).toBe(refused);
        expect(refusedByReceiver(value, limits), `receiver, ${shown(value)}`).toBe(refused);
      }
    }
  });
});

describe('foreign bytes', () => {
  /** What they decode to, or undefined where they are refused as they must be. */
  function attempt(bytes: Uint8Array): { readonly value: unknown } | undefined {
    try {
      return { value: decode(bytes) };
    } catch (error) {
      expect(error).toBeInstanceOf(Malformed);
      return undefined;
    }
  }

  // The same ones each time: to make a value takes ten times as long as to change a byte of it.
  const encoded = fc
    .sample(anyValue, { seed: 1, numRuns: 100 })
    .map((value) => [...encodeBody(value instanceof Uint8Array ? [value] : value, DEFAULT_LIMITS)]);

  // Not shrunk: a change of one byte changes the meaning of all that follow, so shrinking finds nothing and takes long.
  const mutated = fc.noShrink(
    fc
      .tuple(
        fc.constantFrom(...encoded),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom('set', 'insert', 'delete'), fc.nat(255)), {
          minLength: 1,
          maxLength: 5,
        }),
      )
      .map(([body, changes]) => {
        const bytes = [...body];
        for (const [place, kind, byte] of changes) {
          const at = place % (bytes.length + 1);
          bytes.splice(at, kind === 'insert' ? 0 : 1, ...(kind === 'delete' ? [] : [byte]));
        }
        return Uint8Array.from(bytes);
      }),
  );

  /** Bytes that begin many containers, extensions and texts, which evenly drawn ones seldom do. */
  const tokens = fc
    .array(
      fc.oneof(
        fc.integer({ min: 0x80, max: 0xdf }),
        fc.nat(3),
        fc.constantFrom(0x42, 0xff, 0x62, 0x65, 0x69, 0x70, 0x72, 0x74, 0x78),
      ),
    )
    .map((bytes) => Uint8Array.from(bytes));

  test('are a value or malformed, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, tokens, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        attempt(bytes);
      }),
      { numRuns: 10_000 },
    );
  });

  test('that are a value can be sent on as that value', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, tokens), (bytes) => {
        const got = attempt(bytes);
        if (got !== undefined) expect(shown(crossed(got.value))).toBe(shown(got.value));
      }),
      { numRuns: 1500 },
    );
  });

  test('leave nothing behind that changes how the next body is read', () => {
    const value = { a: [1, 'two', new Map([[3, 4]])], b: new Set(['é'.repeat(100)]) };
    const body = encodeBody(value, DEFAULT_LIMITS);
    fc.assert(
      fc.property(fc.oneof(mutated, tokens), (bytes) => {
        attempt(bytes);
        expect(shown(decode(body))).toBe(shown(value));
      }),
      { numRuns: 400 },
    );
  });
});
