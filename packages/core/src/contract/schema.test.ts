import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { encoder, Invalid, parser, type Schema } from './schema.ts';

/** A Standard Schema of no library. */
function standard(validate: (value: unknown) => unknown): Schema {
  return { '~standard': { version: 1, vendor: 'hand', validate } } as Schema;
}

const handNumber = standard((value) =>
  typeof value === 'number'
    ? { value: Math.floor(value) }
    : { issues: [{ message: 'not a number', path: ['a', { key: 'b' }, 0, Symbol.for('s')] }, { message: 'nor else' }] },
);

const isoDate = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});
const miniDate = mini.codec(mini.iso.datetime(), mini.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});
const EPOCH = '1970-01-01T00:00:00.000Z';

/** What the check has against the value. */
function issues(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    expect(error).toBeInstanceOf(Invalid);
    return (error as Invalid).message;
  }
  throw new Error('It passed.');
}

describe('parser', () => {
  test('gives what the schema gives: coerced, transformed, with defaults, without what is not declared', () => {
    const classic = parser(
      z.object({ n: z.coerce.number(), t: z.string().transform((text) => `${text}!`), d: z.string().default('none') }),
      'The input',
    );
    expect(classic({ n: '5', t: 'x', extra: 1 })).toEqual({ n: 5, t: 'x!', d: 'none' });
    const small = parser(mini.object({ d: mini._default(mini.string(), 'none') }), 'The input');
    expect(small({ extra: 1 })).toEqual({ d: 'none' });
    expect(parser(handNumber, 'The input')(5.7)).toBe(5);
  });

  test('asks zod about no text that a schema of any text has', () => {
    for (const schema of [z.string(), mini.string(), z.string().describe('said of it').brand('mine')]) {
      const asked = vi.fn((value: unknown) => z.string().safeParse(value));
      Object.defineProperty(schema, 'safeParse', { value: asked });
      const check = parser(schema, 'The input');
      expect([check(''), check('a'), check('\ud800')]).toEqual(['', 'a', '\ud800']);
      expect(asked).not.toHaveBeenCalled();
      for (const value of [5, null, undefined, ['a'], new String('a')]) {
        expect(issues(() => check(value))).toMatch(/^Invalid input: expected string, received /);
      }
      expect(asked).toHaveBeenCalledTimes(5);
    }
  });

  test('asks zod about each text that a schema may refuse, or change', () => {
    const asking = [
      z.string().min(2),
      z.email(),
      z.literal('ab'),
      z.string().regex(/^b/),
      z.string().refine((text) => text === 'b'),
      mini.string().check(mini.minLength(2)),
      z.templateLiteral(['b', z.string()]),
      z.enum(['b']),
    ];
    for (const schema of asking) expect(() => parser(schema, 'The input')('a')).toThrow(Invalid);
    const changing = [z.coerce.string().trim(), z.string().trim(), z.string().transform((text) => text.trim())];
    for (const schema of changing) expect(parser(schema, 'The input')(' a ')).toBe('a');
    expect(parser(z.coerce.string(), 'The input')(5)).toBe('5');
  });

  test('refuses with every issue and the path to it', () => {
    const classic = parser(z.object({ user: z.object({ tags: z.array(z.string()) }), n: z.number() }), 'The input');
    expect(issues(() => classic({ user: { tags: ['a', 5] }, n: 'x' }))).toBe(
      'at user.tags[1]: Invalid input: expected string, received number; at n: Invalid input: expected number, received string',
    );
    expect(issues(() => classic(5))).toBe('Invalid input: expected object, received number');
    expect(issues(() => parser(mini.object({ a: mini.array(mini.number()) }), 'The input')({ a: [1, 'x'] }))).toMatch(
      /^at a\[1\]: /,
    );
    expect(issues(() => parser(handNumber, 'The input')('x'))).toBe('at a.b[0].Symbol(s): not a number; nor else');
  });

  test('refuses in a few words, however much is wrong', () => {
    const strings = parser(z.array(z.string()), 'The input');
    const many = issues(() => strings(new Array(5000).fill(5)));
    expect(many).toMatch(/^at \[0\]: Invalid input: expected string, received number; at \[1\]: /);
    expect(many).toMatch(/…; and 4\d\d\d more$/);
    expect(many.length).toBeLessThan(4200);
    const unknown = issues(() => parser(z.strictObject({}), 'The input')({ ['k'.repeat(1_000_000)]: 1 }));
    expect(unknown.length).toBeLessThan(4200);
    expect(unknown.endsWith('kk…')).toBe(true);
  });

  test('refuses in words that cannot move the cursor of who reads them', () => {
    const strict = parser(z.strictObject({}), 'The input');
    expect(issues(() => strict({ '\u001b[2J\nall is well': 1 }))).toBe(
      'Unrecognized key: "\\u{1b}[2J\\u{a}all is well"',
    );
    const record = parser(z.record(z.string(), z.string()), 'The input');
    expect(issues(() => record({ '\r': 1 }))).toMatch(/^at \\u{d}: /);
  });

  test('of a codec decodes', () => {
    for (const schema of [isoDate, miniDate]) expect(parser(schema, 'The input')(EPOCH)).toEqual(new Date(0));
  });

  test('takes the values that only this wire carries', () => {
    for (const [schema, value] of [
      [z.undefined(), undefined],
      [z.void(), undefined],
      [z.bigint(), 5n],
      [z.date(), new Date(0)],
      [z.map(z.string(), z.set(z.number())), new Map([['a', new Set([1])]])],
      [z.instanceof(Uint8Array), Uint8Array.of(1)],
      [z.nan(), Number.NaN],
    ] as const) {
      expect(parser(schema, 'The input')(value)).toEqual(value);
      expect(encoder(schema, 'The output')(value)).toEqual(value);
    }
  });

  test('refuses what is no schema, by name', () => {
    for (const none of [undefined, null, 5, 'string', {}, () => 1, { '~standard': {} }, { '~standard': null }, z]) {
      for (const make of [parser, encoder]) {
        expect(() => make(none as unknown as Schema, 'The input of a method')).toThrow(
          new TypeError(
            'The input of a method is not a schema. Give a zod 4 schema, or another that speaks Standard Schema.',
          ),
        );
      }
    }
  });

  test('takes a schema that is a function, as some libraries have them', () => {
    const schema = Object.assign(
      () => {},
      standard((value) => ({ value: [value] })),
    );
    expect(parser(schema, 'The input')(5)).toEqual([5]);
  });
});

describe('an asynchronous schema', () => {
  const later = { decode: async (text: string) => Number(text), encode: async (n: number) => String(n) };
  const cases: readonly (readonly [string, () => unknown])[] = [
    [
      'a Standard Schema, parsed',
      () =>
        parser(
          standard(async () => ({ value: 1 })),
          'The input of x',
        )(1),
    ],
    [
      'a Standard Schema, encoded',
      () =>
        encoder(
          standard(async () => ({ value: 1 })),
          'The input of x',
        )(1),
    ],
    ['a codec, encoded', () => encoder(z.codec(z.string(), z.number(), later), 'The input of x')(1)],
    ['a codec, parsed', () => parser(z.codec(z.string(), z.number(), later), 'The input of x')('1')],
    [
      'a refinement, parsed',
      () =>
        parser(
          z.string().refine(async () => true),
          'The input of x',
        )('1'),
    ],
    [
      'a refinement, encoded',
      () =>
        encoder(
          z.object({ at: isoDate, t: z.string().refine(async () => true) }),
          'The input of x',
        )({ at: new Date(0), t: 'x' }),
    ],
    [
      'a refinement of zod/mini, parsed',
      () => parser(mini.string().check(mini.refine(async () => true)), 'The input of x')('1'),
    ],
  ];

  test.each(cases)('is refused by name when it is used: %s', (_what, use) => {
    expect(use).toThrow(expect.objectContaining({ message: expect.stringMatching(/^The input of x: .*asynchronous/) }));
    expect(use).not.toThrow(Invalid);
  });
});

describe('encoder', () => {
  test('checks and strips an output that holds no codec', () => {
    for (const schema of [z.object({ a: z.string() }), mini.object({ a: mini.string() })]) {
      const encode = encoder(schema, 'The output');
      expect(encode({ a: 'x', password: 'secret' })).toEqual({ a: 'x' });
      expect(issues(() => encode({ a: 5 }))).toMatch(/^at a: /);
    }
    expect(encoder(handNumber, 'The output')(5.5)).toBe(5);
    expect(issues(() => encoder(handNumber, 'The output')('x'))).toContain('not a number');
  });

  test('keeps and refuses undeclared keys where the schema says so', () => {
    expect(encoder(z.looseObject({ a: z.string() }), 'The output')({ a: 'x', more: 1 })).toEqual({ a: 'x', more: 1 });
    expect(issues(() => encoder(z.strictObject({ a: z.string() }), 'The output')({ a: 'x', more: 1 }))).toContain(
      'more',
    );
  });

  test('encodes a codec wherever it stands, and strips what is not declared around it', () => {
    const date = new Date(0);
    const holders: readonly (readonly [string, z.ZodType, unknown, unknown])[] = [
      ['alone', isoDate, date, EPOCH],
      ['object', z.object({ at: isoDate }), { at: date, extra: 1 }, { at: EPOCH }],
      ['array', z.array(z.object({ at: isoDate })), [{ at: date, extra: 1 }], [{ at: EPOCH }]],
      ['optional', z.object({ at: isoDate.optional() }), { at: date }, { at: EPOCH }],
      ['absent optional', z.object({ at: isoDate.optional() }), {}, {}],
      ['nullable', z.tuple([isoDate.nullable(), isoDate.nullable()]), [date, null], [EPOCH, null]],
      ['union', z.array(z.union([isoDate, z.number()])), [date, 5], [EPOCH, 5]],
      [
        'discriminated union',
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('a'), at: isoDate }),
          z.object({ kind: z.literal('b') }),
        ]),
        { kind: 'a', at: date, extra: 1 },
        { kind: 'a', at: EPOCH },
      ],
      ['record', z.record(z.string(), isoDate), { a: date }, { a: EPOCH }],
      ['Map', z.map(z.string(), isoDate), new Map([['a', date]]), new Map([['a', EPOCH]])],
      ['Set', z.set(isoDate), new Set([date]), new Set([EPOCH])],
      ['lazy', z.lazy(() => z.object({ at: isoDate })), { at: date, extra: 1 }, { at: EPOCH }],
      [
        'intersection',
        z.intersection(z.object({ a: z.string() }), z.object({ at: isoDate })),
        { a: 'x', at: date },
        { a: 'x', at: EPOCH },
      ],
      ['rest', z.tuple([z.number()], isoDate), [1, date, date], [1, EPOCH, EPOCH]],
      ['catchall', z.object({ a: z.number() }).catchall(isoDate), { a: 1, b: date }, { a: 1, b: EPOCH }],
      ['readonly', z.object({ at: isoDate }).readonly(), { at: date, extra: 1 }, { at: EPOCH }],
      [
        'codec of codecs',
        z.array(z.codec(z.object({ at: isoDate }), z.date(), { decode: ({ at }) => at, encode: (at) => ({ at }) })),
        [date],
        [{ at: EPOCH }],
      ],
    ];
    for (const [name, schema, value, encoded] of holders) {
      expect(encoder(schema, 'The output')(value), name).toEqual(encoded);
    }
    expect(encoder(mini.array(mini.object({ at: miniDate })), 'The output')([{ at: date, extra: 1 }])).toEqual([
      { at: EPOCH },
    ]);
  });

  test('and parser give the handler’s value back at the other end', () => {
    const schema = z.object({ list: z.array(isoDate), m: z.map(z.string(), isoDate), n: z.number() });
    const value = { list: [new Date(0), new Date(1)], m: new Map([['a', new Date(2)]]), n: 5 };
    expect(parser(schema, 'The output')(encoder(schema, 'The output')(value))).toEqual(value);
  });

  test('encodes schemas that contain themselves', () => {
    interface Tree {
      at: Date;
      children: Tree[];
    }
    const byGetter = z.object({
      at: isoDate,
      get children() {
        return z.array(byGetter);
      },
    });
    const byLazy: z.ZodType<Tree> = z.object({ at: isoDate, children: z.lazy(() => z.array(byLazy)) }) as never;
    const tree = { at: new Date(0), children: [{ at: new Date(0), children: [], extra: 1 }] };
    for (const schema of [byGetter, byLazy]) {
      expect(encoder(schema, 'The output')(tree)).toEqual({ at: EPOCH, children: [{ at: EPOCH, children: [] }] });
    }
  });

  test('refuses a value that a codec cannot encode, with the path and the reason', () => {
    const encode = encoder(z.object({ list: z.array(z.object({ at: isoDate })), n: z.number() }), 'The output');
    const message = issues(() => encode({ list: [{ at: new Date(0) }, { at: 'never' }], n: 'x' }));
    expect(message).toContain('at list[1].at: ');
    expect(message).toContain('at n: ');
    // Where no codec stands in the way, the reason is told; a codec elsewhere must not hide it.
    expect(message).toContain('expected number, received string');
    const refined = encoder(z.object({ at: isoDate, n: z.number().refine((n) => n > 5, 'too small') }), 'The output');
    expect(issues(() => refined({ at: new Date(0), n: 1 }))).toBe('at n: too small');
  });

  test('applies what may be applied twice', () => {
    const schema = z.object({
      t: z.string().trim().toLowerCase(),
      n: z.coerce.number(),
      d: z.string().default('none'),
    });
    const once = encoder(schema, 'The output')({ t: ' X ', n: '5' });
    expect(once).toEqual({ t: 'x', n: 5, d: 'none' });
    expect(parser(schema, 'The output')(once)).toEqual(once);
  });

  const shout = z.string().transform((text) => text.toUpperCase());
  const selfish = z.object({
    t: shout,
    get next() {
      return selfish.optional();
    },
  });
  const deep = z.object({
    get next() {
      return z.union([z.number(), deepest]);
    },
  });
  const deepest = z.array(z.string().catch('none'));

  test.each([
    ['a transform alone', shout],
    ['a transform in an object', z.object({ a: z.object({ t: shout }) })],
    ['a transform in an array', z.array(shout)],
    ['a transform in a union', z.union([z.number(), z.null(), shout])],
    ['a transform in a discriminated union', z.discriminatedUnion('k', [z.object({ k: z.literal(1), t: shout })])],
    ['a transform that is optional', z.object({ t: shout.optional() })],
    ['a transform that is nullable', shout.nullable()],
    ['a transform with a default', shout.default('X')],
    ['a transform behind a lazy', z.lazy(() => z.object({ t: shout }))],
    ['a transform in an object that contains itself', selfish],
    ['a transform in a record', z.record(z.string(), shout)],
    ['a transform in a Map', z.map(z.string(), shout)],
    ['a transform in the keys of a Map', z.map(shout, z.string())],
    ['a transform in a Set', z.set(shout)],
    ['a transform in a tuple', z.tuple([z.number(), shout])],
    ['a transform in the rest of a tuple', z.tuple([z.number()], shout)],
    ['a transform in an intersection', z.intersection(z.object({ a: z.string() }), z.object({ t: shout }))],
    ['a transform in a catchall', z.object({}).catchall(shout)],
    ['a transform that is readonly', z.object({ t: shout }).readonly()],
    ['a transform behind a pipe', z.string().pipe(shout).pipe(z.string())],
    ['a transform beside a codec', z.object({ at: isoDate, t: shout })],
    [
      'a transform behind a codec',
      z.object({ c: z.codec(z.object({ t: shout }), z.string(), { decode: ({ t }) => t, encode: (t) => ({ t }) }) }),
    ],
    ['a preprocess', z.object({ t: z.preprocess((value) => value, z.string()) })],
    [
      'a transform of zod/mini',
      mini.object({
        t: mini.pipe(
          mini.string(),
          mini.transform((text) => text.length),
        ),
      }),
    ],
    ['a catch', z.string().catch('none')],
    ['a catch in an object', z.object({ t: z.string().catch('none').optional() })],
    ['a catch behind getters', deep],
    ['a catch of zod/mini', mini.array(mini.catch(mini.string(), 'none'))],
  ])('refuses %s, and a parser does not', (what, schema) => {
    const [, kind] = what.match(/(transform|preprocess|catch)/) ?? [];
    expect(() => encoder(schema, 'The output of a method')).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringContaining(
          `The output of a method holds a ${kind === 'catch' ? 'catch' : 'one-way transform'}.`,
        ),
      }),
    );
    parser(schema, 'The input of a method');
  });

  test('refuses no schema for what stands twice in it, or contains itself without end', () => {
    const shared = z.object({ a: z.string() });
    const loop: z.ZodType = z.lazy(() => loop);
    for (const schema of [
      z.object({ one: shared, two: shared, three: z.array(shared) }),
      z.union([z.string(), z.array(loop)]),
    ]) {
      encoder(schema, 'The output');
    }
  });

  test('looks at what a lazy schema names where that is defined by then, and lets it be where it is not', () => {
    const early = z.object({ t: z.lazy(() => late) });
    const encode = encoder(early, 'The output');
    const late = z.string();
    expect(encode({ t: 'x', extra: 1 })).toEqual({ t: 'x' });
  });
});
