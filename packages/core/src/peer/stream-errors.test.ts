import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { failure } from './test-outcome.ts';
import { quiet, type World, worldOf } from './test-world.ts';

const errors = { broken: z.object({ line: z.number(), at: z.date().optional() }) };

const streams = service('streams', {
  read: method({ input: z.number(), output: stream(z.number()), errors }),
  write: method({ input: stream(z.number()), output: z.number(), errors }),
  chat: method({ input: stream(z.number()), output: stream(z.number()), errors }),
  ask: method({ input: z.number(), output: z.number(), errors }),
  loose: method({ input: stream(z.any()), output: stream(z.any()) }),
});

type Served = Handlers<typeof streams.methods>;

/** Both ends of a connection. */
function world(served: Partial<Served>, limits: Partial<Limits> = {}): World<typeof streams.methods> {
  const handlers: Served = { read: () => [], write: () => 0, chat: () => [], ask: (n) => n, loose: (items) => items };
  return worldOf(streams, { ...handlers, ...served }, { near: limits, far: limits });
}

/** The items of a stream, and the error that it ended with. */
async function readAll(
  items: AsyncIterable<unknown>,
): Promise<{ readonly items: unknown[]; readonly error: RpcError }> {
  const all: unknown[] = [];
  try {
    for await (const item of items) all.push(item);
  } catch (error) {
    if (error instanceof RpcError) return { items: all, error };
    throw error;
  }
  throw new Error(`The stream has ended without an error, after ${all.length} items.`);
}

/** Two numbers, and then what the given function does. */
async function* twoThen(then: () => number): AsyncGenerator<number> {
  yield* [1, 2];
  yield then();
}

function thrower(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

describe('a producer that throws midway', () => {
  test('something of its own tells the caller INTERNAL without its text, behind the items before', async () => {
    const secret = new Error('the password is 1234');
    await using here = world({ read: () => twoThen(thrower(secret)), chat: () => twoThen(thrower(secret)) });
    for (const name of ['read', 'chat'] as const) {
      const { items, error } = await readAll(name === 'read' ? here.client.read(0) : here.client.chat([]));
      expect(items).toEqual([1, 2]);
      expect([error.code, error.execution, error.method]).toEqual(['INTERNAL', 'unknown', `streams.${name}`]);
      expect(JSON.stringify([error, error.message])).not.toContain('1234');
      expect(here.reported.splice(0)).toEqual([[secret, `streams.${name}`]]);
    }
    expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
  });

  test('an RpcError tells the caller that, with its metadata, and nobody else', async () => {
    const thrown = new RpcError('NOT_FOUND', 'No line 3.', { metadata: { line: '3', raw: new Uint8Array([1]) } });
    await using here = world({ read: () => twoThen(thrower(thrown)) });
    const { items, error } = await readAll(here.client.read(0));
    expect(items).toEqual([1, 2]);
    expect([error.code, error.message, error.execution]).toEqual(['NOT_FOUND', 'No line 3.', 'unknown']);
    expect({ ...error.metadata }).toEqual({ line: '3', raw: new Uint8Array([1]) });
    expect(here.reported).toEqual([]);
  });

  test.each([undefined, null, 'a text', 0])('%s fails the stream, which does not look whole', async (thrown) => {
    await using here = world({
      read: () => twoThen(thrower(thrown)),
      async write(items) {
        let count = 0;
        for await (const _ of items) count++;
        return count;
      },
    });
    const { items, error } = await readAll(here.client.read(0));
    expect([items, error.code]).toEqual([[1, 2], 'INTERNAL']);
    expect(here.reported).toEqual([[thrown, 'streams.read']]);
    expect((await failure(here.client.write(twoThen(thrower(thrown))))).code).toBe('UNKNOWN');
  });

  test('is told once: behind its error a stream is at its end', async () => {
    await using here = world({ read: () => twoThen(thrower(new RpcError('ABORTED', 'x'))) });
    const answer = here.client.read(0);
    await readAll(answer);
    expect([await answer.next(), await answer.return()]).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    const asked = here.client.read(0);
    const outcomes = await Promise.allSettled([asked.next(), asked.next(), asked.next(), asked.next()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  });

  test('before it has given a stream fails the same way, at once or later', async () => {
    for (const read of [
      thrower(new RpcError('NOT_FOUND', 'None.')),
      async () => thrower(new RpcError('NOT_FOUND', 'None.'))(),
      () => ({ [Symbol.asyncIterator]: () => ({ next: thrower(new RpcError('NOT_FOUND', 'None.')) }) }),
    ]) {
      await using here = world({ read });
      const { items, error } = await readAll(here.client.read(0));
      expect([items, error.code, error.message]).toEqual([[], 'NOT_FOUND', 'None.']);
    }
  });
});

describe('a declared error', () => {
  const thrown = (name: 'read' | 'write' | 'chat' | 'ask'): RpcError =>
    streams.methods[name].error(
      'broken',
      { line: 3, at: new Date(7) },
      { message: `${name} is broken.`, metadata: { why: name } },
    );

  test('reaches the caller from a method of every kind, with its data and metadata, and is known again', async () => {
    await using here = world({
      read: () => twoThen(thrower(thrown('read'))),
      write: async (items) => {
        for await (const _ of items) throw thrown('write');
        return 0;
      },
      async *chat(items) {
        for await (const n of items) yield n;
        throw thrown('chat');
      },
      ask: thrower(thrown('ask')),
    });
    const caught = {
      read: (await readAll(here.client.read(0))).error,
      write: await failure(here.client.write([1, 2])),
      chat: (await readAll(here.client.chat([1, 2]))).error,
      ask: await failure(here.client.ask(1)),
    };
    for (const name of ['read', 'write', 'chat', 'ask'] as const) {
      const error = caught[name];
      expect([error.name, error.message, error.execution]).toEqual(['broken', `${name} is broken.`, 'unknown']);
      expect({ ...error.metadata }).toEqual({ why: name });
      if (!streams.methods[name].isError(error)) throw new Error(`${name} does not know its error.`);
      expect([error.data.line, error.data.at]).toEqual([3, new Date(7)]);
      for (const other of ['read', 'write', 'chat', 'ask'] as const) {
        expect(streams.methods[other].isError(error)).toBe(other === name);
      }
    }
    expect(here.reported).toEqual([]);
  });

  test('of another method is a plain error', async () => {
    await using here = world({ read: () => twoThen(thrower(thrown('write'))) });
    const { error } = await readAll(here.client.read(0));
    const message = "streams.read failed, because streams.write did (UNKNOWN); the server's log says why.";
    expect([error.name, error.data, error.message]).toEqual(['RpcError', undefined, message]);
    expect(here.reported.map(([reason]) => (reason as Error).message)).toEqual(['write is broken.']);
    expect(streams.methods.read.isError(error)).toBe(false);
  });

  test('whose data does not match is told at the end that made it, and the caller gets INTERNAL', async () => {
    const wrong = streams.methods.read.error('broken', { line: 'three' } as unknown as { line: number });
    await using here = world({ read: () => twoThen(thrower(wrong)) });
    const { items, error } = await readAll(here.client.read(0));
    expect([items, error.code, error.name, error.data]).toEqual([[1, 2], 'INTERNAL', 'RpcError', undefined]);
    expect(String(here.reported[0]?.[0])).toContain('data that does not match its contract: at line');
  });
});

describe('an item of an output', () => {
  test.each([
    ['that does not match', 'x', 'INTERNAL', 'does not match its contract', 'item 2: Invalid input: expected number'],
    ['that cannot cross', () => 1, 'INTERNAL', 'cannot be encoded', 'item 2: '],
    ['over a limit', 'x'.repeat(2000), 'RESOURCE_EXHAUSTED', 'over a limit', '(limit "message")'],
  ])(
    '%s ends its stream, behind the items before, and lets its producer clean up',
    async (kind, item, code, said, told) => {
      let returned = 0;
      const produce = async function* (): AsyncGenerator<number> {
        try {
          yield* [1, 2];
          yield item as unknown as number;
          yield 3;
        } finally {
          returned++;
        }
      };
      await using here = world({ read: produce, loose: produce }, { message: 1024 });
      const checked = kind === 'that does not match';
      const { items, error } = await readAll(checked ? here.client.read(0) : here.client.loose([]));
      expect([items, error.code, returned]).toEqual([[1, 2], code, 1]);
      expect(error.message).toContain(said);
      expect(here.reported).toHaveLength(1);
      expect(String(here.reported[0]?.[0])).toContain(told);
      expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
    },
  );

  test('that its caller refuses ends the loop with INTERNAL, and the handler', async () => {
    const told: unknown[] = [];
    await using here = world({
      async *loose(_, { signal }) {
        try {
          for (let i = 0; ; i++) yield i < 3 ? i : 'three';
        } finally {
          told.push(signal.aborted);
        }
      },
    });
    const stricter = service('streams', {
      // What only code can tell is not compared before the call.
      loose: method({
        input: stream(z.number()),
        output: stream(z.custom<number>((n) => typeof n === 'number', 'No number')),
      }),
    });
    const { items, error } = await readAll(here.near.client(stricter).loose([]));
    expect(items).toEqual([0, 1, 2]);
    expect([error.code, error.method, error.execution]).toEqual(['INTERNAL', 'streams.loose', 'unknown']);
    expect(error.message).toBe('An item of the answer to streams.loose does not match the contract: No number');
    await quiet();
    expect([told, here.near.pending, here.far.serving]).toEqual([[true], 0, 0]);
  });
});

describe('an item of an input', () => {
  test('that does not match is thrown where the handler reads it, behind the items before, and reaches the caller', async () => {
    let returned = 0;
    const read: number[] = [];
    async function* give(): AsyncGenerator<number> {
      try {
        yield* [1, 2, 'three' as unknown as number, 4];
      } finally {
        returned++;
      }
    }
    await using here = world({
      async write(items) {
        for await (const n of items) read.push(n);
        return 0;
      },
      async *chat(items) {
        for await (const n of items) yield n;
      },
    });
    const error = await failure(here.client.write(give()));
    const said = 'is not valid: Invalid input: expected number, received string';
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', `An item of the input of streams.write ${said}`]);
    expect(read).toEqual([1, 2]);
    const talk = await readAll(here.client.chat(give()));
    expect([talk.items, talk.error.code]).toEqual([[1, 2], 'INVALID_ARGUMENT']);
    await quiet();
    expect([returned, here.reported, here.near.pending, here.far.serving]).toEqual([2, [], 0, 0]);
  });

  test('that does not match is over for the handler that catches it: it may answer, and its caller is told to stop', async () => {
    let after: unknown;
    let returned = false;
    async function* give(): AsyncGenerator<number> {
      try {
        yield 'one' as unknown as number;
        for (;;) yield 2;
      } finally {
        returned = true;
      }
    }
    await using here = world({
      async write(items) {
        const error = (await items.next().catch((thrown: unknown) => thrown)) as RpcError;
        after = await items.next();
        while (!returned) await quiet();
        return error.code === 'INVALID_ARGUMENT' ? 7 : 0;
      },
    });
    expect(await here.client.write(give())).toBe(7);
    expect(after).toEqual({ done: true, value: undefined });
  });

  test.each([
    ['that cannot cross', () => 1, 'INVALID_ARGUMENT', 'item 2: '],
    ['over a limit', 'x'.repeat(2000), 'RESOURCE_EXHAUSTED', 'item 2: The message is 2000 bytes long'],
  ])('%s fails the call where it is made, and the handler hears that nobody waits', async (_, item, code, said) => {
    let returned = 0;
    async function* give(): AsyncGenerator {
      try {
        yield* [1, 2, item, 3];
      } finally {
        returned++;
      }
    }
    let heard: unknown;
    await using here = world(
      {
        async *loose(items, { signal }) {
          try {
            for await (const each of items) yield each;
          } finally {
            heard = (signal.reason as RpcError).code;
          }
        },
      },
      { message: 1024 },
    );
    const { error } = await readAll(here.client.loose(give()));
    expect([error.code, error.method, error.execution]).toEqual([code, 'streams.loose', 'unknown']);
    expect(error.message).toContain(`The input of streams.loose: ${said}`);
    await quiet();
    expect([returned, heard, here.reported]).toEqual([1, 'CANCELLED', []]);
    expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
  });
});

describe('an input that throws', () => {
  test.each([
    ['something of its own', new Error('disk full'), 'UNKNOWN', 'disk full'],
    ['an RpcError', new RpcError('DATA_LOSS', 'half a file'), 'DATA_LOSS', 'half a file'],
    ['an abort', new DOMException('stopped', 'AbortError'), 'CANCELLED', 'stopped'],
  ])(
    '%s fails its call with that, and the handler is not led to think that it was whole',
    async (_, thrown, code, text) => {
      const ends: unknown[] = [];
      await using here = world({
        async write(items) {
          try {
            for await (const _ of items);
            ends.push('whole');
          } catch (error) {
            ends.push((error as RpcError).code);
            throw error;
          }
          return 0;
        },
        async *chat(items) {
          try {
            for await (const n of items) yield n;
            ends.push('whole');
          } catch (error) {
            ends.push((error as RpcError).code);
            throw error;
          }
        },
      });
      const written = await failure(here.client.write(twoThen(thrower(thrown))));
      const talked = (await readAll(here.client.chat(twoThen(thrower(thrown))))).error;
      for (const [name, error] of [
        ['streams.write', written],
        ['streams.chat', talked],
      ] as const) {
        expect([error.code, error.method, error.cause]).toEqual([code, name, thrown]);
        expect(error.message).toBe(`The input of ${name}: it threw: ${text}`);
      }
      await quiet();
      // The one that reads is told so; the one that waits in its yield is returned.
      expect([ends[0], here.reported]).toEqual(['CANCELLED', []]);
      expect(ends).not.toContain('whole');
      expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
    },
  );

  test('after its call was answered fails nothing', async () => {
    let fail = (_: Error): void => {};
    const failing = new Promise<number>((_, reject) => {
      fail = reject;
    });
    // The second item may never be asked for.
    failing.catch(() => {});
    async function* give(): AsyncGenerator<number> {
      yield 1;
      yield await failing;
    }
    await using here = world({
      async write(items) {
        await items.next();
        return 5;
      },
    });
    expect(await here.client.write(give())).toBe(5);
    fail(new Error('too late'));
    await quiet();
    expect([here.reported, here.near.pending, here.far.serving]).toEqual([[], 0, 0]);
  });
});

test('a method that the other end serves as another kind is not called, and the caller is told of that', async () => {
  let returned = 0;
  async function* give(): AsyncGenerator<number> {
    try {
      for (;;) yield 1;
    } finally {
      returned++;
    }
  }
  await using here = world({});
  const otherwise = here.near.client(
    service('streams', {
      read: method({ input: stream(z.number()), output: z.number() }),
      write: method({ input: z.number(), output: stream(z.number()) }),
      chat: method({ input: z.number(), output: z.number() }),
      ask: method({ input: stream(z.number()), output: stream(z.number()) }),
    }),
  );
  for (const error of [
    await failure(otherwise.read(give())),
    await failure(otherwise.write(1).next()),
    await failure(otherwise.chat(1)),
    await failure(otherwise.ask(give()).next()),
  ]) {
    expect([error.code, error.execution]).toEqual(['UNIMPLEMENTED', 'rejected']);
    expect(error.message).toContain('Are the contracts of both sides the same?');
  }
  await quiet();
  expect([returned, here.near.pending, here.far.serving]).toEqual([2, 0, 0]);
});
