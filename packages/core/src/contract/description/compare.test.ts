import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KIND } from '../kind.ts';
import type { Schema } from '../schema.ts';
import { compareContracts } from './compare.ts';
import { describeMethod } from './describe.ts';
import { readDescription } from './description.ts';
import type { Shape } from './shape.ts';
import { type Plan, pairs, plans, schemaOf, valuesOf } from './test-schemas.ts';

const nothing = z.void();

/** What keeps a method from working whose inputs the caller sends by one schema and the callee reads by another. */
function ofInputs(sent: Schema, read: Schema): string | undefined {
  const described = (input: Schema) =>
    readDescription(describeMethod({ input, output: nothing, errors: {} }) ?? 'undescribed');
  return compareContracts('s.m', KIND.unary, described(read), described(sent));
}

/** The same of outputs. */
function ofOutputs(sent: Schema, read: Schema): string | undefined {
  const described = (output: Schema) =>
    readDescription(describeMethod({ input: nothing, output, errors: {} }) ?? 'undescribed');
  return compareContracts('s.m', KIND.unary, described(sent), described(read));
}

/** Values of one schema that the other does not take although they were said to fit. */
function check(sent: Plan, read: Plan, seed: number): void {
  const sender = schemaOf(sent);
  const reader = schemaOf(read);
  const values = fc.sample(valuesOf(sent), { numRuns: 10, seed });
  if (ofInputs(sender, reader) === undefined) {
    for (const value of values) {
      if (!sender.safeParse(value).success) continue;
      expect(reader.safeParse(value).error?.issues, 'as an input').toBeUndefined();
    }
  }
  if (ofOutputs(sender, reader) === undefined) {
    for (const value of values) {
      const output = sender.safeParse(value);
      if (!output.success) continue;
      expect(reader.safeParse(output.data).error?.issues, 'as an output').toBeUndefined();
    }
  }
}

describe('properties', () => {
  test('what is said to fit does fit', () => {
    fc.assert(
      fc.property(pairs, fc.nat(), ([sent, read], seed) => check(sent, read, seed)),
      { numRuns: 600 },
    );
  });

  const objects = plans.filter((plan): plan is Extract<Plan, { kind: 'object' }> => plan.kind === 'object');

  const musts = plans.filter((plan) => schemaOf(plan)._zod.optin === undefined);

  test('a field that may be missing can be added at either side, where none is refused', () => {
    fc.assert(
      fc.property(objects, plans, (object, field) => {
        const plan = { ...object, strict: false };
        const more = { ...plan, fields: { ...plan.fields, added: { plan: field, how: 'optional' as const } } };
        const [one, other] = [schemaOf(plan), schemaOf(more)];
        const all = [ofInputs(one, other), ofInputs(other, one), ofOutputs(one, other), ofOutputs(other, one)];
        expect(all).toEqual([undefined, undefined, undefined, undefined]);
      }),
    );
  });

  test('a field that must be there cannot be added, or renamed, where it is read', () => {
    const required = (plan: Extract<Plan, { kind: 'object' }>, name: string, field: Plan) =>
      schemaOf({ ...plan, fields: { ...plan.fields, [name]: { plan: field, how: 'required' } } });
    fc.assert(
      fc.property(objects, musts, (plan, field) => {
        const before = schemaOf(plan);
        const [after, renamed] = [required(plan, 'after', field), required(plan, 'renamed', field)];
        expect(ofInputs(before, after)).toContain('input.after is required here and unknown there');
        expect(ofInputs(renamed, after)).toContain('input.after is required here and unknown there');
        expect(ofOutputs(renamed, after)).toContain('output.after is unknown here and required there');
      }),
    );
  });

  test('a schema fits itself', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const schema = schemaOf(plan);
        expect([ofInputs(schema, schema), ofOutputs(schema, schema)]).toEqual([undefined, undefined]);
      }),
      { numRuns: 300 },
    );
  });
});

/** The same without the method's name and the full stop. */
function differs(sent: Schema, read: Schema): string | undefined {
  return ofInputs(sent, read)?.slice('s.m: '.length, -1);
}

const tagged = <T extends string>(kind: T, shape: z.ZodRawShape = {}) => z.object({ kind: z.literal(kind), ...shape });

describe('fits', () => {
  test.each<[string, Schema, Schema]>([
    ['a refinement of the same', z.string(), z.string().min(3)],
    ['one choice of several', z.literal('a'), z.union([z.string(), z.number()])],
    ['fewer constants', z.enum(['a', 'b']), z.enum(['a', 'b', 'c'])],
    [
      'constants in their type',
      z.literal([1n, 'a', 2, true]),
      z.union([z.bigint(), z.string(), z.number(), z.boolean()]),
    ],
    ['both booleans', z.boolean(), z.literal([true, false])],
    ['a field more, which is dropped', z.object({ a: z.string(), b: z.string() }), z.object({ a: z.string() })],
    [
      'a field less that may be missing',
      z.object({}),
      z.object({ a: z.string().optional(), b: z.number().default(1) }),
    ],
    ['fields of a record', z.object({ a: z.number() }), z.record(z.string(), z.number())],
    ['any fields, of which one may be named', z.looseObject({}), z.object({ a: z.string().optional() })],
    ['a tuple in an array', z.tuple([z.string(), z.number()]), z.array(z.union([z.string(), z.number()]))],
    [
      'a shorter tuple where the rest may be missing',
      z.tuple([z.string()]),
      z.tuple([z.string(), z.number().optional()]),
    ],
    ['a tuple whose end is filled in', z.tuple([z.string()]), z.tuple([z.string(), z.number().default(1)])],
    ['an object in a union of others', tagged('a'), z.union([tagged('b'), tagged('a')])],
    [
      'an object that several take between them',
      z.object({ kind: z.enum(['a', 'b']), on: z.boolean() }),
      z.union([
        z.object({ kind: z.literal('a'), on: z.literal(true) }),
        z.object({ kind: z.literal('a'), on: z.literal(false) }),
        tagged('b'),
      ]),
    ],
    [
      'an intersection and the object that it is',
      tagged('a').and(z.object({ b: z.string() })),
      tagged('a', { b: z.string() }),
    ],
    ['and the other way round', tagged('a', { b: z.string() }), tagged('a').and(z.object({ b: z.string() }))],
    [
      'a union in an intersection',
      z.union([tagged('a'), tagged('b')]).and(z.object({ n: z.number() })),
      z.union([tagged('a', { n: z.number() }), tagged('b')]),
    ],
    [
      'strict objects that share the fields between them',
      tagged('a', { b: z.string() }),
      z.strictObject({ kind: z.string() }).and(z.strictObject({ b: z.string() })),
    ],
    ['what only code can tell', z.custom(), z.string()],
    ['what is left to code', z.string(), z.custom()],
    ['nothing', z.never(), z.string()],
    ['anything', z.unknown(), z.any()],
  ])('%s', (_, sent, read) => {
    expect(differs(sent, read)).toBeUndefined();
  });

  test('schemas that contain themselves, and each other', () => {
    const version = (leaf: z.ZodType) => {
      const Expression: z.ZodType = z.lazy(() => z.union([leaf, z.object({ of: z.array(Statement) })]));
      const Statement: z.ZodType = z.lazy(() => z.object({ body: Expression, next: Statement.optional() }));
      return Statement;
    };
    expect(differs(version(z.literal('x')), version(z.string()))).toBeUndefined();
    expect(differs(version(z.string()), version(z.literal('x')))).toBe(
      'input.body is "x" or an object here and may be text there',
    );
  });

  test('an output that has a default, which is always sent, and need not be there when it is read', () => {
    const filled = z.object({ n: z.number().default(7) });
    const must = z.object({ n: z.number() });
    const may = z.object({ n: z.number().optional() });
    expect([ofOutputs(filled, must), ofOutputs(may, filled), ofOutputs(filled, filled)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(ofOutputs(may, must)).toBe('s.m: output.n may be left out here and is required there.');
    expect(ofOutputs(z.string().default('a'), z.string())).toBeUndefined();
    expect(ofInputs(z.string().default('a'), z.string())).toBe('s.m: input is text here and may be undefined there.');
    expect(ofInputs(filled, must)).toBe('s.m: input.n is required here and may be left out there.');
  });
});

describe('differs, in words', () => {
  test.each<[Schema, Schema, string]>([
    [z.string(), z.number(), 'input is a number here and text there'],
    [z.string().nullable(), z.string(), 'input is text here and may be null there'],
    [z.unknown(), z.date(), 'input is a Date here and anything there'],
    [z.string(), z.never(), 'input is nothing here and text there'],
    [
      z.array(z.object({ a: z.string() })),
      z.array(z.object({ a: z.bigint() })),
      'input[].a is a BigInt here and text there',
    ],
    [z.tuple([z.string(), z.string()]), z.tuple([z.string()]), 'input holds 1 item here and 2 items there'],
    [
      z.array(z.string()),
      z.tuple([z.string()], z.string()),
      'input holds 1 item or more here and any number of items there',
    ],
    [z.tuple([z.number()]), z.tuple([z.string()]), 'input[0] is text here and a number there'],
    [z.map(z.string(), z.date()), z.map(z.number(), z.date()), 'input[key] is a number here and text there'],
    [z.set(z.string()), z.array(z.string()), 'input is an array here and a Set there'],
    [z.record(z.string(), z.string()), z.record(z.string(), z.number()), 'input.* is a number here and text there'],
    [
      z.record(z.string(), z.string()),
      z.object({ a: z.string() }),
      'input.a is required here and may be left out there',
    ],
    [z.record(z.string(), z.string()), z.strictObject({}), 'input.* is refused here and may be sent there'],
    [z.object({ 'a b': z.string() }), z.strictObject({}), 'input["a b"] is refused here and sent there'],
    [
      z.object({ a: z.string().optional() }),
      z.object({ a: z.number() }),
      'input.a is required here and may be left out there; input.a is a number here and text there',
    ],
    [
      tagged('c'),
      z.union([tagged('a'), tagged('b')]),
      'input is an object whose kind is "a" or an object whose kind is "b" here and an object whose kind is "c" there',
    ],
    [tagged('a'), z.union([tagged('a', { n: z.string() }), tagged('b')]), 'input.n is required here and unknown there'],
    [
      z.object({ a: z.string() }),
      z.union([z.object({ b: z.string() }), z.object({ c: z.string() })]),
      'input is an object here and something that does not fit it there',
    ],
    [
      z.enum(Array.from({ length: 20 }, (_, i) => `c${i}`)),
      z.string().length(1).and(z.literal('a')),
      'input is "a" here and "c0", "c1", "c10", "c11", "c12" or 15 others there',
    ],
  ])('%#', (sent, read, words) => {
    expect(differs(sent, read)).toBe(words);
  });

  test('many differences, up to eight', () => {
    const wide = (type: z.ZodType) =>
      z.object(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, type])));
    expect(differs(wide(z.string()), wide(z.number()))).toMatch(
      /^(input\.f\d+ is a number here and text there; ){8}and there is more$/,
    );
  });

  test('a name or a text of any length, by its beginning', () => {
    const long = 'x'.repeat(100_000);
    expect(differs(z.object({}), z.object({ [long]: z.literal(long) }))?.length).toBeLessThan(200);
    expect(differs(z.literal(long), z.literal('a'))?.length).toBeLessThan(200);
  });
});

describe('a description by a stranger', () => {
  const own = z.object({ a: z.union([tagged('x', { n: z.number() }), tagged('y')]), b: z.array(z.string()) });
  const here = readDescription(describeMethod({ input: own, output: own, errors: {} }) ?? '');

  /** Compares with what a stranger says of both the input and the output, by schemas of these names. */
  function look(input: unknown, $defs: Record<string, unknown> = {}): void {
    const schema = { ...(input as object), $defs };
    compareContracts('s.m', KIND.unary, here, readDescription(JSON.stringify({ input: schema, output: schema })));
  }

  const many = (of: (i: number) => unknown, count: number) => Array.from({ length: count }, (_, i) => of(i));
  const chain = (of: (name: string) => unknown) =>
    Object.fromEntries(many((i) => [i, of(`#/$defs/${i + 1}`)], 400) as [string, unknown][]);
  const object = (properties: object) => ({ type: 'object', properties, required: Object.keys(properties) });

  test.each<[string, unknown, Record<string, unknown>?]>([
    ['that names itself', { $ref: '#/$defs/a' }, { a: { $ref: '#/$defs/a' } }],
    ['that names itself at its root', { $ref: '#' }],
    [
      'that is a union with itself',
      { $ref: '#/$defs/a' },
      { a: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'string' }] } },
    ],
    [
      'that is itself and more',
      { $ref: '#/$defs/a' },
      { a: { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }] } },
    ],
    [
      'whose references double at each step',
      { $ref: '#/$defs/0' },
      chain(($ref) => object({ a: { $ref }, b: { $ref } })),
    ],
    [
      'whose unions double at each step',
      { $ref: '#/$defs/0' },
      chain(($ref) => ({ anyOf: [{ $ref }, { allOf: [{ $ref }] }] })),
    ],
    [
      'whose intersections double at each step',
      { $ref: '#/$defs/0' },
      chain(($ref) => ({ allOf: [{ $ref }, { $ref }] })),
    ],
    [
      'whose intersections grow',
      { $ref: '#/$defs/a' },
      {
        a: { allOf: [object({ a: { $ref: '#/$defs/a' } }), object({ a: { $ref: '#/$defs/b' } })] },
        b: { allOf: [object({ a: { $ref: '#/$defs/a' } }), object({ b: {} })] },
      },
    ],
    [
      'whose names stand for each other, one behind the other',
      // Each is known before the next one is read, so that no depth of the text bounds them.
      object({
        a: { type: 'array', prefixItems: many((i) => ({ $ref: `#/$defs/${i}` }), 20_000) },
        b: { $ref: '#/$defs/19999' },
      }),
      Object.fromEntries(
        many((i) => [i, i === 0 ? { type: 'string' } : { $ref: `#/$defs/${i - 1}` }], 20_000) as [string, unknown][],
      ),
    ],
    ['of many choices', object({ a: { anyOf: many((i) => object({ kind: { enum: [i] } }), 15_000) }, b: {} })],
    [
      'of many choices that are alike',
      object({ a: { anyOf: many(() => object({ kind: { enum: ['x', 'y'] }, n: {} }), 10_000) } }),
    ],
    ['of many constants', { enum: many((i) => i, 100_000) }],
    ['of many fields', object(Object.fromEntries(many((i) => [`f${i}`, {}], 40_000) as [string, unknown][]))],
    ['of many items', { type: 'array', prefixItems: many(() => ({}), 100_000), items: false, minItems: -1 }],
    ['of odd names', object({ __proto__: null, constructor: {}, toString: {} })],
    ['whose reference is no text, nor can be made one', { $ref: { toString: 1, valueOf: 1 } }],
    ['whose BigInts are no texts, nor can be made such', { type: 'bigint', enum: [{ toString: 1, valueOf: 1 }, 7] }],
    ['of odd keywords', { type: ['string'], enum: 'a', anyOf: {}, allOf: 1, required: 'a', properties: [], $ref: 7 }],
  ])('%s is looked at in little time', (_, input, defs) => {
    const before = process.cpuUsage();
    look(input, defs);
    const { user } = process.cpuUsage(before);
    // It takes a tenth of that here; without bounds it would take hours.
    expect(user).toBeLessThan(2_000_000);
  });

  test('that is nested as deep as its length allows is looked at, too', () => {
    const depth = 150_000;
    for (const [open, close] of [
      ['{"items":', '}'],
      ['[', ']'],
      ['{"anyOf":[', ']}'],
    ]) {
      const text = `{"input":${open?.repeat(depth)}1${close?.repeat(depth)}}`;
      const there = readDescription(text);
      compareContracts('s.m', KIND.unary, here, there);
    }
  });

  test.each(['"$ref":', '"type":"bigint","enum":'])('nothing is made of what is nested in %s', (keyword) => {
    const depth = 150_000;
    const there = readDescription(`{"input":{${keyword}${'['.repeat(depth)}${']'.repeat(depth)}}}`);
    expect(compareContracts('s.m', KIND.unary, here, there)).toBeUndefined();
  });
});

test('thousands of errors that name each other’s parts again and again are read in the time of a few', () => {
  // A key of slashes has a name for each way to write them.
  const names = Array.from({ length: 256 }, (_, i) =>
    [...i.toString(2).padStart(8, '0')].map((bit) => (bit === '1' ? '~1' : '/')).join(''),
  );
  const error = {
    $defs: { '////////': { anyOf: Array.from({ length: 400 }, () => ({})) } },
    anyOf: names.map((name) => ({ $ref: `#/$defs/${name}` })),
  };
  const text = JSON.stringify({ errors: Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`e${i}`, error])) });
  expect(text.length).toBeLessThan(2 ** 20);
  const { errors } = readDescription(text);
  expect(errors.size).toBe(90);
  const read = [...errors.values()].map((shape) => (shape.kind === 'union' ? shape.options.map(sizeOf) : []).flat());
  expect(read.flat().reduce((sum, size) => sum + size, 0)).toBeLessThan(110_000);
});

function sizeOf(shape: Shape): number {
  const inner = shape.kind === 'reference' ? shape.to : shape;
  return inner.kind === 'union' ? inner.options.filter(({ kind }) => kind !== 'custom').length : 0;
}

test('names and texts of a stranger cannot move the cursor of who reads how the contracts differ', () => {
  const object = z.object({ '\u001b[2J\n': z.literal('\u009b2J') });
  const told = [
    ofInputs(object, z.string()),
    ofInputs(z.literal('\u009b2J'), z.number()),
    ofInputs(z.object({}), object),
    ofOutputs(z.object({}), object),
  ];
  expect(told[0]).toContain('\\u{1b}[2J\\u{a}');
  for (const words of told) expect(words).toMatch(/^\P{C}+$/u);
});
