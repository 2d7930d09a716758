// Checked by the compiler, and never run: what compiles is the test, and so is what must not.
import { expectTypeOf } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import type { RpcError } from '../error/rpc-error.ts';
import type { CallOptions } from './call-options.ts';
import type { Context } from './context.ts';
import { type Implementation, implement } from './implement.ts';
import { method } from './method.ts';
import { type Client, service } from './service.ts';

const isoDate = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});

interface HandSchema<In, Out> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'hand';
    readonly validate: (value: unknown) => { readonly value: Out };
    readonly types?: { readonly input: In; readonly output: Out };
  };
}
declare const handSchema: HandSchema<'sent', 'read'>;

const things = service('things', {
  plain: method({ input: z.string(), output: z.number() }),
  nothing: method({ input: z.void(), output: z.void() }),
  filled: method({
    input: z.object({
      a: z.string(),
      b: z.number().default(5),
      c: z.string().optional(),
      d: z.string().transform((s) => s.length),
    }),
    output: z.object({ at: isoDate, readonly: z.array(z.string()).readonly() }),
  }),
  wire: method({ input: z.object({ at: isoDate }), output: z.map(z.string(), z.set(z.bigint())) }),
  small: method({ input: mini.object({ n: mini._default(mini.number(), 1) }), output: mini.array(mini.string()) }),
  hand: method({ input: handSchema, output: handSchema }),
  failing: method({
    input: z.string(),
    output: z.string(),
    errors: { syntax: z.object({ line: z.number(), at: isoDate }), empty: z.void() },
  }),
});

type Things = Client<typeof things.methods>;
declare const client: Things;

// A caller passes what the schema takes, and gets what it gives.
expectTypeOf(client.plain).parameters.toEqualTypeOf<[input: string, options?: CallOptions | undefined]>();
expectTypeOf(client.plain).returns.toEqualTypeOf<Promise<number>>();
expectTypeOf(client.filled)
  .parameter(0)
  .toEqualTypeOf<{ a: string; b?: number | undefined; c?: string | undefined; d: string }>();
expectTypeOf(client.filled).returns.resolves.toEqualTypeOf<{ at: Date; readonly: readonly string[] }>();
expectTypeOf(client.wire).parameter(0).toEqualTypeOf<{ at: string }>();
expectTypeOf(client.wire).returns.resolves.toEqualTypeOf<Map<string, Set<bigint>>>();
expectTypeOf(client.small).parameter(0).toEqualTypeOf<{ n?: number | undefined }>();
expectTypeOf(client.small).returns.resolves.toEqualTypeOf<string[]>();
expectTypeOf(client.hand).parameter(0).toEqualTypeOf<'sent'>();
expectTypeOf(client.hand).returns.resolves.toEqualTypeOf<'read'>();
expectTypeOf(client.failing).returns.resolves.toEqualTypeOf<string>();
expectTypeOf(things.name).toEqualTypeOf<string>();

// Nothing is any, which would satisfy every line above and check nobody's calls.
expectTypeOf(client).not.toBeAny();
expectTypeOf(client.plain).not.toBeAny();
expectTypeOf(client.filled).parameter(0).not.toBeAny();

export async function calls(): Promise<void> {
  const { signal } = new AbortController();
  await client.plain('x', { signal, deadline: 5 });
  await client.nothing();
  await client.nothing(undefined, { deadline: 5 });
  await client.filled({ a: 'x', d: 'y' });
  await client.filled({ a: 'x', b: 1, c: 'z', d: 'y' });
  await client.small({});
  const length: number = await client.plain('x');
  expectTypeOf(length).toBeNumber();

  // @ts-expect-error A wrong input.
  await client.plain(5);
  // @ts-expect-error No input.
  await client.plain();
  // @ts-expect-error An input where there is none.
  await client.nothing('x');
  // @ts-expect-error A field is missing.
  await client.filled({ a: 'x' });
  // @ts-expect-error A field that is not declared.
  await client.filled({ a: 'x', d: 'y', e: 1 });
  // @ts-expect-error What a handler gets is not what a caller passes.
  await client.filled({ a: 'x', d: 5 });
  // @ts-expect-error A codec in an input takes its encoded form.
  await client.wire({ at: new Date() });
  // @ts-expect-error A method that is not declared.
  await client.typo('x');
  // @ts-expect-error A wrong result.
  const text: string = await client.plain('x');
  // @ts-expect-error An option that is none.
  await client.plain('x', { timeout: 5 });
  // @ts-expect-error An option of the wrong type.
  await client.plain('x', { deadline: '5' });
  // @ts-expect-error The client holds methods and nothing else.
  client.close;
  // @ts-expect-error Its methods are not to be replaced.
  client.plain = async () => text.length;
}

const handlers = {
  plain: (s: string) => s.length,
  nothing: () => {},
  wire: () => new Map([['a', new Set([1n])]]),
  small: async () => ['x'],
  hand: () => 'read' as const,
  failing: (s: string) => s,
};

// A handler gets what the schema gives, and returns what it gives, at once or later.
expectTypeOf(
  implement(things, {
    ...handlers,
    filled: (input, context) => {
      expectTypeOf(input).toEqualTypeOf<{ a: string; b: number; c?: string | undefined; d: number }>();
      expectTypeOf(context).toEqualTypeOf<Context>();
      return { at: new Date(), readonly: ['x'] };
    },
    wire: ({ at }) => {
      expectTypeOf(at).toEqualTypeOf<Date>();
      return new Map();
    },
    small: ({ n }) => {
      expectTypeOf(n).toEqualTypeOf<number>();
      return Promise.resolve([]);
    },
    hand: (input) => {
      expectTypeOf(input).toEqualTypeOf<'read'>();
      return input;
    },
    nothing: (input) => {
      expectTypeOf(input).toEqualTypeOf<void>();
    },
  }),
).toEqualTypeOf<Implementation>();

const filled = () => ({ at: new Date(), readonly: ['x'] });

// @ts-expect-error A handler is missing.
implement(things, { ...handlers });
// @ts-expect-error A wrong return.
implement(things, { ...handlers, filled, plain: (s) => s });
// @ts-expect-error A wrong return, later.
implement(things, { ...handlers, filled, plain: async (s) => s });
// @ts-expect-error The encoded form of an output is not what a handler returns.
implement(things, { ...handlers, filled: () => ({ at: 'now', readonly: [] }) });
// @ts-expect-error A field of the output is missing.
implement(things, { ...handlers, filled: () => ({ at: new Date() }) });
// @ts-expect-error A handler takes another input.
implement(things, { ...handlers, filled, plain: (n: number) => n });
// @ts-expect-error A handler for no method.
implement(things, { ...handlers, filled, typo: () => {} });
// @ts-expect-error A handler that is no function.
implement(things, { ...handlers, filled, plain: 5 });

// Errors have the names and the data that are declared.
expectTypeOf(things.methods.failing.error('syntax', { line: 3, at: new Date() })).toEqualTypeOf<RpcError>();
things.methods.failing.error('empty', undefined, { message: 'Nothing there.' });
// @ts-expect-error A name that is not declared.
things.methods.failing.error('typo', { line: 3 });
// @ts-expect-error Data of another error.
things.methods.failing.error('syntax', undefined);
// @ts-expect-error Data of the wrong type.
things.methods.failing.error('syntax', { line: 'x', at: new Date() });
// @ts-expect-error A method that declares no errors makes none.
things.methods.plain.error;
// @ts-expect-error Nor does it know any.
things.methods.plain.isError;

export function caught(thrown: unknown): void {
  const { isError } = things.methods.failing;
  if (isError(thrown)) {
    expectTypeOf(thrown.name).toEqualTypeOf<'syntax' | 'empty'>();
    expectTypeOf(thrown.code).toEqualTypeOf<RpcError['code']>();
    if (thrown.name === 'syntax') expectTypeOf(thrown.data).toEqualTypeOf<{ line: number; at: Date }>();
    else expectTypeOf(thrown.data).toEqualTypeOf<void>();
    // @ts-expect-error The name is not one of the declared ones.
    if (thrown.name === 'typo') return;
    // @ts-expect-error Before the name is known, the data may be of either error.
    thrown.data.line;
  } else expectTypeOf(thrown).toBeUnknown();
}

// A definition that cannot be one does not compile.
// @ts-expect-error No output.
method({ input: z.string() });
// @ts-expect-error An input that is no schema.
method({ input: 'string', output: z.string() });
// @ts-expect-error A setting that is none.
method({ input: z.string(), output: z.string(), timeout: 5 });
// @ts-expect-error An error whose data has no schema.
method({ input: z.string(), output: z.string(), errors: { syntax: 'text' } });
// @ts-expect-error What is no method.
service('s', { m: z.string() });
