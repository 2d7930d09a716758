import { expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import type { Condition } from '../wire/condition.ts';
import type { Leaf, Shape } from '../wire/shape.ts';
import type { Schema } from './schema.ts';
import { shapeOf } from './shape.ts';

const text: Shape = { kind: 'string' };

function fields(field: Shape, optional = false): Shape {
  return { kind: 'fields', fields: [{ name: 'a', shape: field, optional }] };
}

const meeting = (kind: Leaf['kind'], ...meets: Condition[]): Leaf => ({ kind, meets });
const wholeFrom = (least: number, most: number): Leaf =>
  meeting('number', { kind: 'whole' }, { kind: 'least', bound: least }, { kind: 'most', bound: most });
const WHOLE = wholeFrom(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const LETTER: RegExp = /^[a-z]$/i;

const SHAPED: [Schema, Shape][] = [
  [z.object({ a: z.int() }), fields(WHOLE)],
  [mini.object({ a: mini.int() }), fields(WHOLE)],
  [z.object({ a: z.number().int() }), fields(WHOLE)],
  [z.object({ a: z.uint32() }), fields(wholeFrom(0, 2 ** 32 - 1))],
  [z.object({ a: z.int32().optional() }), fields(wholeFrom(-(2 ** 31), 2 ** 31 - 1), true)],
  [
    z.object({ a: z.number().positive().max(9) }),
    fields(meeting('number', { kind: 'above', bound: 0 }, { kind: 'most', bound: 9 })),
  ],
  [z.object({ a: z.string().min(1) }), fields(meeting('string', { kind: 'shortest', bound: 1 }))],
  [
    mini.object({ a: mini.string().check(mini.maxLength(7)) }),
    fields(meeting('string', { kind: 'longest', bound: 7 })),
  ],
  [z.object({ a: z.string().regex(LETTER) }), fields(meeting('string', { kind: 'matches', pattern: LETTER }))],
  [z.object({ a: z.email({ pattern: LETTER }) }), fields(meeting('string', { kind: 'matches', pattern: LETTER }))],
  [z.object({ a: z.enum(['x', 'y']) }), fields(meeting('string', { kind: 'among', values: ['x', 'y'] }))],
  [z.object({ a: z.literal(7) }), fields(meeting('number', { kind: 'among', values: [7] }))],
  [
    z.object({ a: z.literal(true).nullable() }),
    fields({ kind: 'nullable', of: meeting('boolean', { kind: 'among', values: [true] }) }),
  ],
  [z.object({ a: z.string() }), fields(text)],
  [mini.object({ a: mini.string() }), fields(text)],
  [z.object({ a: z.number().nullable() }), fields({ kind: 'nullable', of: { kind: 'number' } })],
  [z.object({ a: z.boolean().optional() }), fields({ kind: 'boolean' }, true)],
  [z.object({ a: z.null() }).describe('said of it').meta({ title: 'and more' }), fields({ kind: 'null' })],
  [z.object({ a: z.string({ error: 'in words of its own' }) }).brand('mine'), fields(text)],
  [z.array(z.object({ a: z.array(z.string()) })), { kind: 'list', of: fields({ kind: 'list', of: text }) }],
  [z.object({ a: z.string(), b: z.number() }).pick({ a: true }), fields(text)],
];

test('a schema that asks for types and plain checks has a shape', () => {
  for (const [schema, shape] of SHAPED) expect(shapeOf(schema)).toEqual(shape);
});

const symbol = Symbol('a');

test('a schema that asks for anything else has none', () => {
  const others: Schema[] = [
    z.coerce.string(),
    z.coerce.number().int(),
    z.url(),
    z.ipv6(),
    z.jwt(),
    z.base64(),
    z.stringFormat('uuid', () => true),
    z.string().startsWith('x'),
    z.string().regex(/x/g),
    z.string().regex(/x/y),
    z.string().regex(new (class Mine extends RegExp {})('x')),
    z.string().min(1).toLowerCase(),
    z
      .string()
      .min(1)
      .refine(() => true),
    z.string().check((payload) => void payload.value),
    z.number().multipleOf(3),
    z.number().min(Number.NEGATIVE_INFINITY),
    z.float32(),
    z.int().default(1),
    z.literal(['x', 1]),
    z.literal([null, 'x']),
    z.literal(undefined),
    z.literal(1n),
    z.literal(Number.NaN),
    z.enum([]),
    z.enum(['x'.repeat(3000)]),
    z.literal('x').refine(() => true),
    z.coerce.number(),
    z.coerce.boolean(),
    z.string().trim(),
    z.string().refine(() => true),
    z.string().default('x'),
    z.string().catch('x'),
    z.string().transform((value) => value.length),
    z.string().readonly(),
    z.string().exactOptional(),
    z.string().optional().nullable(),
    z.string().nonoptional(),
    z.string().prefault('x'),
    z.preprocess((value) => value, z.string()),
    z.codec(z.string(), z.number(), { decode: Number, encode: String }),
    z.stringbool(),
    z.union([z.string(), z.number()]),
    z.any(),
    z.unknown(),
    z.undefined(),
    z.date(),
    z.bigint(),
    z.nan(),
    z.map(z.string(), z.string()),
    z.record(z.string(), z.string()),
    z.tuple([z.string()]),
    z.instanceof(Uint8Array),
    z.lazy(() => z.string()),
    z.array(z.string()).max(3),
    z.array(z.string().optional()),
    z.strictObject({ a: z.string() }),
    z.looseObject({ a: z.string() }),
    z.object({ a: z.string() }).catchall(z.string()),
    z.object({ a: z.string() }).refine(() => true),
    z.object({ a: z.string() }).strict(),
    z.object({ a: z.string(), [symbol]: z.string() }),
    z.string().check(z.overwrite((value) => value)),
    { '~standard': { version: 1, vendor: 'other', validate: (value: unknown) => ({ value }) } },
  ];
  for (const [i, schema] of others.entries()) {
    expect(shapeOf(schema), `the ${i}th`).toBeUndefined();
    if ('_zod' in schema) expect(shapeOf(z.object({ a: schema as z.ZodType, b: z.string() })), `${i}`).toBeUndefined();
  }
  expect(shapeOf(undefined)).toBeUndefined();
});

test('a schema that holds itself has none', () => {
  const tree = z.object({
    name: z.string(),
    get children() {
      return z.array(tree);
    },
  });
  expect(shapeOf(tree)).toBeUndefined();
});

test('where zod is to make no code, nor is it made here', () => {
  z.config({ jitless: true });
  try {
    expect(shapeOf(z.object({ a: z.string() }))).toBeUndefined();
  } finally {
    z.config({ jitless: false });
  }
});
