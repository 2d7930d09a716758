import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBody } from '../wire/body.ts';
import { Form } from '../wire/form.ts';
import { Malformed } from '../wire/inspect.ts';
import { DEFAULT_LIMITS, limitsWith } from '../wire/limits.ts';
import { NOT_PLAIN } from '../wire/plain-reader.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Assembly } from './assembly.ts';
import { Fields } from './fields.ts';

const MIB = 1024 * 1024;

test('however a message is cut, its parts make the message, and what is missing is always told', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500, size: 'max' }), fc.array(fc.nat(500)), (message, cuts) => {
      const inside = new Set(cuts.filter((place) => place < message.length));
      const places = [...[...inside].sort((a, b) => a - b), message.length];
      const source = Buffer.from(message);
      const assembly = new Assembly(message.length, true, source.subarray(0, places[0]));
      for (const [i, place] of places.entries()) {
        const whole = place === message.length;
        if (i > 0) expect(assembly.append(source.subarray(places[i - 1], place), !whole)).toBe(whole);
        expect([assembly.have, assembly.missing]).toEqual([place, message.length - place]);
      }
      // The chunks lie in memory that is read into again.
      source.fill(0xee);
      expect(Buffer.compare(assembly.value(true, DEFAULT_LIMITS) as Uint8Array, message)).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('memory grows with what has come, not with what was announced', () => {
  const before = process.memoryUsage().arrayBuffers;
  const held = (): number => process.memoryUsage().arrayBuffers - before;
  const assemblies = Array.from({ length: 50 }, () => new Assembly(1024 * MIB, true, new Uint8Array(1000)));
  // Any number of messages may begin.
  expect(held()).toBeLessThan(MIB);
  // Few are let on at a time: each then has a megabyte, and after that twice what has come.
  const [one] = assemblies as [Assembly];
  one.append(new Uint8Array(1000), true);
  expect(held()).toBeLessThan(2 * MIB);
  for (let i = 0; i < 10; i++) one.append(new Uint8Array(MIB / 2), true);
  expect(one.missing).toBe(1024 * MIB - 2000 - 5 * MIB);
  expect(held()).toBeLessThan(30 * MIB);
});

test('a message that came in parts is not held in more memory than its length', () => {
  const total = 3 * 65_536 + 10;
  const assembly = new Assembly(total, true, new Uint8Array(65_536));
  for (let i = 0; i < 2; i++) assembly.append(new Uint8Array(65_536), true);
  assembly.append(new Uint8Array(10), false);
  expect(assembly.missing).toBe(0);
  expect((assembly.value(true, DEFAULT_LIMITS) as Uint8Array).buffer.byteLength).toBe(total);
});

test('a message whose first frame held nothing of it comes whole', () => {
  const assembly = new Assembly(3, true, new Uint8Array(0));
  expect(assembly.append(Uint8Array.of(1), true)).toBe(false);
  expect(assembly.append(Uint8Array.of(2, 3), false)).toBe(true);
  expect(assembly.value(true, DEFAULT_LIMITS)).toEqual(Uint8Array.of(1, 2, 3));
});

test('a chunk that is empty, or that makes another length than was announced, is refused', () => {
  for (const [length, more, words] of [
    [0, true, 'empty'],
    [0, false, 'empty'],
    [6, false, 'ends before the 10 bytes'],
    [7, true, 'goes on past the 10 bytes'],
    [8, true, 'goes on past'],
    [8, false, 'goes on past'],
  ] as const) {
    const assembly = new Assembly(10, true, new Uint8Array(3));
    expect(() => assembly.append(new Uint8Array(length), more), `${length} ${more}`).toThrow(words);
    expect(() => assembly.append(new Uint8Array(length), more)).toThrow(ProtocolError);
  }
});

describe('a message that begins', () => {
  const limits = limitsWith({ message: 2000, bytes: 3000 });

  function begin(total: number, first: number, raw: boolean): Assembly {
    const payload = Buffer.alloc(8 + first, 5);
    payload.writeBigUInt64BE(BigInt(total));
    return Assembly.begin(new Fields().reset(payload, 0, payload.length), raw, limits);
  }

  test('holds what its first frame held', () => {
    const assembly = begin(2000, 10, false);
    expect([assembly.total, assembly.raw, assembly.have, assembly.missing]).toEqual([2000, false, 10, 1990]);
    assembly.append(new Uint8Array(1990).fill(6), false);
    expect(assembly.value(true, limits)).toEqual(new Uint8Array(2000).fill(5, 0, 10).fill(6, 10));
  });

  test('is refused where it announces more than is taken of its kind', () => {
    begin(2000, 10, false);
    begin(3000, 10, true);
    expect(() => begin(2001, 10, false)).toThrow('a message of 2001 bytes, where 2000 are taken (limit "message")');
    expect(() => begin(3001, 10, true)).toThrow('a message of 3001 bytes, where 3000 are taken (limit "bytes")');
  });

  test('is refused where nothing is missing of it', () => {
    begin(11, 10, true);
    for (const total of [0, 9, 10]) expect(() => begin(total, 10, true)).toThrow('goes on although it is whole');
  });
});

test('a message that is no bytes has the value that its bytes mean, or is malformed', () => {
  const assembly = new Assembly(3, false, Uint8Array.of(0x92));
  assembly.append(Uint8Array.of(1, 2), false);
  expect(assembly.value(false, DEFAULT_LIMITS)).toEqual([1, 2]);
  const cut = new Assembly(3, false, Uint8Array.of(0x93));
  cut.append(Uint8Array.of(1, 2), false);
  expect(() => cut.value(false, DEFAULT_LIMITS)).toThrow(Malformed);
});

test('a long message is read by its form, once that is worth it, as it is without', () => {
  const form = new Form({ kind: 'list', of: { kind: 'string' } });
  const values = [Array.from({ length: 9000 }, (_, i) => `item ${i}`), ['a'.repeat(70_000), 'é'.repeat(40_000), '']];
  let formed = 0;
  for (let i = 0; i < 230; i++) {
    const value = values[i % 2];
    const body = Buffer.from(encodeBody(value, DEFAULT_LIMITS));
    const assembly = new Assembly(body.length, false, body.subarray(0, 1000), true);
    assembly.append(body.subarray(1000), false);
    const read = assembly.formed(form, DEFAULT_LIMITS);
    if (read !== NOT_PLAIN) formed++;
    expect(isDeepStrictEqual(read === NOT_PLAIN ? assembly.value(false, DEFAULT_LIMITS) : read, value)).toBe(true);
  }
  expect(formed).toBe(30);
});

test('a body that its form writes and that is too long to be copied into a frame has memory of its own', () => {
  const form = new Form({ kind: 'list', of: { kind: 'string' } });
  const encode = (value: unknown): Uint8Array => encodeBody(value, DEFAULT_LIMITS, form, 65_536);
  for (let i = 0; i < 200; i++) encode(['a']);
  const bodies = ['a', 'b', 'c'].map((letter) => encode([letter.repeat(10_000), letter.repeat(10_000)]));
  expect(new Set(bodies.map(({ buffer }) => buffer)).size).toBe(3);
  expect(bodies.map((body) => body[10])).toEqual([0x61, 0x62, 0x63]);
});
