import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { encodeBody } from './body.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';

/** The error that encoding the value gives. */
function refused(value: unknown, limits: Partial<Limits> = {}): RpcError {
  try {
    encodeBody(value, { ...DEFAULT_LIMITS, ...limits });
  } catch (error) {
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ execution: 'not-sent' });
    return error as RpcError;
  }
  throw new Error('It was encoded.');
}

function withKey(key: string): unknown {
  return Object.fromEntries([[key, 1]]);
}

const HALF = 'half of a surrogate pair';
const UNFIT = `a string with ${HALF}, which UTF-8 cannot hold`;

describe('what cannot cross is refused by name', () => {
  const cases: readonly (readonly [name: string, value: unknown, what: string])[] = [
    ['a function', () => 1, 'a function'],
    ['a class', class {}, 'a function'],
    ['a symbol', Symbol('s'), 'a symbol'],
    ['a RegExp', /x/, 'is an instance of RegExp'],
    ['an Error', new Error('x'), 'is an instance of Error'],
    ['an RpcError', new RpcError('ABORTED', 'x'), 'is an instance of Error'],
    ['a Promise', Promise.resolve(1), 'is an instance of Promise'],
    ['a Float32Array', new Float32Array(2), 'is an instance of Float32Array'],
    ['an Int8Array', new Int8Array(2), 'is an instance of Int8Array'],
    ['a Uint8ClampedArray', new Uint8ClampedArray(2), 'is an instance of Uint8ClampedArray'],
    ['a BigInt64Array', new BigInt64Array(2), 'is an instance of BigInt64Array'],
    ['an ArrayBuffer', new ArrayBuffer(2), 'is an instance of ArrayBuffer'],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2), 'is an instance of SharedArrayBuffer'],
    ['a DataView', new DataView(new ArrayBuffer(2)), 'is an instance of DataView'],
    ['a WeakMap', new WeakMap(), 'is an instance of WeakMap'],
    ['a generator', (function* () {})(), 'is an instance of Generator'],
    ['a boxed number', Object(5), 'is an instance of Number'],
    ['a boxed string', Object('x'), 'is an instance of String'],
    ['a URL', new URL('file:///'), 'is an instance of URL'],
    ['an invalid Date', new Date(Number.NaN), 'an invalid Date'],
    ['the first half of a pair', 'x\ud83d', UNFIT],
    ['the second half of a pair', '\ude00x', UNFIT],
    ['the halves of a pair in the wrong order', '\ude00\ud83d', UNFIT],
    ['half of a pair in a long string', `${'x'.repeat(50_000)}\ud83d`, UNFIT],
    ['a BigInt of 8,193 bits', 1n << 8191n, 'a BigInt of more than 8,192 bits'],
    ['a negative BigInt of 8,193 bits', -(1n << 8191n) - 1n, 'a BigInt of more than 8,192 bits'],
  ];

  test.each(cases)('%s, alone and with the path to it', (_name, value, what) => {
    for (const [holder, path] of [
      [value, ''],
      [[0, value], '[1]'],
      [{ user: { tags: ['a', 'b', 'c', value] } }, '.user.tags[3]'],
      [{ list: [{ deep: [[value]] }] }, '.list[0].deep[0][0]'],
      [{ first: -0, second: value, last: 1 }, '.second'],
    ] as const) {
      const error = refused(holder);
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message.startsWith(`value${path} is `), error.message).toBe(true);
      expect(error.message.endsWith(`${what}; it cannot be encoded`), error.message).toBe(true);
    }
  });

  test.each(cases)('%s, also inside a Map or a Set', (_name, value, what) => {
    for (const holder of [
      new Map([['k', value]]),
      new Map([[value, 1]]),
      new Set([1, value]),
      { m: new Map([[1, [value]]]) },
    ]) {
      const error = refused(holder);
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.message).toContain(what);
    }
  });

  test('a key that no object could take as its own, or that UTF-8 cannot hold', () => {
    for (const [key, what] of [
      ['__proto__', 'is a key named "__proto__"'],
      ['a\ud83d', `is a key with ${HALF}`],
    ] as const) {
      for (const [holder, path] of [
        [withKey(key), ''],
        [{ a: [withKey(key)] }, '.a[0]'],
      ] as const) {
        const error = refused(holder);
        expect(error.code).toBe('INVALID_ARGUMENT');
        expect(error.message).toBe(`value${path}.${key} ${what}; it cannot be encoded`);
      }
    }
  });

  test('the largest BigInts that are not too large are encoded', () => {
    for (const value of [(1n << 8191n) - 1n, -(1n << 8191n)])
      expect(encodeBody(value, DEFAULT_LIMITS)).toHaveLength(1028);
  });

  test('a refused value says nothing of the one before it', () => {
    refused({ some: { long: { path: [Symbol('s')] } } });
    expect(refused([() => 1]).message).toBe('value[0] is a function; it cannot be encoded');
    expect(refused(() => 1).message).toBe('value is a function; it cannot be encoded');
  });
});

describe('a getter', () => {
  const inner = ['x', { y: [1, 2, 3] }];

  test('that encodes another value meanwhile changes nothing for the value that it is part of', () => {
    // Three keys, four values below them, and the body.
    const make = (): unknown => ({
      first: [1],
      get second() {
        encodeBody(inner, { ...DEFAULT_LIMITS, values: 64, depth: 8 });
        return 2;
      },
      third: 3,
    });
    encodeBody(make(), { ...DEFAULT_LIMITS, values: 8, depth: 2 });
    expect(refused(make(), { values: 7 }).message).toContain('more than 7 values');
    expect(refused(make(), { depth: 1 }).message).toContain('deeper than 1 levels');
  });

  test('that encodes another value meanwhile leaves the path to its own as it is', () => {
    const value = {
      outer: [
        {
          get second() {
            encodeBody(inner, DEFAULT_LIMITS);
            return () => 1;
          },
        },
      ],
    };
    expect(refused(value).message).toBe('value.outer[0].second is a function; it cannot be encoded');
  });

  test('that throws is not taken for a value that cannot be encoded', () => {
    const value = {
      get field(): never {
        throw new TypeError('from the getter');
      },
    };
    expect(() => encodeBody(value, DEFAULT_LIMITS)).toThrow(new TypeError('from the getter'));
    expect(refused([() => 1]).message).toBe('value[0] is a function; it cannot be encoded');
  });
});

describe('what is too much is refused by the name of its limit', () => {
  function nested(levels: number): unknown {
    return levels === 0 ? 1 : { of: nested(levels - 1) };
  }

  test('a value nested deeper than the limit', () => {
    encodeBody(nested(64), DEFAULT_LIMITS);
    const error = refused(nested(65));
    expect(error.code).toBe('RESOURCE_EXHAUSTED');
    expect(error.message).toBe(
      'value.of.of.of.of.of.of.of.of is nested deeper than 64 levels, or in a circle (limit "depth")',
    );
  });

  test('a value that contains itself, through any kind of container', () => {
    const object: Record<string, unknown> = {};
    object['self'] = object;
    const list: unknown[] = [];
    list.push(1, list);
    const map = new Map<unknown, unknown>();
    map.set('self', map);
    const keyed = new Map<unknown, unknown>();
    keyed.set(keyed, 1);
    const set = new Set<unknown>();
    set.add(set);
    const pair = { other: [] as unknown[] };
    pair.other.push(pair);
    for (const circle of [object, list, map, keyed, set, pair]) {
      const error = refused(circle);
      expect(error.code).toBe('RESOURCE_EXHAUSTED');
      expect(error.message).toContain('in a circle (limit "depth")');
    }
  });

  test('more values than the limit, however they are held', () => {
    const numbers = Array.from({ length: 10 }, (_, i) => i);
    for (const value of [
      numbers,
      [numbers.slice(5), numbers.slice(5)],
      new Set(numbers),
      new Map(numbers.slice(5).map((n) => [n, n])),
      Object.fromEntries(numbers.slice(5).map((n) => [n, n])),
    ]) {
      const error = refused(value, { values: 10 });
      expect(error.code).toBe('RESOURCE_EXHAUSTED');
      expect(error.message).toContain('is more than 10 values (limit "values")');
    }
  });

  test('an array of far more holes than memory, at once', () => {
    expect(refused(new Array(2 ** 32 - 1)).code).toBe('RESOURCE_EXHAUSTED');
  });

  test('a value whose parts are shared so often that it would never end', () => {
    let value: unknown = [1];
    for (let i = 0; i < 40; i++) value = [value, value];
    expect(refused(value, { values: 100_000 }).code).toBe('RESOURCE_EXHAUSTED');
  });
});
