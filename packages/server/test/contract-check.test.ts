import { connect as dial } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import {
  close,
  connect,
  event,
  implement,
  method,
  type RemotePeer,
  RpcError,
  type ServeOptions,
  type Server,
  serve,
  service,
  stream,
} from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

let place: Temporary;
let server: Server | undefined;
const clients: object[] = [];

beforeEach(async () => {
  place = await temporary();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => close(client, { grace: 0 })));
  await server?.close({ grace: 0 });
  await place[Symbol.asyncDispose]();
});

/** What a method takes and gives, of which there is one version at each side. */
type Definition = Parameters<typeof method>[0];

/** Calls a method by one version of its contract, of a server that has the other one. */
async function met(here: Definition, there: Definition, input: unknown, output: unknown): Promise<unknown> {
  const served = service('text', { parse: method(here) });
  const called = service('text', { parse: method(there) });
  const handled: unknown[] = [];
  const handlers = {
    parse: (given: unknown) => {
      handled.push(given);
      if (output instanceof Error) throw served.methods.parse.error?.(output.message, output.cause as never);
      return output;
    },
  };
  server = await serve(place.unix(), implement(served as never, handlers as never), { onError: () => {} });
  const client = connect(place.unix(), called) as unknown as { parse(input: unknown): Promise<unknown> };
  clients.push(client);
  try {
    return await client.parse(input);
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== 'FAILED_PRECONDITION') throw error;
    expect([error.execution, handled]).toEqual(['rejected', []]);
    return error.message.replace(WHERE, '');
  }
}

const WHERE =
  ' The contracts of the two sides differ: "here" is the side that serves the method, "there" the one that calls it.';

const Line = z.object({ text: z.string(), at: z.number() });
const Circle = z.object({ kind: z.literal('circle'), radius: z.number() });
const Square = z.object({ kind: z.literal('square'), side: z.number() });

describe('a call over a socket, between two versions of a contract that do not fit, says what differs:', () => {
  test('a field of the input has another name', async () => {
    const here = { input: z.object({ text: z.string() }), output: z.string() };
    const there = { input: z.object({ string: z.string() }), output: z.string() };
    expect(await met(here, there, { string: 'a' }, 'A')).toBe(
      'text.parse: input.text is required here and unknown there.',
    );
  });

  test('a field of the output is gone', async () => {
    const here = { input: z.string(), output: z.object({ lines: z.array(Line.omit({ at: true })) }) };
    const there = { input: z.string(), output: z.object({ lines: z.array(Line) }) };
    expect(await met(here, there, 'a', { lines: [] })).toBe(
      'text.parse: output.lines[].at is unknown here and required there.',
    );
  });

  test('several fields are of other types, and one must be there now', async () => {
    const here = {
      input: z.object({ days: z.number(), since: z.date(), raw: z.instanceof(Uint8Array), note: z.string() }),
      output: z.void(),
    };
    const there = {
      input: z.object({ days: z.string(), since: z.string().nullable(), raw: z.bigint(), note: z.string().optional() }),
      output: z.void(),
    };
    expect(await met(here, there, { days: '1', since: 'now', raw: 1n }, undefined)).toBe(
      'text.parse: input.days is a number here and text there; input.note is required here and may be left out there; ' +
        'input.raw is bytes here and a BigInt there; input.since is a Date here and null or text there.',
    );
  });

  test('the output has a choice that the caller does not know', async () => {
    const Text = z.object({ kind: z.literal('text'), text: z.string() });
    const here = {
      input: z.enum(['draft', 'final']),
      output: z.object({
        level: z.enum(['low', 'high', 'off']),
        shape: z.discriminatedUnion('kind', [Circle, Square, Text]),
      }),
    };
    const there = {
      input: z.enum(['draft', 'final', 'none']),
      output: z.object({ level: z.enum(['low', 'high']), shape: z.discriminatedUnion('kind', [Circle, Square]) }),
    };
    expect(await met(here, there, 'draft', {})).toBe(
      'text.parse: input is "draft" or "final" here and may be "none" there; ' +
        'output.level may be "off" here and is "high" or "low" there; ' +
        'output.shape may be an object whose kind is "text" here and ' +
        'is an object whose kind is "circle" or an object whose kind is "square" there.',
    );
  });

  test('the input takes no fields that it does not know, and the data of an error has changed', async () => {
    const here = {
      input: z.strictObject({ text: z.string() }),
      output: z.map(z.string(), z.set(z.number())),
      errors: { syntax: z.object({ line: z.number().optional() }) },
    };
    const there = {
      input: z.object({ text: z.string(), mode: z.string().optional() }),
      output: z.map(z.string(), z.set(z.string())),
      errors: { syntax: z.object({ line: z.number() }) },
    };
    expect(await met(here, there, { text: 'a' }, new Map())).toBe(
      'text.parse: input.mode is refused here and may be sent there; ' +
        'output[value][] is a number here and text there; ' +
        'errors.syntax.line may be left out here and is required there.',
    );
  });
});

describe('a call over a socket, between two versions of a contract that differ and fit, is served:', () => {
  test('the input has got a field that may be left out, and one with a default', async () => {
    const here = {
      input: z.object({ text: z.string(), mode: z.string().optional(), days: z.number().default(7) }),
      output: z.object({ text: z.string() }),
    };
    const there = { input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) };
    expect(await met(here, there, { text: 'a' }, { text: 'A' })).toEqual({ text: 'A' });
  });

  test('the output has got a field, and the caller fills in another', async () => {
    const here = { input: z.string(), output: z.object({ text: z.string(), length: z.number() }) };
    const there = { input: z.string(), output: z.object({ text: z.string(), at: z.number().default(0) }) };
    expect(await met(here, there, 'a', { text: 'A', length: 1 })).toEqual({ text: 'A', at: 0 });
  });

  test('the input takes more than it did, and the output gives less', async () => {
    const here = { input: z.union([z.string(), z.number(), z.null()]), output: z.enum(['a', 'b']) };
    const there = { input: z.string(), output: z.string().optional() };
    expect(await met(here, there, 'a', 'b')).toBe('b');
  });

  test('an error is declared that the caller does not know', async () => {
    const here = { input: z.string(), output: z.void(), errors: { syntax: z.object({ line: z.number() }) } };
    const there = { input: z.string(), output: z.void() };
    await expect(met(here, there, 'a', new Error('syntax', { cause: { line: 3 } }))).rejects.toMatchObject({
      code: 'UNKNOWN',
      execution: 'unknown',
    });
  });

  test('a schema that contains itself is refined and written in another library', async () => {
    const Tree = z.object({
      name: z.string().min(1).max(100),
      size: z.int().positive(),
      get children() {
        return z.array(Tree).max(10);
      },
    });
    const Small = mini.object({
      name: mini.string(),
      size: mini.number(),
      note: mini.optional(mini.string()),
      get children() {
        return mini.array(Small);
      },
    });
    const tree = { name: 'a', size: 1, children: [{ name: 'b', size: 2, children: [] }] };
    expect(await met({ input: Tree, output: Tree }, { input: Small, output: Small }, tree, tree)).toEqual(tree);
  });
});

/** What crosses a proxy, as the types of the frames: `METHOD`, say, with its length. */
async function counted(address: string, path: string): Promise<{ readonly address: string; sent(): Buffer }> {
  const { createServer } = await import('node:net');
  const chunks: Buffer[] = [];
  const proxy = createServer({ allowHalfOpen: true }, (socket) => {
    const beyond = dial({ path: address.slice('unix:'.length), allowHalfOpen: true });
    // Whichever side goes first, the other one goes with it.
    for (const [one, other] of [[socket, beyond] as const, [beyond, socket] as const])
      one.on('error', () => other.destroy());
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.pipe(beyond);
    beyond.pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(path, resolve));
  proxy.unref();
  return { address: `unix:${path}`, sent: () => Buffer.concat(chunks) };
}

/** The types of the frames in what a client has sent. */
function frameTypes(sent: Buffer): number[] {
  const types: number[] = [];
  for (let at = 16; at < sent.length; at += 4 + sent.readUInt32BE(at)) types.push(sent[at + 4] as number);
  return types;
}

describe('between equal contracts', () => {
  test('nothing crosses but the fingerprint at the first call', async () => {
    const contract = () => service('text', { uppercase: method({ input: z.string(), output: z.string() }) });
    server = await serve(place.unix(), implement(contract(), { uppercase: (s) => s.toUpperCase() }));
    const proxy = await counted(place.unix(), place.at('p.sock'));
    const client = connect(proxy.address, contract());
    clients.push(client);
    for (const text of ['a', 'b', 'c']) expect(await client.uppercase(text)).toBe(text.toUpperCase());
    const [HELLO, METHOD, REQUEST] = [1, 6, 0x10];
    expect(frameTypes(proxy.sent())).toEqual([HELLO, METHOD, REQUEST, REQUEST, REQUEST]);
    const named = proxy.sent().indexOf('uppercase') + 'uppercase'.length;
    // The fingerprint fills the rest of METHOD, up to the length of the REQUEST.
    expect(proxy.sent().readUInt32BE(named + 8)).toBe(6 + 2 + 4 + 2);
  });
});

/** A promise, and what fulfils it. */
function awaited<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function fate(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `fulfilled with ${JSON.stringify(value)}`,
    (error: RpcError) => `${error.code} ${error.execution} ${error.message.replace(WHERE, '')}`,
  );
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) read.push(item);
  return read;
}

describe('the same holds', () => {
  test('for a server that calls a service of its client', async () => {
    const nothing = service('nothing', {});
    const old = service('shop', { sell: method({ input: z.object({ id: z.number() }), output: z.string() }) });
    const good = service('shop', {
      sell: method({ input: z.object({ id: z.number(), how: z.string() }), output: z.string() }),
    });
    const bad = service('shop', { sell: method({ input: z.object({ name: z.string() }), output: z.string() }) });
    const connected = awaited<RemotePeer>();
    server = await serve(place.unix(), implement(nothing, {}), { onConnect: connected.resolve });
    clients.push(
      connect(place.unix(), nothing, { implementations: implement(old, { sell: ({ id }) => `sold ${id}` }) }),
    );
    const peer = await connected.promise;
    expect(await peer.client(good).sell({ id: 7, how: 'soon' })).toBe('sold 7');
    expect(await fate(peer.client(bad).sell({ name: 'a' }))).toBe(
      'FAILED_PRECONDITION rejected shop.sell: input.id is required here and unknown there.',
    );
  });

  test('for streams, by their items', async () => {
    const versions = (Item: z.ZodType<object>) => ({
      list: method({ input: z.number(), output: stream(Item) }),
      sum: method({ input: stream(Item), output: z.number() }),
      chat: method({ input: stream(Item), output: stream(Item) }),
    });
    const serves = (options: ServeOptions = {}) =>
      serve(
        place.unix(),
        implement(service('s', versions(z.object({ n: z.number() }))), {
          list: (most) => Array.from({ length: most }, (_, n) => ({ n })),
          sum: async (items) => (await all(items)).length,
          async *chat(items) {
            for await (const item of items) yield item;
          },
        }),
        options,
      );
    server = await serves();
    const more = connect(
      place.unix(),
      service('s', versions(z.object({ n: z.number(), note: z.string().optional() }))),
    );
    const other = connect(place.unix(), service('s', versions(z.object({ n: z.string() }))));
    clients.push(more, other);
    const items = Array.from({ length: 20_000 }, (_, n) => ({ n }));
    expect(await all(more.list(3))).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    expect(await more.sum(items)).toBe(20_000);
    expect(await all(more.chat(items))).toEqual(items);
    const n = 'is a number here and text there';
    expect(await fate(all(other.list(3)))).toBe(`FAILED_PRECONDITION rejected s.list: output[].n ${n}.`);
    expect(await fate(other.sum([{ n: 'a' }]))).toBe(`FAILED_PRECONDITION rejected s.sum: input[].n ${n}.`);
    expect(await fate(all(other.chat([{ n: 'a' }])))).toBe(
      `FAILED_PRECONDITION rejected s.chat: input[].n ${n}; output[].n ${n}.`,
    );
  });

  test('for events: they come in their order, or are dropped, which the receiver is told once', async () => {
    const versions = (Note: z.ZodType) => service('s', { log: event(Note), done: event(z.string()) });
    const came: unknown[] = [];
    const told: unknown[] = [];
    const heard = awaited<void>();
    server = await serve(
      place.unix(),
      implement(versions(z.object({ line: z.string() })), {
        log: (note) => void came.push(note),
        done: (text) => {
          came.push(text);
          if (text === 'last') heard.resolve();
        },
      }),
      { onError: (error, name) => told.push(`${name} ${(error as RpcError).message.replace(WHERE, '')}`) },
    );
    const more = connect(place.unix(), versions(z.object({ line: z.string(), level: z.number() })));
    const other = connect(place.unix(), versions(z.object({ text: z.string() })));
    clients.push(more, other);
    for (const line of ['a', 'b']) void more.log({ line, level: 1 });
    await more.done('more');
    for (const text of ['c', 'd']) void other.log({ text });
    await other.done('last');
    await heard.promise;
    expect(came).toEqual([{ line: 'a' }, { line: 'b' }, 'more', 'last']);
    expect(told).toEqual(['s.log s.log: input.line is required here and unknown there.']);
  });
});
