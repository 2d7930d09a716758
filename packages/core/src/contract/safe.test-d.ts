// Checked by the compiler, and never run: what compiles is the test, and so is what must not.
import { expectTypeOf } from 'vitest';
import * as z from 'zod';
import type { Metadata } from '../error/metadata.ts';
import type { RpcError } from '../error/rpc-error.ts';
import { event } from './event.ts';
import { method } from './method.ts';
import { type PlainError, safe } from './safe.ts';
import { type Client, service } from './service.ts';
import { stream } from './stream.ts';

const texts = service('texts', {
  parse: method({
    input: z.string(),
    output: z.number(),
    errors: { syntax: z.object({ line: z.number() }), empty: z.void() },
  }),
  take: method({ input: stream(z.string()), output: z.number(), errors: { full: z.object({ at: z.date() }) } }),
  up: method({ input: z.string(), output: z.string() }),
  log: event(z.string()),
});

declare const client: Client<typeof texts.methods>;

export async function calls(): Promise<void> {
  const parsed = await safe(client.parse('x'));
  expectTypeOf(parsed).not.toBeAny();
  if (parsed.ok) {
    expectTypeOf(parsed.value).toEqualTypeOf<number>();
    expectTypeOf(parsed.error).toEqualTypeOf<undefined>();
  } else {
    expectTypeOf(parsed.value).toEqualTypeOf<undefined>();
    expectTypeOf(parsed.error).toExtend<RpcError>();
    expectTypeOf(parsed.error.name).toEqualTypeOf<'syntax' | 'empty' | 'RpcError'>();
    expectTypeOf(parsed.error.metadata).toEqualTypeOf<Metadata>();
    if (parsed.error.name === 'syntax') expectTypeOf(parsed.error.data).toEqualTypeOf<{ line: number }>();
    else if (parsed.error.name === 'empty') expectTypeOf(parsed.error.data).toEqualTypeOf<void>();
    else {
      expectTypeOf(parsed.error).toEqualTypeOf<PlainError>();
      expectTypeOf(parsed.error.data).toEqualTypeOf<undefined>();
      expectTypeOf(parsed.error.code).toEqualTypeOf<RpcError['code']>();
    }
    // @ts-expect-error A name that is not declared.
    if (parsed.error.name === 'typo') return;
    // @ts-expect-error Before the name is known the data may be of any of them.
    parsed.error.data.line;
  }
  // @ts-expect-error Before it is known whether it went well there may be no value.
  parsed.value.toFixed();

  const taken = await safe(client.take(['x'], { deadline: 5 }));
  if (taken.error?.name === 'full') expectTypeOf(taken.error.data).toEqualTypeOf<{ at: Date }>();
  else if (taken.ok) expectTypeOf(taken.value).toEqualTypeOf<number>();

  // What declares no errors fails plainly.
  const upper = await safe(client.up('x'));
  if (upper.ok) expectTypeOf(upper.value).toEqualTypeOf<string>();
  else expectTypeOf(upper.error).toEqualTypeOf<PlainError>();
  const logged = await safe(client.log('x'));
  if (!logged.ok) expectTypeOf(logged.error).toEqualTypeOf<PlainError>();

  // So does what is no call of ours, and what calls are made of.
  const any = await safe(Promise.resolve(5));
  if (any.ok) expectTypeOf(any.value).toEqualTypeOf<number>();
  const both = await safe(Promise.all([client.parse('x'), client.up('x')]));
  if (both.ok) expectTypeOf(both.value).toEqualTypeOf<[number, string]>();

  // A call that declares errors is a promise like any other.
  expectTypeOf(await client.parse('x')).toEqualTypeOf<number>();
  expectTypeOf(client.parse('x')).toExtend<Promise<number>>();
  const chained: Promise<string> = client.parse('x').then((n) => `${n}`);
  expectTypeOf(await chained).toEqualTypeOf<string>();

  // @ts-expect-error What is no promise.
  await safe(5);
}
