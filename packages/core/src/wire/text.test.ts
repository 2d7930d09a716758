import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBody, encodeBody } from './body.ts';
import { Malformed } from './inspect.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { MAX_TEXT, textRoom, textStart, writeText } from './text.ts';

const LENGTHS = [0, 1, 7, 8, 9, 14, 15, 16, 17, 30, 31, 32, 33, 63, 64, 65, 127, 128, 200, 255, 256];

function read(bytes: Buffer): unknown {
  return decodeBody(bytes, 0, bytes.length, false, DEFAULT_LIMITS);
}

/** The text in every way in which msgpack can write it. */
function bodies(text: Buffer): Buffer[] {
  const { length } = text;
  const headers = [
    ...(length < 32 ? [[0xa0 | length]] : []),
    ...(length < 256 ? [[0xd9, length]] : []),
    [0xda, length >> 8, length & 0xff],
    [0xdb, 0, 0, length >> 8, length & 0xff],
  ];
  return headers.map((header) => Buffer.concat([Buffer.from(header), text]));
}

test('what is written is the body of the text, within the room that it asked for, and touches nothing else', () => {
  const anyCharacter = fc.oneof(
    fc.integer({ min: 0x20, max: 0x7e }),
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  );
  const anyText = fc
    .array(anyCharacter, { maxLength: 90, size: 'max' })
    .map((points) => String.fromCodePoint(...points));
  fc.assert(
    fc.property(anyText, fc.nat(50), (text, at) => {
      const room = textRoom(text.length);
      const bytes = Buffer.alloc(at + room + 20, 0xee);
      const end = writeText(bytes, at, text);
      expect(end).toBeLessThanOrEqual(at + room);
      expect(decodeBody(bytes, at, end, false, DEFAULT_LIMITS)).toBe(text);
      expect(bytes.subarray(0, at).every((byte) => byte === 0xee)).toBe(true);
      expect(bytes.subarray(at + room).every((byte) => byte === 0xee)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('texts of every length that it may be tried with are written', () => {
  for (const letter of ['a', 'é', '€', '😀']) {
    for (const length of [...LENGTHS, MAX_TEXT]) {
      const text = letter.repeat(Math.floor(length / letter.length));
      const bytes = Buffer.alloc(textRoom(text.length));
      expect(read(bytes.subarray(0, writeText(bytes, 0, text))) === text, `${length} of ${letter}`).toBe(true);
    }
  }
});

test('text with half of a surrogate pair is left to encodeBody, which refuses it', () => {
  for (const text of ['\ud800', 'x\udc00', `${'x'.repeat(100)}\ud83d`, `\ude00${'x'.repeat(100)}`]) {
    expect(writeText(Buffer.alloc(1000), 0, text)).toBe(-1);
    expect(() => encodeBody(text, DEFAULT_LIMITS)).toThrow('half of a surrogate pair');
  }
});

test('a body is that text or malformed, by whether it is UTF-8, however its length is written', () => {
  const wrong = ['80', 'ff', 'c080', 'c3', 'e282', 'eda080', 'f09f98', 'f5808080', 'e08080', 'efbf'];
  const right = ['\ufffd', 'é', '€', '😀', '\ufeff', 'x', '\0'].map((text) => Buffer.from(text).toString('hex'));
  for (const filling of LENGTHS.map((length) => 'x'.repeat(length)).map((text) => Buffer.from(text).toString('hex'))) {
    for (const [parts, valid] of [
      [wrong, false],
      [right, true],
    ] as const) {
      for (const part of parts) {
        for (const whole of [part + filling, filling + part, filling + part + filling]) {
          const text = Buffer.from(whole, 'hex');
          for (const body of bodies(text)) {
            if (valid) expect(read(body)).toBe(text.toString('utf8'));
            else expect(() => read(body)).toThrow(Malformed);
          }
        }
      }
    }
  }
});

test('a body whose text is shorter or longer than it says is malformed', () => {
  for (const length of LENGTHS) {
    for (const body of bodies(Buffer.alloc(length, 0x61))) {
      expect(read(body)).toBe('a'.repeat(length));
      if (body.length > 1) expect(() => read(body.subarray(0, body.length - 1))).toThrow(Malformed);
      expect(() => read(Buffer.concat([body, Buffer.of(0x61)]))).toThrow(Malformed);
    }
  }
});

test('a text begins where its header ends, and a body that is anything else has none', () => {
  for (const length of LENGTHS) {
    for (const body of bodies(Buffer.alloc(length, 0x61))) {
      // The longest form is so seldom short that it goes the long way.
      const expected = body[0] === 0xdb ? 0 : 2 + body.length - length;
      expect(textStart(Buffer.concat([Buffer.of(0xa1, 0xa1), body]), 2, 2 + body.length)).toBe(expected);
    }
  }
  for (const other of [
    [0x00],
    [0x80],
    [0x90],
    [0xc0],
    [0xd9],
    [0xda],
    [0xda, 0],
    [0xc4, 0],
    [0xdb, 0, 0, 0, 0],
    [0xe0],
    [0xff],
  ]) {
    expect(textStart(Buffer.from(other), 0, other.length)).toBe(0);
  }
});

test('what lies behind a text in memory does not get into it', () => {
  const around = Buffer.alloc(100, 0x7a);
  for (let length = 0; length <= 20; length++) {
    for (let after = 0; after <= 17; after++) {
      const bytes = Buffer.concat([
        around,
        Buffer.of(0xa0 | length),
        Buffer.alloc(length, 0x61),
        Buffer.alloc(after, 0x7a),
      ]);
      expect(decodeBody(bytes, 100, 101 + length, false, DEFAULT_LIMITS)).toBe('a'.repeat(length));
    }
  }
});
