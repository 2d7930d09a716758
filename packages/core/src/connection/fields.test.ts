import { expect, test } from 'vitest';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Fields } from './fields.ts';

function over(...bytes: number[]): Fields {
  // What lies around the payload is not to be read.
  return new Fields().reset(
    Buffer.from([0xaa, ...bytes, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb]),
    1,
    1 + bytes.length,
  );
}

test('fields are read one after the other, big-endian', () => {
  const fields = over(0xff, 0xfe, 0xdc, 0xff, 0xee, 0xdd, 0xcc, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 7, 8, 9);
  expect(fields.left).toBe(18);
  expect(fields.u8()).toBe(0xff);
  expect(fields.u16()).toBe(0xfedc);
  expect(fields.u32()).toBe(0xffee_ddcc);
  expect(fields.length()).toBe(0x1_ffff_ffff);
  expect([...fields.view(2)]).toEqual([7, 8]);
  expect(fields.left).toBe(1);
  expect([...fields.view(fields.left)]).toEqual([9]);
  expect([...fields.view(0)]).toEqual([]);
});

test('a field that the payload does not hold whole is refused, although there are bytes behind it', () => {
  const readers: readonly (readonly [size: number, read: (fields: Fields) => unknown])[] = [
    [1, (fields) => fields.u8()],
    [2, (fields) => fields.u16()],
    [4, (fields) => fields.u32()],
    [8, (fields) => fields.length()],
    [5, (fields) => fields.view(5)],
  ];
  for (const [size, read] of readers) {
    for (let length = 0; length < size; length++) {
      expect(() => read(over(...new Array<number>(length).fill(0)))).toThrow(
        new ProtocolError('a frame too short for its fields'),
      );
    }
    read(over(...new Array<number>(size).fill(0)));
  }
});

test('a length that no number holds exactly is refused', () => {
  expect(over(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).length()).toBe(Number.MAX_SAFE_INTEGER);
  for (const bytes of [
    [0, 0x20, 0, 0, 0, 0, 0, 0],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ]) {
    expect(() => over(...bytes).length()).toThrow(ProtocolError);
  }
});
