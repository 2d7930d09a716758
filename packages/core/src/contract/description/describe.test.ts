import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import type { Schema } from '../schema.ts';
import { MAX_DESCRIPTION } from './canonical.ts';
import { describeMethod } from './describe.ts';
import { fingerprintOf } from './fingerprint.ts';
import { plans, schemaOf } from './test-schemas.ts';

/** The description of a schema, as an input's. */
function described(input: Schema): unknown {
  const text = describeMethod({ input, output: undefined, errors: {} });
  return text === undefined ? undefined : JSON.parse(text).input;
}

describe('a schema is described by the values that cross the wire', () => {
  test.each<[string, Schema, unknown]>([
    ['text, however it is refined', z.string().min(3).email(), { type: 'string' }],
    ['a number, however it is refined', z.int().positive().multipleOf(5), { type: 'number' }],
    ['a template', z.templateLiteral(['a', z.number()]), { type: 'string' }],
    ['what JSON lacks: Date', z.date(), { type: 'date' }],
    ['BigInt', z.bigint(), { type: 'bigint' }],
    ['bytes', z.instanceof(Uint8Array), { type: 'bytes' }],
    ['undefined', z.undefined(), { type: 'undefined' }],
    ['void', z.void(), { type: 'undefined' }],
    ['NaN', z.nan(), { type: 'nan' }],
    [
      'a Map with what it holds',
      z.map(z.string(), z.date()),
      { type: 'map', keys: { type: 'string' }, values: { type: 'date' } },
    ],
    ['a Set with what it holds', z.set(z.bigint()), { type: 'set', items: { type: 'bigint' } }],
    ['anything', z.unknown(), {}],
    ['nothing at all', z.never(), false],
    ['null', z.null(), { type: 'null' }],
    ['constants, in their order', z.literal(['b', 'a', 1, true, null]), { enum: ['a', 'b', 1, null, true] }],
    ['BigInts among them', z.literal([2n, 'a']), { anyOf: [{ enum: ['2'], type: 'bigint' }, { enum: ['a'] }] }],
    ['an enum', z.enum({ High: 2, Low: 1 }), { enum: [1, 2] }],
    [
      'a union, flat',
      z.union([z.string(), z.union([z.number(), z.string()])]),
      { anyOf: [{ type: 'number' }, { type: 'string' }] },
    ],
    ['what may be null', z.string().nullable(), { anyOf: [{ type: 'null' }, { type: 'string' }] }],
    ['an intersection', z.string().and(z.string()), { allOf: [{ type: 'string' }, { type: 'string' }] }],
    ['an array', z.array(z.string()).min(1), { type: 'array', items: { type: 'string' } }],
    [
      'a tuple',
      z.tuple([z.string(), z.number().optional()], z.null()),
      {
        type: 'array',
        prefixItems: [{ type: 'string' }, { anyOf: [{ type: 'number' }, { type: 'undefined' }] }],
        minItems: 1,
        items: { type: 'null' },
      },
    ],
    ['an object of nothing', z.object({}), { type: 'object' }],
    ['one that takes no other fields', z.strictObject({}), { type: 'object', additionalProperties: false }],
    ['one that takes any', z.looseObject({}), { type: 'object', additionalProperties: {} }],
    ['a record', z.record(z.string(), z.number()), { type: 'object', additionalProperties: { type: 'number' } }],
    [
      'a record of certain fields',
      z.record(z.enum(['a', 'b']), z.number()),
      {
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' } },
        required: ['a', 'b'],
        additionalProperties: false,
      },
    ],
    [
      'fields that must be there, may be, and are filled in',
      z.object({ c: z.string(), b: z.string().optional(), a: z.string().default('x'), d: z.string().exactOptional() }),
      {
        type: 'object',
        properties: {
          a: { type: 'string', default: true },
          b: { anyOf: [{ type: 'string' }, { type: 'undefined' }] },
          c: { type: 'string' },
          d: { type: 'string' },
        },
        required: ['a', 'c'],
      },
    ],
    [
      'the encoded side of a codec',
      z.codec(z.iso.datetime(), z.date(), { decode: (s) => new Date(s), encode: String }),
      { type: 'string' },
    ],
    ['what a transform takes', z.string().transform(Number), { type: 'string' }],
    ['what comes before a pipe', z.string().pipe(z.coerce.number()), { type: 'string' }],
    ['what only code can tell', z.custom(() => true), { type: 'custom' }],
    ['an instance', z.instanceof(URL), { type: 'custom' }],
    ['a preprocessed value', z.preprocess(String, z.string()), { type: 'custom' }],
    ['what is coerced', z.coerce.number(), { anyOf: [{ type: 'custom' }, { type: 'number' }] }],
    ['what is caught', z.number().catch(0), { anyOf: [{ type: 'custom' }, { type: 'number' }] }],
    [
      'a field that is caught where it is missing',
      z.object({ a: z.number().catch(0) }),
      {
        type: 'object',
        properties: { a: { anyOf: [{ type: 'custom' }, { type: 'number' }], default: true } },
        required: ['a'],
      },
    ],
    ['a branded, read-only text', z.string().brand('id').readonly(), { type: 'string' }],
    ['what must be there after all', z.string().optional().nonoptional(), { type: 'string' }],
    ['metadata aside', z.string().meta({ id: 'x', title: 'A text' }).describe('text'), { type: 'string' }],
  ])('%s', (_, schema, meant) => {
    expect(described(schema)).toEqual(meant);
  });

  test('one that contains itself names itself', () => {
    const Tree = z.object({
      get children() {
        return z.array(Tree);
      },
    });
    const Lazy: z.ZodType = z.lazy(() => z.union([z.string(), z.array(Lazy)]));
    const tree = {
      properties: { children: { items: { $ref: '#/$defs/0' }, type: 'array' } },
      required: ['children'],
      type: 'object',
    };
    expect(described(Tree)).toEqual({ $ref: '#/$defs/0', $defs: { 0: tree } });
    expect(described(z.tuple([Tree, Tree]))).toMatchObject({
      prefixItems: [{ $ref: '#/$defs/0' }, { $ref: '#/$defs/0' }],
      $defs: { 0: tree },
    });
    expect(described(Lazy)).toMatchObject({ $ref: '#/$defs/0' });
  });

  test('zod/mini is described as zod is', () => {
    const classic = z.object({ a: z.string().optional(), b: z.array(z.date().nullable()), c: z.number().default(1) });
    const small = mini.object({
      c: mini._default(mini.number(), 1),
      b: mini.array(mini.nullable(mini.date())),
      a: mini.optional(mini.string()),
    });
    expect(described(small)).toEqual(described(classic));
  });
});

/** A schema of another library, with its own description, or none. */
function foreign(jsonSchema?: { input: () => unknown; output?: () => unknown }): Schema {
  const validate = (value: unknown) => ({ value });
  const both = jsonSchema && { output: jsonSchema.input, ...jsonSchema };
  return { '~standard': { version: 1, vendor: 'other', validate, jsonSchema: both } } as Schema;
}

describe('a schema of another library', () => {
  test('is described by its JSON Schema, less what refines it', () => {
    const given = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { Node: { type: ['object', 'null'], properties: { next: { $ref: '#/$defs/Node' } } } },
      type: 'object',
      properties: {
        id: { type: 'integer', minimum: 1 },
        kind: { const: 'a', title: 'Kind' },
        text: { type: 'string', format: 'email' },
        list: { type: 'array', prefixItems: [{ type: 'string' }], minItems: 1, items: false },
        any: { description: 'whatever' },
        many: { oneOf: [{ type: 'string' }, { enum: [1, 2] }] },
        odd: { not: {} },
        node: { $ref: '#/$defs/Node' },
      },
      required: ['kind', 'id'],
      additionalProperties: false,
    };
    expect(described(foreign({ input: () => given }))).toEqual({
      $defs: {
        Node: { anyOf: [{ properties: { next: { $ref: '#/$defs/Node' } }, type: 'object' }, { type: 'null' }] },
      },
      type: 'object',
      properties: {
        id: { type: 'number' },
        kind: { enum: ['a'] },
        text: { type: 'string' },
        list: { type: 'array', prefixItems: [{ type: 'string' }], minItems: 1, items: false },
        any: {},
        many: { anyOf: [{ enum: [1, 2] }, { type: 'string' }] },
        odd: { type: 'custom' },
        node: { $ref: '#/$defs/Node' },
      },
      required: ['id', 'kind'],
      additionalProperties: false,
    });
  });

  test('is not described where it cannot be, and nothing fails', () => {
    const unknown: Schema[] = [
      foreign(),
      foreign({
        input() {
          throw new Error('A Date has no JSON Schema.');
        },
      }),
      foreign({ input: () => ({ $ref: 'https://example.org/other' }) }),
      foreign({ input: () => 'nonsense' }),
    ];
    for (const schema of unknown) expect(described(schema)).toBeUndefined();
  });

  test('whose output is sent otherwise than it is read is not described as an output', () => {
    const schema = foreign({ input: () => ({ type: 'string' }), output: () => ({ type: 'number' }) });
    const input = { input: { type: 'string' } };
    expect(JSON.parse(describeMethod({ input: schema, output: schema, errors: {} }) ?? '')).toEqual(input);
  });
});

describe('a description', () => {
  test('holds what the method takes and gives, and its errors; of which what cannot be described is missing', () => {
    const text = describeMethod({
      input: z.string(),
      output: z.number(),
      errors: { b: z.null(), a: foreign(), c: z.void() },
    });
    expect(text).toBe(
      '{"errors":{"b":{"type":"null"},"c":{"type":"undefined"}},"input":{"type":"string"},"output":{"type":"number"}}',
    );
  });

  test('is the same text however fields and choices are ordered', () => {
    const one = z.object({
      10: z.string(),
      9: z.string(),
      b: z.union([z.string(), z.number()]),
      a: z.enum(['x', 'y']),
    });
    const other = z.object({
      a: z.enum(['y', 'x']),
      b: z.union([z.number(), z.string()]),
      9: z.string(),
      10: z.string(),
    });
    const texts = [one, other].map((input) => describeMethod({ input, output: undefined, errors: {} }));
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]).toContain('"10":{"type":"string"},"9":');
  });

  test('is not made of a schema that goes on for ever, or is too large', () => {
    const endless = (): z.ZodType => z.lazy(() => z.object({ next: endless() }));
    const wide = (): z.ZodType => z.lazy(() => z.tuple([wide(), wide()]));
    let shared: z.ZodType = z.string();
    for (let i = 0; i < 40; i++) shared = z.object({ left: shared, right: shared });
    const long = z.literal('x'.repeat(MAX_DESCRIPTION));
    const broken = z.lazy((): z.ZodType => {
      throw new Error('not defined yet');
    });
    for (const schema of [endless(), wide(), shared, long, broken]) expect(described(schema)).toBeUndefined();
  });

  test('of any schema has a fingerprint of its own', () => {
    fc.assert(
      fc.property(plans, plans, (one, other) => {
        const [a, b] = [one, other].map((plan) =>
          describeMethod({ input: schemaOf(plan), output: undefined, errors: {} }),
        );
        expect(Buffer.compare(fingerprintOf(a ?? ''), fingerprintOf(b ?? '')) === 0).toBe(a === b);
      }),
    );
  });
});

test('the fingerprint is FNV-1a of 64 bits, as others compute it', () => {
  const fnv = (text: string): bigint => {
    let hash = 0xcbf29ce484222325n;
    for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    return hash;
  };
  const hex = (text: string) => Buffer.from(fingerprintOf(text)).toString('hex');
  expect([hex(''), hex('a'), hex('foobar')]).toEqual(['cbf29ce484222325', 'af63dc4c8601ec8c', '85944171f73967e8']);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(hex(text)).toBe(fnv(text).toString(16).padStart(16, '0'));
    }),
  );
});
