/** That a form means what its schema means: zod is the judge. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { shapeOf } from '../contract/shape.ts';
import { decodeBody, encodeBody } from '../wire/body.ts';
import { type Condition, unmet } from '../wire/condition.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { NOT_PLAIN } from '../wire/plain-reader.ts';
import { isCompilable, type Leaf, type Shape } from '../wire/shape.ts';
import { compileReader } from '../wire/shaped-reader.ts';
import { compileWriter } from '../wire/shaped-writer.ts';

const name = fc.constantFrom('a', 'b', 'id', 'items', 'then', 'é', 'a b');

const CHECKED: readonly z.ZodType[] = [
  z.int(),
  z.uint32(),
  z.int32().min(-7).optional().unwrap(),
  z.number().gte(-3.5).lt(8),
  z.number().gt(0).lte(1e9),
  z.string().min(1),
  z.string().min(3).max(9),
  z.string().length(4),
  z.string().regex(/^\p{L}+$/u),
  z.uuid(),
  z.email(),
  z.iso.datetime(),
  z.iso.date(),
  z.enum(['a', 'b"\u2028', 'é', '']),
  z.enum({ Up: 1, Down: -2.5 }),
  z.literal(0),
  z.literal(true),
];

const TEXTS = [
  'a',
  'ab',
  'abcd',
  'abcdefghi',
  '2026-01-31',
  '2026-01-31T12:00:00Z',
  'ada@example.org',
  'ü',
  '👋👋',
  '👋',
];
const anyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom(...TEXTS),
  fc.uuid(),
);
const anyNumber = fc.oneof(
  fc.integer(),
  fc.integer({ min: -9, max: 9 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 2 ** 32, 2 ** 53, 2 ** 53 - 1, -2.5, 3.9),
);

/** Whether a value meets what its form asks, and is no text that versions of zod find differently long. */
function meets(conditions: readonly Condition[], value: unknown): boolean {
  return new Function('x', `return !(${unmet(conditions, 'x')})`)(value) as boolean;
}

/** Values of a leaf. */
function leaves({ kind, meets: conditions = [] }: Leaf): fc.Arbitrary<unknown> {
  const named = conditions.flatMap((condition) => (condition.kind === 'among' ? condition.values : []));
  if (named.length > 0) return fc.constantFrom(...named);
  const byKind = { string: anyText, number: anyNumber, boolean: fc.boolean(), null: fc.constant(null) };
  const values: fc.Arbitrary<unknown> = byKind[kind];
  return conditions.length === 0 ? values : values.filter((value) => meets(conditions, value));
}

const { schema: anySchema } = fc.letrec<{ schema: z.ZodType; field: z.ZodType }>((tie) => ({
  field: fc.oneof(
    { weight: 3, arbitrary: tie('schema') },
    { weight: 1, arbitrary: tie('schema').map((inner) => inner.optional()) },
  ),
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<z.ZodType>(z.string(), z.number(), z.boolean(), z.null(), z.string().nullable()),
    fc.constantFrom<z.ZodType>(...CHECKED),
    tie('schema').map((inner) => z.array(inner)),
    tie('schema').map((inner) => inner.nullable()),
    fc.dictionary(name, tie('field'), { minKeys: 1, maxKeys: 5 }).map((fields) => z.object(fields)),
  ),
}));

const anyForm = anySchema.chain((schema) => {
  const shape = shapeOf(schema);
  return shape === undefined || !isCompilable(shape) ? fc.constant(undefined) : fc.constant({ schema, shape });
});

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, '', 'x', 0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1n),
  fc.constantFrom<unknown>({}, [], [undefined], new Date(0), new Map([['a', 1]]), new Uint8Array(2), { a: 1 }, ['x']),
);

/** A value that the shape has, or at some places nearly has: with fields too many, too few, of other types, or in disorder. */
function nearly(shape: Shape, odd: number): fc.Arbitrary<unknown> {
  const value = exactly(shape, odd);
  return odd === 0 ? value : fc.oneof({ weight: odd, arbitrary: value }, { weight: 1, arbitrary: anything });
}

function exactly(shape: Shape, odd: number): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'nullable':
      return fc.option(nearly(shape.of, odd));
    case 'list':
      return fc.array(nearly(shape.of, odd), { maxLength: 17, size: '-1' });
    case 'fields': {
      const entries = shape.fields.map((field) => {
        const entry = nearly(field.shape, odd).map((value) => [[field.name, value]]);
        return field.optional || odd > 0
          ? fc.oneof(
              { weight: odd + 2, arbitrary: entry },
              { weight: 1, arbitrary: fc.constantFrom([], [[field.name, undefined]]) },
            )
          : entry;
      });
      const all = fc.tuple(...entries).map((found) => found.flat());
      if (odd === 0) return all.map(Object.fromEntries);
      const more = fc.array(fc.tuple(fc.constantFrom('a', 'more', '7'), anything), { maxLength: 1 });
      return fc
        .tuple(all, more, fc.nat(odd))
        .map(([given, others, turn]) =>
          Object.fromEntries(turn === 0 ? [...others, ...given.reverse()] : [...given, ...others]),
        );
    }
    default:
      // Where some may be odd, those that do not meet what is asked come, too.
      return odd === 0
        ? leaves(shape)
        : fc.oneof({ weight: 9, arbitrary: leaves(shape) }, leaves({ kind: shape.kind }));
  }
}

/** Keys in their order. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, field]) => [key, shown(field)]);
}

function same(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other) && isDeepStrictEqual(shown(one), shown(other));
}

const scratch = Buffer.alloc(100_000);
const view = new DataView(scratch.buffer);

function encoded(value: unknown): Buffer | undefined {
  try {
    return Buffer.from(encodeBody(value, DEFAULT_LIMITS));
  } catch {
    return undefined;
  }
}

/** Holds both functions of a form to what zod and the common way make of the value. */
function compare({ schema, shape }: { schema: z.ZodType; shape: Shape }, value: unknown, valid: boolean): void {
  const parsed = schema.safeParse(value);
  if (valid) expect(parsed.success).toBe(true);
  const end = compileWriter(shape, false)(scratch, view, 0, scratch.length, value);
  if (end >= 0) {
    expect(parsed.success).toBe(true);
    expect(scratch.subarray(0, end).equals(encoded(parsed.data) as Buffer)).toBe(true);
  } else expect(valid).toBe(false);
  const bytes = encoded(value);
  // What is bytes alone goes as such, and never by a form.
  if (bytes === undefined || bytes.length === 0 || value instanceof Uint8Array) return;
  const read = compileReader(shape)(bytes, 0, bytes.length);
  const common = schema.safeParse(decodeBody(bytes, 0, bytes.length, false, DEFAULT_LIMITS));
  if (read !== NOT_PLAIN) expect(common.success && same(read, common.data)).toBe(true);
  else expect(valid).toBe(false);
}

test('what a schema takes is read and written by its form as by the schema', () => {
  const formAndValue = anyForm.chain((form) =>
    fc.tuple(fc.constant(form), form ? exactly(form.shape, 0) : fc.constant(0)),
  );
  fc.assert(
    fc.property(formAndValue, ([form, value]) => form && compare(form, value, true)),
    { numRuns: 500 },
  );
});

test('what it does not take, or takes otherwise, is so by its form, or left to the schema', () => {
  const formAndValue = anyForm.chain((form) =>
    fc.tuple(fc.constant(form), form ? nearly(form.shape, 20) : fc.constant(0)),
  );
  fc.assert(
    fc.property(formAndValue, ([form, value]) => form && compare(form, value, false)),
    { numRuns: 3000 },
  );
});
