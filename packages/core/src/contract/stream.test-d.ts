// Checked by the compiler, and never run: what compiles is the test, and so is what must not.
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { expectTypeOf } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import type { Metadata } from '../error/metadata.ts';
import type { RpcError } from '../error/rpc-error.ts';
import type { CallOptions } from './call-options.ts';
import type { Context } from './context.ts';
import { event } from './event.ts';
import { type Implementation, implement } from './implement.ts';
import { method } from './method.ts';
import { type Client, type Handlers, service } from './service.ts';
import { type Items, type RequestStream, type ResponseStream, stream } from './stream.ts';

const Line = z.object({ text: z.string(), n: z.number().default(1) });

const Kind = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('a'), n: z.number() }),
  z.object({ kind: z.literal('b'), tag: z.tuple([z.enum(['x', 'y']), z.number()]) }),
]);

interface HandSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'hand';
    readonly validate: (value: unknown) => { readonly value: 'read' };
    readonly types?: { readonly input: 'sent'; readonly output: 'read' };
  };
}
declare const handSchema: HandSchema;

const files = service('files', {
  lines: method({ input: z.object({ path: z.string(), from: z.number().default(0) }), output: stream(z.string()) }),
  all: method({ input: z.void(), output: stream(Line) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  chat: method({ input: stream(Line), output: stream(Line) }),
  hand: method({ input: stream(handSchema), output: stream(handSchema) }),
  kinds: method({ input: z.void(), output: stream(Kind) }),
  small: method({ input: stream(mini.string()), output: stream(mini.number()) }),
  loose: method({ input: stream(z.any()), output: stream(z.unknown()) }),
  bytes: method({ input: stream(z.instanceof(Uint8Array)), output: stream(z.instanceof(Uint8Array)) }),
  tail: method({ input: z.string(), output: stream(z.string()), errors: { gone: z.object({ at: z.date() }) } }),
  take: method({ input: stream(z.string()), output: z.number(), errors: { full: z.number() } }),
  talk: method({ input: stream(z.string()), output: stream(z.string()), errors: { rude: z.void() } }),
  log: event(z.object({ line: z.string(), level: z.number().default(0) })),
  ping: event(z.void()),
  up: method({ input: z.string(), output: z.string() }),
});

declare const client: Client<typeof files.methods>;

// A caller passes what the schema of the items takes, and gets what it gives.
expectTypeOf(client.lines).parameters.toEqualTypeOf<
  [input: { path: string; from?: number | undefined }, options?: CallOptions | undefined]
>();
expectTypeOf(client.lines).returns.toEqualTypeOf<ResponseStream<string>>();
expectTypeOf(client.chat([]).header).toEqualTypeOf<Promise<Metadata>>();
expectTypeOf(client.lines({ path: '' }).trailer).toEqualTypeOf<Promise<Metadata>>();
// @ts-expect-error A request has none: what comes along with it is in the context.
export type RequestHeader = RequestStream<string>['header'];
expectTypeOf(client.all).returns.toEqualTypeOf<ResponseStream<{ text: string; n: number }>>();
expectTypeOf(client.sum).parameters.toEqualTypeOf<[input: Items<number>, options?: CallOptions | undefined]>();
expectTypeOf(client.sum).returns.toEqualTypeOf<Promise<number>>();
expectTypeOf(client.chat).parameter(0).toEqualTypeOf<Items<{ text: string; n?: number | undefined }>>();
expectTypeOf(client.chat).returns.toEqualTypeOf<ResponseStream<{ text: string; n: number }>>();
expectTypeOf(client.hand).parameter(0).toEqualTypeOf<Items<'sent'>>();
expectTypeOf(client.hand).returns.toEqualTypeOf<ResponseStream<'read'>>();
expectTypeOf(client.small).parameter(0).toEqualTypeOf<Items<string>>();
expectTypeOf(client.small).returns.toEqualTypeOf<ResponseStream<number>>();
expectTypeOf(client.tail).returns.toEqualTypeOf<ResponseStream<string>>();
expectTypeOf(client.take).returns.resolves.toEqualTypeOf<number>();
expectTypeOf(client.talk).returns.toEqualTypeOf<ResponseStream<string>>();
expectTypeOf(client.log).parameter(0).toEqualTypeOf<{ line: string; level?: number | undefined }>();
expectTypeOf(client.log).returns.toEqualTypeOf<Promise<void>>();
expectTypeOf(client.up).returns.toEqualTypeOf<Promise<string>>();

// Nothing is any, which would satisfy every line above and check nobody's calls.
expectTypeOf(client.lines).not.toBeAny();
expectTypeOf(client.sum).parameter(0).not.toBeAny();
expectTypeOf(client.chat).returns.not.toBeAny();

export async function calls(): Promise<void> {
  const { signal } = new AbortController();
  for await (const line of client.lines({ path: 'x' }, { signal, deadline: 5 }))
    expectTypeOf(line).toEqualTypeOf<string>();
  for await (const { n } of client.all()) expectTypeOf(n).toEqualTypeOf<number>();
  for await (const item of client.loose([])) expectTypeOf(item).toBeUnknown();
  await using answer = client.lines({ path: 'x' });
  expectTypeOf(await answer.next()).toEqualTypeOf<IteratorResult<string, undefined>>();
  expectTypeOf(await answer.return()).toEqualTypeOf<IteratorResult<string, undefined>>();
  expectTypeOf(answer[Symbol.asyncIterator]()).toEqualTypeOf<ResponseStream<string>>();
  expectTypeOf(answer).toExtend<AsyncIterable<string>>();
  expectTypeOf(answer).toExtend<AsyncDisposable>();
  expectTypeOf(answer).not.toExtend<PromiseLike<unknown>>();

  // An input is whatever can be iterated.
  await client.sum([1, 2]);
  await client.sum(new Set([1]));
  await client.sum(new Map([['a', 1]]).values());
  await client.sum(Float64Array.of(1));
  await client.sum(Readable.from([1]));
  await client.sum(new ReadableStream<number>());
  await client.sum(
    (function* () {
      yield 1;
    })(),
  );
  await client.sum(
    (async function* () {
      yield 1;
    })(),
    { deadline: 5 },
  );
  for await (const _ of client.chat([{ text: 'a' }, { text: 'b', n: 5 }]));
  // What one call gives can be what another takes.
  for await (const _ of client.chat(client.chat(client.all())));
  await client.log({ line: 'x' });
  await client.log({ line: 'x', level: 3 }, { signal });
  await client.ping();
  await client.ping(undefined, { deadline: 5 });

  // @ts-expect-error A text is no stream, of characters or of anything.
  await client.sum('123');
  // @ts-expect-error Nor is it one of texts.
  await client.take('abc');
  // @ts-expect-error Nor of anything.
  client.loose('abc');
  // @ts-expect-error Items of another type.
  await client.sum(['1']);
  // @ts-expect-error One item that is of another type.
  await client.sum([1, '2']);
  // @ts-expect-error An item that misses a field.
  client.chat([{ n: 5 }]);
  // @ts-expect-error An item and no stream of them.
  await client.sum(5);
  // @ts-expect-error Bytes are a stream of numbers, and not of byte strings.
  client.bytes(new Uint8Array(5));
  // @ts-expect-error No input.
  await client.sum();
  // @ts-expect-error Web streams carry a type, too.
  await client.sum(new ReadableStream<string>());
  // @ts-expect-error A promise of a stream is none.
  await client.sum(Promise.resolve([1]));
  await client.sum(
    // @ts-expect-error A function that gives a stream is none.
    async function* () {
      yield 1;
    },
  );
  // @ts-expect-error A stream is not looped over at once.
  for (const _ of client.lines({ path: 'x' }));
  // @ts-expect-error A stream is not a list.
  const list: string[] = client.lines({ path: 'x' });
  // @ts-expect-error A call that streams is not a promise.
  client.lines({ path: list[0] ?? '' }).then();
  // @ts-expect-error An event that is not as declared.
  await client.log('x');
  // @ts-expect-error An event that carries nothing.
  await client.ping('x');
  // @ts-expect-error An event has no answer.
  const answered: string = await client.ping();
  // @ts-expect-error An option that is none.
  client.lines({ path: answered }, { timeout: 5 });
}

type Served = Handlers<typeof files.methods>;

const handlers: Served = {
  lines: () => ['x'],
  all: () => [],
  sum: () => 0,
  chat: (items) => items,
  hand: (): 'read'[] => ['read'],
  kinds: () => [{ kind: 'a', n: 1 }],
  small: () => [1],
  loose: (items) => items,
  bytes: () => [new Uint8Array(1)],
  tail: () => [],
  take: () => 0,
  talk: (items) => items,
  log: () => {},
  ping: () => {},
  up: (text) => text,
};

// A handler gets what the schema of the items gives, and gives what that of the output gives, in any form.
expectTypeOf(
  implement(files, {
    async *lines(input, context) {
      expectTypeOf(input).toEqualTypeOf<{ path: string; from: number }>();
      expectTypeOf(context).toEqualTypeOf<Context>();
      yield input.path;
    },
    all: (input) => {
      expectTypeOf(input).toEqualTypeOf<void>();
      return new Set([{ text: 'a', n: 1 }]);
    },
    async sum(numbers) {
      expectTypeOf(numbers).toEqualTypeOf<RequestStream<number>>();
      let sum = 0;
      for await (const n of numbers) {
        expectTypeOf(n).toEqualTypeOf<number>();
        sum += n;
      }
      const { done, value } = await numbers.next();
      if (done !== true) sum += value;
      await numbers.return();
      return sum;
    },
    async *chat(lines) {
      for await (const { text, n } of lines) {
        expectTypeOf(n).toEqualTypeOf<number>();
        yield { text, n };
      }
    },
    async *hand(items) {
      for await (const item of items) {
        expectTypeOf(item).toEqualTypeOf<'read'>();
        yield item;
      }
    },
    *kinds() {
      yield { kind: 'a', n: 1 };
      yield { kind: 'b', tag: ['x', 1] };
    },
    small: async () => [1],
    loose: (items) => items,
    bytes: () => new Map([['a', new Uint8Array(1)]]).values(),
    tail: () => Readable.from(['x']),
    take: async (items) => {
      for await (const item of items) expectTypeOf(item).toEqualTypeOf<string>();
      return 0;
    },
    talk: () => new ReadableStream<string>(),
    log: ({ line, level }) => {
      expectTypeOf(line).toEqualTypeOf<string>();
      expectTypeOf(level).toEqualTypeOf<number>();
    },
    ping: async (input) => {
      expectTypeOf(input).toEqualTypeOf<void>();
    },
    up: (text) => text,
  }),
).toEqualTypeOf<Implementation>();

// @ts-expect-error A text is no stream.
implement(files, { ...handlers, lines: () => 'text' });
// @ts-expect-error Not later either.
implement(files, { ...handlers, lines: async () => 'text' });
// @ts-expect-error Nor one of anything.
implement(files, { ...handlers, loose: () => 'text' });
// @ts-expect-error An item and no stream.
implement(files, { ...handlers, all: () => ({ text: 'a', n: 1 }) });
// @ts-expect-error Nothing.
implement(files, { ...handlers, lines: () => {} });
// @ts-expect-error Items of another type, in a list.
implement(files, { ...handlers, lines: () => [5] });
// @ts-expect-error Items of another type, later.
implement(files, { ...handlers, lines: async () => [5] });
implement(files, {
  ...handlers,
  // @ts-expect-error Items of another type, from a generator.
  *lines() {
    yield 5;
  },
});
implement(files, {
  ...handlers,
  // @ts-expect-error Items of another type, from one that takes its time.
  async *lines() {
    yield 5;
  },
});
implement(files, {
  ...handlers,
  // @ts-expect-error Items that miss what has a default only where they are sent.
  async *chat() {
    yield { text: 'a' };
  },
});
implement(files, {
  ...handlers,
  async sum(numbers) {
    // @ts-expect-error An input that streams is looped over in time.
    for (const _ of numbers);
    // @ts-expect-error Its items have their type.
    for await (const n of numbers) n.length;
    return 0;
  },
});
// @ts-expect-error A stream where one message is declared.
implement(files, { ...handlers, sum: () => [0] });
// @ts-expect-error An input of another type.
implement(files, { ...handlers, sum: (_: AsyncIterable<string>) => 0 });
// @ts-expect-error An event is not answered.
implement(files, { ...handlers, log: () => 5 });
// @ts-expect-error Nor later.
implement(files, { ...handlers, log: async () => 5 });
// @ts-expect-error An event that gets something else.
implement(files, { ...handlers, log: (_: string) => {} });

// How many calls run at once is said by the method's name.
implement(files, handlers, { concurrency: { lines: 4, sum: 1 } });
implement(files, handlers, {});
// @ts-expect-error A method that is not declared.
implement(files, handlers, { concurrency: { typo: 4 } });
// @ts-expect-error What is no number.
implement(files, handlers, { concurrency: { lines: '4' } });
// @ts-expect-error An option that is none.
implement(files, handlers, { parallel: { lines: 4 } });

// A handler can be written apart from the others.
const tail: Served['tail'] = async function* (path) {
  expectTypeOf(path).toEqualTypeOf<string>();
  yield path;
};
implement(files, { ...handlers, tail });

// Every kind of method makes its declared errors and knows them again; the others have none.
expectTypeOf(files.methods.tail.error('gone', { at: new Date() })).toEqualTypeOf<RpcError>();
expectTypeOf(files.methods.take.error('full', 5, { metadata: { a: 'b' } })).toEqualTypeOf<RpcError>();
expectTypeOf(files.methods.talk.error('rude', undefined)).toEqualTypeOf<RpcError>();
// @ts-expect-error Data of the wrong type.
files.methods.tail.error('gone', { at: 'now' });
// @ts-expect-error A name that is not declared.
files.methods.take.error('gone', 5);
// @ts-expect-error A method that declares no errors makes none.
files.methods.lines.error;
// @ts-expect-error Nor does it know any.
files.methods.sum.isError;
// @ts-expect-error Nor does an event.
files.methods.log.error;

export function caught(thrown: unknown): void {
  if (files.methods.tail.isError(thrown)) {
    expectTypeOf(thrown.name).toEqualTypeOf<'gone'>();
    expectTypeOf(thrown.data.at).toEqualTypeOf<Date>();
  } else if (files.methods.take.isError(thrown)) expectTypeOf(thrown.data).toEqualTypeOf<number>();
  else if (files.methods.talk.isError(thrown)) expectTypeOf(thrown.data).toEqualTypeOf<void>();
  else expectTypeOf(thrown).toBeUnknown();
}

// A definition that cannot be one does not compile.
// @ts-expect-error A stream of streams.
stream(stream(z.string()));
// @ts-expect-error A stream of what is no schema.
stream('text');
// @ts-expect-error An event that streams.
event(stream(z.string()));
// @ts-expect-error An event without a schema.
event();
// @ts-expect-error An error whose data streams.
method({ input: z.string(), output: z.string(), errors: { bad: stream(z.string()) } });
// @ts-expect-error An event in place of an input.
method({ input: event(z.string()), output: z.string() });
// @ts-expect-error A stream that is no method.
service('s', { m: stream(z.string()) });
