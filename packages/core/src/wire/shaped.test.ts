import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBody, encodeBody } from './body.ts';
import { Malformed } from './inspect.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { NOT_PLAIN } from './plain-reader.ts';
import { type Field, isCompilable, type Shape } from './shape.ts';
import { compileReader } from './shaped-reader.ts';
import { compileWriter } from './shaped-writer.ts';

const anyName = fc.oneof(
  fc.constantFrom('id', 'name', 'constructor', 'toString', 'then', '', 'é', 'a"b\\c\n', '\u2028', 'k'.repeat(31)),
  fc.string({ maxLength: 6 }),
);

const { shape: anyShape } = fc.letrec<{ shape: Shape; leaf: Shape }>((tie) => ({
  leaf: fc.constantFrom<Shape>({ kind: 'string' }, { kind: 'number' }, { kind: 'boolean' }, { kind: 'null' }),
  shape: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'shape' },
    tie('leaf'),
    fc.record({ kind: fc.constant('nullable' as const), of: tie('shape') }),
    fc.record({ kind: fc.constant('list' as const), of: tie('shape') }),
    fc.record({
      kind: fc.constant('fields' as const),
      fields: fc.uniqueArray(
        fc.record<Field>({ name: anyName, shape: tie('shape'), optional: fc.nat(3).map((n) => n === 0) }),
        { minLength: 1, maxLength: 15, selector: ({ name }) => name, size: '-1' },
      ),
    }),
  ),
}));

const compilable = anyShape.filter(isCompilable);

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed()),
  fc.integer({ min: 0, max: 300 }).map((length) => 'x'.repeat(length)),
);

const anyNumber = fc.oneof(
  fc.constantFrom(0, -0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -1, -32, -33, -128, -129),
  fc.constantFrom(-32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** A value of the shape. */
function madeOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'string':
      return anyText;
    case 'number':
      return anyNumber;
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'nullable':
      return fc.option(madeOf(shape.of));
    case 'list':
      return fc.array(madeOf(shape.of), { maxLength: 18, size: '-1' });
    case 'fields':
      return fc
        .tuple(
          ...shape.fields.map((field) => {
            const value = madeOf(field.shape).map((one) => [[field.name, one]]);
            return field.optional ? fc.oneof(value, fc.constantFrom([], [[field.name, undefined]])) : value;
          }),
        )
        .map((entries) => Object.fromEntries(entries.flat()));
  }
}

const shapeAndValue = compilable.chain((shape) => fc.tuple(fc.constant(shape), madeOf(shape)));

/** What a writer makes of a value in so much room, or undefined. */
function write(shape: Shape, value: unknown, exactly = true, room = 60_000): Buffer | undefined {
  const into = Buffer.alloc(room + 10, 0xee);
  const view = new DataView(into.buffer, into.byteOffset);
  const end = compileWriter(shape, exactly)(into, view, 3, 3 + room, value);
  expect(into.subarray(0, 3).equals(Buffer.alloc(3, 0xee))).toBe(true);
  expect(into.subarray(3 + room).equals(Buffer.alloc(7, 0xee))).toBe(true);
  return end < 0 ? undefined : into.subarray(3, end);
}

function decoded(bytes: Buffer, start = 0): unknown {
  try {
    return decodeBody(bytes, start, bytes.length, false, DEFAULT_LIMITS);
  } catch (error) {
    if (error instanceof Malformed) return NOT_PLAIN;
    throw error;
  }
}

/** Keys in their order, which `toStrictEqual` does not look at. */
function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([key, field]) => [key, keysOf(field)]);
}

function expectSame(actual: unknown, expected: unknown): void {
  // Other than toStrictEqual this takes no key for what objects inherit.
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected);
  expect(isDeepStrictEqual(actual, expected)).toBe(true);
  expect(keysOf(actual)).toEqual(keysOf(expected));
}

describe('a message of a known shape', () => {
  test('is written as it is otherwise, by either writer', () => {
    fc.assert(
      fc.property(shapeAndValue, ([shape, value]) => {
        const bytes = Buffer.from(encodeBody(value, DEFAULT_LIMITS));
        if (bytes.length > 20_000) return;
        expect(write(shape, value)).toEqual(bytes);
        expect(write(shape, value, false)).toEqual(bytes);
      }),
    );
  });

  test('is written where it fits, and nowhere else', () => {
    fc.assert(
      fc.property(shapeAndValue, fc.nat({ max: 400 }), fc.boolean(), ([shape, value], room, exactly) => {
        const bytes = write(shape, value, exactly, room);
        if (bytes !== undefined) expect(bytes).toEqual(Buffer.from(encodeBody(value, DEFAULT_LIMITS)));
      }),
    );
  });

  test('is read as it is otherwise, wherever it stands', () => {
    fc.assert(
      fc.property(shapeAndValue, fc.nat({ max: 9 }), fc.nat({ max: 9 }), ([shape, value], before, behind) => {
        const bytes = Buffer.from(encodeBody(value, DEFAULT_LIMITS));
        const moved = Buffer.concat([Buffer.alloc(before, 0x82), bytes, Buffer.alloc(behind, 0xc3)]);
        expectSame(compileReader(shape)(moved, before, before + bytes.length), decoded(bytes));
      }),
    );
  });

  test('that is cut, longer, or changed at any place, is read as it is otherwise, or left to that', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(shapeAndValue, changes, fc.nat({ max: 2 }), fc.nat(), ([shape, value], changed, how, place) => {
        const bytes = Buffer.from(encodeBody(value, DEFAULT_LIMITS));
        const read = compileReader(shape);
        if (how === 0) for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
        const end = how === 1 ? place % bytes.length : bytes.length;
        // What stands behind the end is another message's.
        const found = read(bytes, 0, end);
        const expected = decoded(bytes.subarray(0, end));
        if (found !== NOT_PLAIN) expectSame(found, expected);
        expectSame(read(bytes.subarray(0, end), 0, end), found);
      }),
      { numRuns: 2000 },
    );
  });

  test('of another shape is left, or is the same', () => {
    fc.assert(
      fc.property(compilable, shapeAndValue, (shape, [, value]) => {
        const bytes = Buffer.from(encodeBody(value, DEFAULT_LIMITS));
        const found = compileReader(shape)(bytes, 0, bytes.length);
        if (found !== NOT_PLAIN) expectSame(found, decoded(bytes));
        const exactly = write(shape, value);
        if (exactly !== undefined) expect(exactly).toEqual(bytes);
      }),
    );
  });
});

describe('one that has the shape almost', () => {
  const shape: Shape = {
    kind: 'fields',
    fields: [
      { name: 'id', shape: { kind: 'number' }, optional: false },
      { name: 'tag', shape: { kind: 'string' }, optional: true },
      { name: 'note', shape: { kind: 'string' }, optional: true },
    ],
  };

  test('is written exactly, or left', () => {
    for (const value of [{ id: 1 }, { id: 1, tag: 'x' }, { id: 1, tag: undefined }, { id: 1, note: 'x' }]) {
      expect(write(shape, value), JSON.stringify(value)).toBeDefined();
    }
    class Id {
      id = 1;
    }
    const hidden = Object.defineProperty({ id: 1 }, 'tag', { value: 'x' });
    for (const value of [
      { tag: 'x', id: 1 },
      { id: 1, other: 2 },
      { id: '1' },
      { id: Number.NaN },
      {},
      new Id(),
      hidden,
    ]) {
      expect(write(shape, value), JSON.stringify(value)).toBeUndefined();
    }
    for (const value of [{ id: 1, tag: '\ud800' }, [1], null, undefined, 5, 'x', new Map([['id', 1]]), { id: 1n }]) {
      expect(write(shape, value)).toBeUndefined();
      expect(write(shape, value, false)).toBeUndefined();
    }
  });

  test('is checked while it is written: what is not declared is left out, in the order of the declaration', () => {
    const checked = (value: unknown): unknown =>
      decoded(write({ ...shape, fields: shape.fields.slice(0, 2) } as Shape, value, false) as Buffer);
    expectSame(checked({ tag: 'x', other: {}, id: 1 }), { id: 1, tag: 'x' });
    expectSame(checked({ id: 1, tag: undefined }), { id: 1, tag: undefined });
    expectSame(checked(Object.create({ id: 1 })), { id: 1 });
  });

  test('is read by the same names in the same order alone', () => {
    const read = compileReader(shape);
    for (const value of [
      { tag: 'x', id: 1 },
      { id: 1, other: 2 },
      { id: '1' },
      { id: Number.NaN },
      { tag: 'x' },
      [1],
    ]) {
      const bytes = Buffer.from(encodeBody(value, DEFAULT_LIMITS));
      expect(read(bytes, 0, bytes.length), JSON.stringify(value)).toBe(NOT_PLAIN);
    }
  });
});

test('no code is made for names that engines or the wire have a meaning of their own for, nor for very large shapes', () => {
  const named = (name: string): Shape => ({
    kind: 'fields',
    fields: [{ name, shape: { kind: 'null' }, optional: false }],
  });
  expect(isCompilable(named('x1'))).toBe(true);
  for (const name of ['__proto__', 'constructor', 'toString', '0', '17', '\ud800', 'k'.repeat(32), 'é'.repeat(16)]) {
    expect(isCompilable(named(name)), name).toBe(false);
  }
  let deep = named('x');
  for (let i = 0; i < 600; i++) deep = { kind: 'nullable', of: deep };
  expect(isCompilable(deep)).toBe(false);
  expect(isCompilable({ kind: 'string' })).toBe(false);
  expect(isCompilable({ kind: 'fields', fields: [] })).toBe(false);
});
