import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBody, encodeBody } from './body.ts';
import { Malformed } from './inspect.ts';
import { DEFAULT_LIMITS, limitsWith } from './limits.ts';
import { encodeLongText, LONG_TEXT, readLongText, SHORTEST } from './long-text.ts';
import { pack } from './msgpack.ts';

const FILLINGS = ['x', 'é', 'ÿ', '€', 'я', '好', '😀', '\ufeff', '\ufffd', '\0'];

function read(bytes: Buffer): unknown {
  return decodeBody(bytes, 0, bytes.length, false, DEFAULT_LIMITS);
}

const anyPiece = fc.record({
  filling: fc.constantFrom(...FILLINGS, 'Ā', '\u07ff', '\u0800', '\uffff', '\udbff\udfff'),
  times: fc.oneof(fc.nat(3), fc.integer({ min: 900, max: 1200 }), fc.integer({ min: 4000, max: 9000 })),
});
const anyText = fc
  .array(anyPiece, { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.map(({ filling, times }) => filling.repeat(times)).join(''))
  .filter((text) => text.length >= SHORTEST);

test('a long text is written as msgpackr would, and read as it was', () => {
  fc.assert(
    fc.property(anyText, fc.nat(3), (text, before) => {
      const body = encodeBody(text, DEFAULT_LIMITS) as Buffer;
      expect(Buffer.compare(body, pack(text))).toBe(0);
      expect(Buffer.compare(encodeLongText(text) as Uint8Array, body)).toBe(0);
      expect(read(Buffer.from(body)) === text).toBe(true);
      // Wherever it lies, and whatever lies around it.
      const lying = Buffer.concat([Buffer.alloc(before, 0xc3), Buffer.from(text), Buffer.alloc(4, 0x80)]);
      expect(readLongText(lying, before, lying.length - 4) === text).toBe(true);
      expect(read(Buffer.from(encodeBody([text, { text }], DEFAULT_LIMITS)))).toEqual([text, { text }]);
    }),
    { numRuns: 150 },
  );
});

test('texts whose lengths are about those where their heads change', () => {
  for (const filling of ['x', 'é', '€', '😀']) {
    for (const bytes of [SHORTEST, LONG_TEXT, 0x1_0000, 3 * 0x1_0000, 2 ** 20]) {
      for (let more = -8; more < 8; more++) {
        const size = Buffer.byteLength(filling);
        const text = filling.repeat(Math.floor((bytes + more) / size)) + 'y'.repeat((bytes + more) % size);
        if (text.length < SHORTEST) continue;
        const body = encodeLongText(text) as Uint8Array;
        expect(Buffer.compare(body, pack(text)), `${bytes + more} bytes of ${filling}`).toBe(0);
        expect(read(Buffer.from(body)) === text, `${bytes + more} bytes of ${filling}`).toBe(true);
      }
    }
  }
});

test('half of a surrogate pair is refused wherever it stands', () => {
  for (const half of ['\ud800', '\udbff', '\udc00', '\udfff']) {
    for (const filling of FILLINGS) {
      const rest = filling.repeat(30_000);
      for (const text of [half + rest, rest + half, rest + half + rest]) {
        if (!text.isWellFormed()) expect(() => encodeBody(text, DEFAULT_LIMITS)).toThrow('half of a surrogate pair');
      }
    }
  }
});

test('bytes that are not UTF-8 are malformed wherever they stand in a long text', () => {
  for (const wrong of ['80', 'ff', 'c080', 'c3', 'e282', 'eda080', 'f09f98', 'f5808080', 'e08080', 'efbf']) {
    for (const filling of FILLINGS) {
      const rest = Buffer.from(filling.repeat(5000));
      for (const parts of [[wrong], [wrong, rest], [rest, wrong], [rest, wrong, rest]]) {
        const text = Buffer.concat([
          rest,
          ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
        ]);
        const head = Buffer.from([0xdb, 0, 0, 0, 0]);
        head.writeUInt32BE(text.length, 1);
        const body = Buffer.concat([head, text]);
        expect(() => readLongText(body, 5, body.length)).toThrow(Malformed);
        expect(() => read(body)).toThrow('text that is not UTF-8');
        expect(() => read(Buffer.concat([Buffer.of(0x91), body]))).toThrow('text that is not UTF-8');
      }
    }
  }
});

test('a text that says it is longer, or shorter, than it is, is malformed', () => {
  const body = Buffer.from(encodeLongText('x'.repeat(0x2_0000)) as Uint8Array);
  expect(() => read(body.subarray(0, body.length - 1))).toThrow(Malformed);
  expect(() => read(Buffer.concat([body, Buffer.of(0x61)]))).toThrow(Malformed);
  expect(() => read(Buffer.concat([Buffer.of(0x91), body.subarray(0, body.length - 1)]))).toThrow(Malformed);
});

test('a text over the limit is refused, by the bytes that it takes', () => {
  const limits = limitsWith({ message: 100_000 });
  expect(encodeBody('x'.repeat(99_995), limits)).toHaveLength(100_000);
  expect(() => encodeBody('x'.repeat(99_996), limits)).toThrow('limit "message"');
  expect(encodeBody('é'.repeat(49_997), limits)).toHaveLength(99_999);
  expect(() => encodeBody('é'.repeat(49_998), limits)).toThrow('limit "message"');
  expect(() => encodeBody('x'.repeat(100_001), limits)).toThrow('limit "message"');
});

test('objects that hold long texts are written as msgpackr would', () => {
  for (const filling of ['x', 'é', '好']) {
    for (const length of [20_999, 21_000, 21_001, 30_000, 70_000, 300_000]) {
      const value = { before: [1, 'a'], text: filling.repeat(length), behind: null };
      const body = encodeBody(value, DEFAULT_LIMITS);
      expect(Buffer.compare(body, pack(value)), `${length} of ${filling}`).toBe(0);
      expect(read(Buffer.from(body))).toEqual(value);
    }
  }
  expect(() => encodeBody({ text: `${'x'.repeat(30_000)}\ud800` }, DEFAULT_LIMITS)).toThrow('value.text');
});
