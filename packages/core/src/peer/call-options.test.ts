import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CallOptions } from '../contract/call-options.ts';
import { event } from '../contract/event.ts';
import { method } from '../contract/method.ts';
import { type Client, type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { failure } from './test-outcome.ts';
import { quiet, type World, worldOf } from './test-world.ts';

const echo = service('echo', {
  ask: method({ input: z.any(), output: z.any() }),
  read: method({ input: z.any(), output: stream(z.any()) }),
  write: method({ input: stream(z.any()), output: z.any() }),
  talk: method({ input: stream(z.any()), output: stream(z.any()) }),
  log: event(z.any()),
});

interface EchoWorld extends World<typeof echo.methods> {
  /** The metadata of each call and event that came. */
  readonly came: Metadata[];
}

/** Both ends of a connection. What is asked is thrown where it is an error. */
function world(limits: Partial<Limits> = {}): EchoWorld {
  const came: Metadata[] = [];
  const note = <T>(value: T, { metadata }: { readonly metadata: Metadata }): T => {
    came.push(metadata);
    if (value instanceof RpcError) throw value;
    return value;
  };
  const handlers: Handlers<typeof echo.methods> = {
    ask: (make, context) => {
      const value = typeof make === 'string' ? thrown[make]?.() : make;
      return note(value, context);
    },
    read: (_, context) => note([], context),
    write: (_, context) => note(0, context),
    talk: (_, context) => note([], context),
    log: (_, context) => void note(0, context),
  };
  return { ...worldOf(echo, handlers, { far: limits }), came };
}

/** What a handler throws, by the name that its caller asks for. */
const thrown: Record<string, () => RpcError> = {
  'with metadata': () => new RpcError('NOT_FOUND', 'x', { metadata: { text: 'ä', bytes: new Uint8Array([1, 2]) } }),
  'with none': () => new RpcError('NOT_FOUND', 'x'),
  'with too much': () => new RpcError('NOT_FOUND', 'x', { metadata: { text: 'x'.repeat(100_000) } }),
  'with what is none': () => new RpcError('NOT_FOUND', 'x', { metadata: { n: 5 as unknown as string } }),
};

/** A call of every kind, as a promise. */
const CALLS: Record<string, (client: Client<typeof echo.methods>, options: CallOptions) => Promise<unknown>> = {
  unary: (client, options) => client.ask(1, options),
  'server stream': (client, options) => client.read(1, options).next(),
  'client stream': (client, options) => client.write([1], options),
  'both ways': (client, options) => client.talk([1], options).next(),
  event: (client, options) => client.log(1, options),
};

describe.each(Object.entries(CALLS))('a call (%s)', (_, call) => {
  test.each<[what: string, options: unknown, said: string]>([
    ['a deadline that is a text', { deadline: '5' }, 'its deadline is 5; it must be a number of milliseconds'],
    ['a deadline that is no number', { deadline: Number.NaN }, 'its deadline is NaN; it must be a number'],
    ['a signal that is none', { signal: {} }, 'its signal is not an AbortSignal'],
    ['a signal that is null', { signal: null }, 'its signal is not an AbortSignal'],
    ['a parent that is none', { parent: {} }, 'its parent is not the context of a handler'],
    ['metadata that is a number', { metadata: { n: 5 } }, 'metadata "n"'],
    ['metadata that is a list', { metadata: ['x'] }, 'metadata'],
    ['metadata that is a Map', { metadata: new Map([['a', 'b']]) }, 'metadata'],
    ['metadata that is a text', { metadata: 'x' }, 'metadata'],
    ['metadata that is null', { metadata: null }, 'metadata'],
    ['options that are a number', 5, 'its options are no object'],
    ['options that are null', null, 'its options are no object'],
  ])('with %s is not made, and is told why', async (_what, options, said) => {
    await using here = world();
    const error = await failure(call(here.client, options as CallOptions));
    expect([error.code, error.execution]).toEqual(['INVALID_ARGUMENT', 'not-sent']);
    expect(error.message).toContain(said);
    expect(error.message).toContain(error.method);
    await quiet();
    expect([here.came, here.near.pending]).toEqual([[], 0]);
  });

  test('with a deadline that is over already is not made', async () => {
    await using here = world();
    for (const deadline of [0, -5, Number.NEGATIVE_INFINITY]) {
      const error = await failure(call(here.client, { deadline }));
      expect([error.code, error.execution]).toEqual(['DEADLINE_EXCEEDED', 'not-sent']);
    }
    await quiet();
    expect([here.came, here.near.pending]).toEqual([[], 0]);
  });

  test('may say nothing in every option', async () => {
    await using here = world();
    await call(here.client, { signal: undefined, deadline: undefined, metadata: undefined, parent: undefined });
    await call(here.client, {});
    await quiet();
    expect(here.came).toHaveLength(2);
  });

  test('brings its metadata to the handler', async () => {
    await using here = world();
    const metadata = { text: 'ä\u0000€', empty: '', bytes: new Uint8Array([0, 255]) };
    await call(here.client, { metadata });
    await call(here.client, { metadata: {} });
    await call(here.client, {});
    await quiet();
    expect(here.came.map((each) => ({ ...each }))).toEqual([metadata, {}, {}]);
  });

  test('keeps names as they are, also those that objects inherit', async () => {
    await using here = world();
    await call(here.client, { metadata: { constructor: 'a', toString: 'b', 'with space': 'c' } });
    await quiet();
    const [metadata] = here.came;
    expect(Object.keys(metadata ?? {})).toEqual(['constructor', 'toString', 'with space']);
    expect(here.came[0]?.['valueOf']).toBeUndefined();
  });

  test('whose metadata is over the limit is not made, and one at the limit is', async () => {
    await using here = world({ metadata: 100 });
    // A map of one: a byte for the map, two for the key, two for the length of the text.
    await call(here.client, { metadata: { a: 'x'.repeat(95) } });
    const error = await failure(call(here.client, { metadata: { a: 'x'.repeat(96) } }));
    expect([error.code, error.execution]).toEqual(['RESOURCE_EXHAUSTED', 'not-sent']);
    expect(error.message).toContain('(limit "metadata")');
    await quiet();
    expect([here.came.length, here.near.pending]).toEqual([1, 0]);
  });
});

describe('the metadata of an error', () => {
  test('comes to the caller with it, and is empty where there is none', async () => {
    await using here = world();
    const some = await failure(here.client.ask('with metadata'));
    expect([some.code, { ...some.metadata }]).toEqual(['NOT_FOUND', { text: 'ä', bytes: new Uint8Array([1, 2]) }]);
    const none = await failure(here.client.ask('with none'));
    expect({ ...none.metadata }).toEqual({});
    expect({ ...(await failure(here.client.ask(() => 1))).metadata }).toEqual({});
  });

  test('that cannot be sent costs no call its error', async () => {
    await using here = world();
    for (const name of ['with too much', 'with what is none']) {
      const error = await failure(here.client.ask(name));
      expect([error.code, { ...error.metadata }]).toEqual(['NOT_FOUND', {}]);
    }
    expect(await here.client.ask(1)).toBe(1);
  });
});

test('a call that finds no room until its time is up, or it is given up, says what it has waited for', async () => {
  await using here = world({ calls: 0 });
  await quiet();
  const full = 'and it was not sent. As many calls are open as the other side takes (limit "calls").';
  const late = await failure(here.client.ask(1, { deadline: 1 }));
  expect([late.code, late.message]).toEqual(['DEADLINE_EXCEEDED', `echo.ask: no answer within 1 ms, ${full}`]);
  const controller = new AbortController();
  const call = failure(here.client.ask(1, { signal: controller.signal }));
  controller.abort();
  expect((await call).message).toBe(`echo.ask: given up by its signal, ${full}`);
});
