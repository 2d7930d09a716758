import { expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import type { Shape } from '../wire/shape.ts';
import type { Schema } from './schema.ts';
import { shapeOf } from './shape.ts';

const text: Shape = { kind: 'string' };

function fields(field: Shape, optional = false): Shape {
  return { kind: 'fields', fields: [{ name: 'a', shape: field, optional }] };
}

const SHAPED: [Schema, Shape][] = [
  [z.object({ a: z.string() }), fields(text)],
  [mini.object({ a: mini.string() }), fields(text)],
  [z.object({ a: z.number().nullable() }), fields({ kind: 'nullable', of: { kind: 'number' } })],
  [z.object({ a: z.boolean().optional() }), fields({ kind: 'boolean' }, true)],
  [z.object({ a: z.null() }).describe('said of it').meta({ title: 'and more' }), fields({ kind: 'null' })],
  [z.object({ a: z.string({ error: 'in words of its own' }) }).brand('mine'), fields(text)],
  [z.array(z.object({ a: z.array(z.string()) })), { kind: 'list', of: fields({ kind: 'list', of: text }) }],
  [z.object({ a: z.string(), b: z.number() }).pick({ a: true }), fields(text)],
];

test('a schema that asks for types alone has a shape', () => {
  for (const [schema, shape] of SHAPED) expect(shapeOf(schema)).toEqual(shape);
});

const symbol = Symbol('a');

test('a schema that asks for anything else has none', () => {
  const others: Schema[] = [
    z.string().min(1),
    z.email(),
    z.int(),
    z.number().int(),
    z.number().positive(),
    z.coerce.string(),
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
    z.literal('x'),
    z.enum(['x']),
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
