import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Metadata } from '../error/metadata.ts';
import { Malformed } from './inspect.ts';
import { checkMetadata, decodeMetadata, encodeMetadata } from './metadata.ts';

const LIMITS = { metadata: 16_384, chunk: 65_536 };

function cross(metadata: Metadata): Metadata {
  const bytes = Buffer.from(encodeMetadata(metadata, LIMITS));
  const around = Buffer.concat([Buffer.of(0xc1), bytes, Buffer.of(0xc1)]);
  const decoded = decodeMetadata(around, 1, 1 + bytes.length);
  around.fill(0xee);
  return decoded;
}

function thrownBy(metadata: unknown, limits = LIMITS): unknown {
  try {
    return encodeMetadata(metadata as Metadata, limits);
  } catch (error) {
    const { code, execution, message } = error as { code: string; execution: string; message: string };
    return [code, execution, message];
  }
}

const anyText = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed());

test('texts and bytes cross by any key, and share no memory with the frame', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyText, fc.oneof(anyText, fc.uint8Array({ maxLength: 20 })))), (entries) => {
      const metadata = Object.fromEntries(entries.filter(([key]) => key !== '__proto__'));
      expect({ ...cross(metadata) }).toEqual(metadata);
    }),
  );
  expect({ ...cross({}) }).toEqual({});
  expect({ ...cross(Object.assign(Object.create(null), { k: 'v' })) }).toEqual({ k: 'v' });
});

test('what has come has only the keys that came, whatever objects inherit', () => {
  const metadata = cross({ constructor: 'mine' });
  expect(Object.getPrototypeOf(metadata)).toBeNull();
  expect([metadata['constructor'], metadata['toString'], metadata['valueOf']]).toEqual(['mine', undefined, undefined]);
});

test('bytes of another class come as plain bytes', () => {
  const { data } = cross({ data: Buffer.from('abc') });
  expect(data).toEqual(Uint8Array.of(97, 98, 99));
});

describe('what is not sent', () => {
  test.each([
    ['a number', { k: 5 }],
    ['nothing', { k: undefined }],
    ['an object', { k: {} }],
    ['a list', { k: ['v'] }],
    ['a buffer without a view', { k: new ArrayBuffer(3) }],
    ['half a character', { k: '\ud800' }],
    ['a key of half a character', { '\ud800': 'v' }],
    ['a key that objects have for something else', JSON.parse('{"__proto__":"v"}')],
  ])('is %s', (_what, metadata) => {
    expect(thrownBy(metadata)).toEqual([
      'INVALID_ARGUMENT',
      'not-sent',
      expect.stringMatching(/^The metadata ".*" is neither text nor bytes\.$/),
    ]);
  });

  test.each([
    ['a Map', new Map([['k', 'v']])],
    ['a list', ['v']],
    ['headers', new Headers({ k: 'v' })],
    ['null', null],
    ['a text', 'k=v'],
  ])('is %s in the place of an object', (_what, metadata) => {
    expect(thrownBy(metadata)).toEqual(['INVALID_ARGUMENT', 'not-sent', 'The metadata is to be a plain object.']);
  });

  test('is more than the other side takes, to the byte', () => {
    // One byte for the map, two for the key, three for the head of the text.
    const metadata = { k: 'x'.repeat(300) };
    const size = 306;
    expect(encodeMetadata(metadata, { metadata: size, chunk: 65_536 })).toHaveLength(size);
    expect(thrownBy(metadata, { metadata: size - 1, chunk: 65_536 })).toEqual([
      'RESOURCE_EXHAUSTED',
      'not-sent',
      `The metadata is ${size} bytes long, more than the other side takes: ${size - 1} (limit "metadata").`,
    ]);
  });

  test('is so much that a frame would hold nothing else', () => {
    const metadata = { k: 'x'.repeat(300) };
    expect(encodeMetadata(metadata, { metadata: 1000, chunk: 306 + 64 })).toHaveLength(306);
    expect(thrownBy(metadata, { metadata: 1000, chunk: 306 + 63 })).toMatchObject([
      'RESOURCE_EXHAUSTED',
      'not-sent',
      {},
    ]);
  });
});

test('encoded metadata is checked against what the other side takes; none always fits', () => {
  checkMetadata(undefined, { metadata: 0, chunk: 1024 });
  checkMetadata(new Uint8Array(10), { metadata: 10, chunk: 1024 });
  expect(() => checkMetadata(new Uint8Array(11), { metadata: 10, chunk: 1024 })).toThrow('(limit "metadata")');
});

test.each([
  ['nothing', []],
  ['a list', [0x90]],
  ['a number', [5]],
  ['nil', [0xc0]],
  ['a text', [0xa1, 0x6b]],
  ['a Map', [0xc7, 5, 1, 0x92, 0xa1, 0x6b, 0xa1, 0x76]],
  ['a date', [0xd6, 0xff, 0, 0, 0, 0]],
  ['cut off', [0x81, 0xa1, 0x6b]],
  ['longer than it says', [0x80, 0x80]],
  ['of a value that is a number', [0x81, 0xa1, 0x6b, 5]],
  ['of a value that is nil', [0x81, 0xa1, 0x6b, 0xc0]],
  ['of a value that is a map', [0x81, 0xa1, 0x6b, 0x80]],
  ['of a key that is a number', [0x81, 5, 0xa1, 0x76]],
  ['of the key __proto__', [0x81, 0xa9, ...Buffer.from('__proto__'), 0xa1, 0x76]],
])('metadata that is %s is malformed', (_what, bytes) => {
  const buffer = Buffer.from(bytes);
  expect(() => decodeMetadata(buffer, 0, buffer.length)).toThrow(Malformed);
});
