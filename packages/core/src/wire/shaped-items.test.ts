import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeBody } from './body.ts';
import { Form } from './form.ts';
import { decodeItems } from './items.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { NOT_PLAIN } from './plain-reader.ts';
import type { Shape } from './shape.ts';

const row: Shape = {
  kind: 'fields',
  fields: [
    { name: 'id', shape: { kind: 'number' }, optional: false },
    { name: 'name', shape: { kind: 'nullable', of: { kind: 'string' } }, optional: false },
    { name: 'tags', shape: { kind: 'list', of: { kind: 'string' } }, optional: true },
  ],
};

const anyRow = fc.record(
  {
    id: fc.oneof(fc.nat(300), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    name: fc.option(
      fc.oneof(fc.string({ maxLength: 14 }), fc.string({ unit: 'binary', maxLength: 6 }), fc.constant('x'.repeat(300))),
    ),
    tags: fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
  },
  { requiredKeys: ['id', 'name'] },
);

/** A form that has its functions already. */
function formOf(shape: Shape): Form {
  const form = new Form(shape);
  const many = bodyOf(new Array(16).fill({ id: 1, name: 'x' }));
  expect(form.readItems(many, 0, many.length, DEFAULT_LIMITS)).toHaveLength(16);
  return form;
}

function bodyOf(items: unknown[]): Buffer {
  return Buffer.from(encodeBody(items, DEFAULT_LIMITS));
}

function read(bytes: Buffer, limits: Limits = DEFAULT_LIMITS): unknown {
  return formOf(row).readItems(bytes, 0, bytes.length, limits);
}

describe('items of one shape', () => {
  test('are read as by the common way, however many they are', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1, maxLength: 40, size: 'max' }), (rows) => {
        const wellFormed = rows.filter(({ name }) => name?.isWellFormed() !== false);
        if (wellFormed.length === 0) return;
        const bytes = bodyOf(wellFormed);
        expect(read(bytes)).toEqual(decodeItems(bytes, 0, bytes.length, DEFAULT_LIMITS));
        expect(read(bytes)).toEqual(wellFormed);
      }),
    );
  });

  test('wherever they lie, and they keep nothing of the bytes', () => {
    const rows = Array.from({ length: 40 }, (_, id) => ({ id, name: `row ${id} é` }));
    const body = bodyOf(rows);
    const bytes = Buffer.concat([Buffer.alloc(7, 0xdc), body, Buffer.alloc(9, 0xdc)]);
    const items = formOf(row).readItems(bytes, 7, 7 + body.length, DEFAULT_LIMITS);
    bytes.fill(0);
    expect(items).toEqual(rows);
  });

  test('are left to the common way with any other among them, and when bytes are missing, wrong or too many', () => {
    const rows = Array.from({ length: 20 }, (_, id) => ({ id, name: `row ${id}` }));
    for (const other of [
      { id: 1 },
      { name: 'x', id: 1 },
      { id: 1, name: 2 },
      { id: Number.NaN, name: '' },
      null,
      5,
      [],
    ]) {
      expect(read(bodyOf([...rows, other]))).toBe(NOT_PLAIN);
    }
    const bytes = bodyOf(rows);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        const items = read(changed);
        if (items !== NOT_PLAIN) expect(items).toEqual(decodeItems(changed, 0, changed.length, DEFAULT_LIMITS));
        expect(read(bytes.subarray(0, at))).toBe(NOT_PLAIN);
      }),
      { numRuns: 1000 },
    );
    expect(read(Buffer.concat([bytes, Buffer.of(1)]))).toBe(NOT_PLAIN);
  });

  test('none at all is none of theirs', () => {
    for (const bytes of [[0x90], [0x90, 0, 0, 0, 0], [0xdc, 0, 0], [0xdc, 0, 0, 0, 0], [0xdd, 0, 0, 0, 0], []]) {
      expect(read(Buffer.from(bytes))).toBe(NOT_PLAIN);
    }
  });

  test('are left to the common way with one that is over a limit', () => {
    const rows = [...Array.from({ length: 20 }, (_, id) => ({ id, name: '' })), { id: 1, name: 'x'.repeat(2000) }];
    const bytes = bodyOf(rows);
    expect(read(bytes)).toEqual(rows);
    for (const limit of [{ message: 1024 }, { values: 1024 }, { depth: 1 }]) {
      expect(read(bytes, { ...DEFAULT_LIMITS, ...limit })).toBe(NOT_PLAIN);
    }
  });
});

describe('a form of items', () => {
  const few = bodyOf([{ id: 1, name: 'x' }]);

  test('makes no function for few of them', () => {
    const form = new Form(row);
    expect(form.readItems(few, 0, few.length, DEFAULT_LIMITS)).toBe(NOT_PLAIN);
    expect(form.itemWriter(true, 1, DEFAULT_LIMITS)).toBe(undefined);
    expect(form.itemWriter(true, 16, DEFAULT_LIMITS)).toBeTypeOf('function');
  });

  test('writes none where its values nest deeper than the other end takes, or the program has changed all objects', () => {
    const form = new Form(row);
    expect(form.itemWriter(true, 16, { ...DEFAULT_LIMITS, depth: 1 })).toBe(undefined);
    let write: unknown;
    try {
      Object.defineProperty(Object.prototype, 'everywhere', { value: 1, enumerable: true, configurable: true });
      write = form.itemWriter(true, 16, DEFAULT_LIMITS);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'everywhere');
    }
    expect(write).toBe(undefined);
    expect(form.itemWriter(true, 16, DEFAULT_LIMITS)).toBeTypeOf('function');
  });
});
