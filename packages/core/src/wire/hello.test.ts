import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HELLO_BYTES } from './frame.ts';
import { decodeHello, encodeHello, type Hello } from './hello.ts';
import { DEFAULT_LIMITS, LIMIT_RANGES, type Limits, limitsWith } from './limits.ts';
import { pack } from './msgpack.ts';
import { ProtocolError } from './protocol-error.ts';

const PLAIN: Hello = { limits: DEFAULT_LIMITS, services: [], features: [] };
const NAMES = Object.keys(LIMIT_RANGES) as (keyof Limits)[];

function read(bytes: Uint8Array): Hello {
  return decodeHello(bytes, 0, bytes.length);
}

/** What is read where this was said. */
function heard(said: unknown): Hello {
  return read(pack(said));
}

const anyLimits = fc.record(
  Object.fromEntries(
    NAMES.map((name) => {
      const [least, most] = LIMIT_RANGES[name];
      return [
        name,
        fc.oneof(fc.constantFrom(least, most, DEFAULT_LIMITS[name]), fc.integer({ min: least, max: most })),
      ];
    }),
  ),
) as unknown as fc.Arbitrary<Limits>;

test('what one end says is what the other hears', () => {
  const letters = fc.constantFrom('a', 'Z', '.', ' ', 'é', '€', '😀');
  const anyName = fc.array(letters, { maxLength: 80 }).map((name) => name.join(''));
  const anyNames = fc.array(anyName, { maxLength: 20 });
  fc.assert(
    fc.property(anyLimits, anyNames, anyNames, (limits, services, features) => {
      const hello = { limits, services, features };
      expect(read(encodeHello(hello))).toEqual(hello);
    }),
    { numRuns: 100 },
  );
});

test('it is read where it lies in a larger stretch of bytes', () => {
  const bytes = encodeHello({ ...PLAIN, services: ['text'] });
  const larger = Buffer.concat([Buffer.of(1, 2, 3), bytes, Buffer.of(4)]);
  expect(decodeHello(larger, 3, 3 + bytes.length).services).toEqual(['text']);
});

test('limits that are the same are one object, whoever stated them', () => {
  const said = (chunk: number): Limits => read(encodeHello({ ...PLAIN, limits: { ...DEFAULT_LIMITS, chunk } })).limits;
  const first = said(5000);
  expect(said(5000)).toBe(first);
  expect(said(6000)).toEqual({ ...DEFAULT_LIMITS, chunk: 6000 });
  expect(first).toEqual({ ...DEFAULT_LIMITS, chunk: 5000 });
});

test('a hello with nothing to say is one byte', () => {
  expect([...encodeHello(PLAIN)]).toEqual([0x80]);
  expect(heard({})).toEqual(PLAIN);
});

test('names that would not fit a frame, or are too many to count, are left out', () => {
  const limits = { ...DEFAULT_LIMITS, depth: 9 };
  for (const services of [
    Array.from({ length: 300 }, (_, i) => `${i}${'x'.repeat(250)}`),
    Array.from({ length: 20_000 }, () => 's'),
  ]) {
    const bytes = encodeHello({ limits, services, features: ['f'] });
    expect(bytes.length).toBeLessThanOrEqual(HELLO_BYTES);
    expect(read(bytes)).toEqual({ limits, services: [], features: ['f'] });
  }
});

test('what it does not know it ignores', () => {
  const said = {
    limits: { calls: 9, colour: 'red', constructor: 5, toString: [1] },
    later: new Date(0),
    constructor: 1,
  };
  expect(heard(said)).toEqual({ ...PLAIN, limits: { ...DEFAULT_LIMITS, calls: 9 } });
});

test('a limit out of its range is refused, and the edges of the range are not', () => {
  for (const name of NAMES) {
    const [least, most] = LIMIT_RANGES[name];
    for (const good of [least, most]) expect(heard({ limits: { [name]: good } }).limits[name]).toBe(good);
    for (const bad of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY, -0.5]) {
      expect(() => heard({ limits: { [name]: bad } }), `${name} ${bad}`).toThrow(
        new ProtocolError(`a HELLO whose limit "${name}" is not a whole number from ${least} to ${most}`),
      );
    }
  }
});

test('a limit that is no number is refused', () => {
  for (const bad of ['5000', null, undefined, true, [5000], {}, new Date(5000), Uint8Array.of(20)]) {
    expect(() => heard({ limits: { chunk: bad } })).toThrow(ProtocolError);
  }
});

test('what an end keeps to itself is not told, nor heard', () => {
  const limits = limitsWith({ chunk: 5000, queue: 100_000, reassembly: 1 });
  const stated = { limits: { ...DEFAULT_LIMITS, chunk: 5000 }, services: [], features: [] };
  expect(read(encodeHello({ limits, services: [], features: [] }))).toEqual(stated);
  expect(heard({ limits: { chunk: 5000, queue: 1, reassembly: 'many' } })).toEqual(stated);
});

test('a limit may come as an integer of 64 bits, as other writers of msgpack send it', () => {
  expect(heard({ limits: { bytes: 2n ** 40n } }).limits.bytes).toBe(2 ** 40);
  expect(heard({ limits: { chunk: 4096n } }).limits.chunk).toBe(4096);
  expect(() => heard({ limits: { bytes: 2n ** 53n } })).toThrow(ProtocolError);
  expect(() => heard({ limits: { chunk: -1n } })).toThrow(ProtocolError);
});

test('a hello that is no map is refused', () => {
  const map = Uint8Array.of(0xd5, 0x01, 0x92, 0x01, 0x02);
  for (const bytes of [pack([]), pack('hello'), pack(null), pack(undefined), pack(5), pack(new Date(0)), map]) {
    expect(() => read(Buffer.from(bytes).subarray(0))).toThrow(ProtocolError);
  }
  expect(() => read(new Uint8Array(0))).toThrow(ProtocolError);
});

test('limits that are no map, and names that are no strings, are refused', () => {
  for (const limits of [[], 'x', 5, null, new Date(0)]) {
    expect(() => heard({ limits })).toThrow(new ProtocolError('a HELLO whose limits are not a map'));
  }
  for (const list of ['text', [1], [['text']], {}, null, [null]]) {
    expect(() => heard({ services: list })).toThrow(
      new ProtocolError('a HELLO whose services are not a list of strings'),
    );
    expect(() => heard({ features: list })).toThrow(
      new ProtocolError('a HELLO whose features are not a list of strings'),
    );
  }
});

test('deep or long hellos are refused although they are well formed', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  expect(heard({ later: nested(7) })).toEqual(PLAIN);
  expect(() => heard({ later: nested(8) })).toThrow('(limit "depth")');
  expect(() => heard({ later: new Array(10_000).fill(0) })).toThrow('(limit "values")');
});

test('whatever bytes come, they are a hello within the ranges or a protocol error', () => {
  const valid = encodeHello({ limits: { ...DEFAULT_LIMITS, chunk: 5000, calls: 3 }, services: ['a'], features: ['b'] });
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = Uint8Array.from(valid);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        const { limits, services, features } = read(bytes);
        for (const name of NAMES) {
          expect(limits[name]).toBeGreaterThanOrEqual(LIMIT_RANGES[name][0]);
          expect(limits[name]).toBeLessThanOrEqual(LIMIT_RANGES[name][1]);
        }
        expect([...services, ...features].every((text) => typeof text === 'string')).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 500 },
  );
});
