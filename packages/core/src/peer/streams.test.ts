import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import { collect, failure } from './test-outcome.ts';
import { quiet, type World, worldOf } from './test-world.ts';

const Row = z.object({ id: z.number(), tag: z.string().optional() });
const Filled = z.object({ n: z.number().default(7), text: z.string().transform((text) => text.length) });

const streams = service('streams', {
  count: method({ input: z.number(), output: stream(z.number()) }),
  rows: method({ input: z.number(), output: stream(Row) }),
  anything: method({ input: z.any(), output: stream(z.any()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  gather: method({ input: stream(z.any()), output: z.array(z.any()) }),
  fill: method({ input: stream(Filled), output: z.array(z.tuple([z.number(), z.number()])) }),
  chat: method({ input: stream(z.string()), output: stream(z.string()) }),
  unary: method({ input: z.number(), output: z.number() }),
});

type Served = Handlers<typeof streams.methods>;

const handlers: Served = {
  count: (n) => Array.from({ length: n }, (_, i) => i),
  rows: (n) => Array.from({ length: n }, (_, id) => ({ id })),
  anything: (items) => items,
  async sum(numbers) {
    let sum = 0;
    for await (const n of numbers) sum += n;
    return sum;
  },
  gather: collect,
  async fill(items) {
    return (await collect(items)).map(({ n, text }) => [n, text]);
  },
  async *chat(lines) {
    for await (const line of lines) yield line.toUpperCase();
  },
  unary: (n) => n,
};

/** Both ends of a connection. */
function world(served: Partial<Served> = {}): World<typeof streams.methods> {
  return worldOf(streams, { ...handlers, ...served });
}

/** Numbers from 0 on, in each form that a stream may have. */
const FORMS: Record<string, (n: number) => AsyncIterable<number> | (Iterable<number> & object)> = {
  'an array': (n) => Array.from({ length: n }, (_, i) => i),
  'a Set': (n) => new Set(FORMS['an array']?.(n) as number[]),
  'a typed array': (n) => Float64Array.from(FORMS['an array']?.(n) as number[]),
  'a generator': function* (n) {
    for (let i = 0; i < n; i++) yield i;
  },
  'an async generator': async function* (n) {
    for (let i = 0; i < n; i++) yield i;
  },
  'an async generator that waits': async function* (n) {
    for (let i = 0; i < n; i++) {
      if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      yield i;
    }
  },
  'a Node stream': (n) => Readable.from(FORMS['an array']?.(n) as number[]),
  'a web stream': (n) => {
    let i = 0;
    return new ReadableStream<number>({
      pull(controller) {
        if (i < n) controller.enqueue(i++);
        else controller.close();
      },
    });
  },
  'an iterator without return()': (n) => {
    let i = 0;
    const iterator: AsyncIterableIterator<number> = {
      next: async () => (i < n ? { done: false, value: i++ } : { done: true, value: undefined }),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  },
};

async function* endlessly(line: string): AsyncGenerator<string> {
  for (;;) yield line;
}

describe('a stream of items', () => {
  test.each(Object.keys(FORMS))('that a handler gives as %s arrives whole and in order', async (form) => {
    await using here = world({ count: (n) => FORMS[form]?.(n) ?? [] });
    for (const n of [0, 1, 1000]) {
      expect(await collect(here.client.count(n))).toEqual(FORMS['an array']?.(n));
    }
    expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
  });

  test.each(Object.keys(FORMS))('that a caller gives as %s arrives whole and in order', async (form) => {
    await using here = world({ gather: collect });
    for (const n of [0, 1, 1000]) {
      expect(await here.client.gather(FORMS[form]?.(n) ?? [])).toEqual(FORMS['an array']?.(n));
    }
    expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
  });

  test('may be promised by its handler', async () => {
    await using here = world({ count: async (n) => [n, n + 1] });
    expect(await collect(here.client.count(3))).toEqual([3, 4]);
  });

  test('that is longer than any window arrives whole, in either direction and in both', async () => {
    await using here = world({
      async *count(n) {
        for (let i = 0; i < n; i++) yield i;
      },
    });
    let next = 0;
    for await (const n of here.client.count(50_000)) if (n !== next++) throw new Error(`${n} came as number ${next}`);
    expect(next).toBe(50_000);
    expect(await here.client.sum(FORMS['a generator']?.(50_000) ?? [])).toBe((50_000 * 49_999) / 2);
    const lines = Array.from({ length: 10_000 }, (_, i) => `line ${i}`);
    expect(await collect(here.client.chat(lines))).toEqual(lines.map((line) => line.toUpperCase()));
  });

  test('keeps every kind of value', async () => {
    await using here = world();
    const items = [
      undefined,
      null,
      '',
      'x'.repeat(100_000),
      -0,
      Number.NaN,
      12345678901234567890n,
      new Date(5),
      new Map([[1, new Set(['a'])]]),
      [undefined, [undefined]],
      { a: { b: undefined } },
      new Uint8Array(0),
      new Uint8Array([1, 2, 3]),
    ];
    expect(await collect(here.client.anything(items))).toEqual(items);
    expect(await here.client.gather(items)).toEqual(items);
    const [zero] = await collect(here.client.anything([-0]));
    expect(Object.is(zero, -0)).toBe(true);
    const bytes = Buffer.alloc(300_000, 'bytes');
    const [there] = await collect(here.client.anything([bytes]));
    const [back] = await here.client.gather([bytes]);
    expect([there instanceof Uint8Array, bytes.equals(there), bytes.equals(back)]).toEqual([true, true, true]);
  });

  test('is as it was when each item was given, whatever its maker does to the item then', async () => {
    const row = { id: 0 };
    const bytes = new Uint8Array(70_000);
    const reusing = function* (): Generator<unknown> {
      for (let i = 0; i < 20; i++) {
        row.id = i;
        yield row;
        bytes.fill(i);
        yield bytes;
      }
      row.id = -1;
      bytes.fill(255);
    };
    await using here = world({ anything: reusing });
    const told = (items: unknown[]): unknown[] =>
      items.map((item) => (item instanceof Uint8Array ? [item.length, item[0], item.at(-1)] : item));
    const wanted = Array.from({ length: 20 }, (_, i) => [{ id: i }, [70_000, i, i]]).flat();
    expect(told(await collect(here.client.anything(0)))).toEqual(wanted);
    expect(told(await here.client.gather(reusing()))).toEqual(wanted);
  });

  test('gives its reader an item of its own each time, which may be changed', async () => {
    await using here = world();
    const shared = { list: [1] };
    const items = await collect(here.client.anything([shared, shared]));
    items[0].list.push(2);
    expect([items, shared]).toEqual([[{ list: [1, 2] }, { list: [1] }], { list: [1] }]);
  });

  test('is checked item by item: an output loses what is not declared, an input is parsed once', async () => {
    await using here = world({ rows: () => [{ id: 1, secret: 'x' } as { id: number }, { id: 2, tag: 'y' }] });
    expect(await collect(here.client.rows(0))).toEqual([{ id: 1 }, { id: 2, tag: 'y' }]);
    expect(await here.client.fill([{ text: 'abc' }, { n: 1, text: '' }])).toEqual([
      [7, 3],
      [1, 0],
    ]);
  });

  test('that one call gives can be what another takes, and is let go when that is left', async () => {
    let returned = 0;
    await using here = world({
      async *count(n) {
        try {
          for (let i = 0; i < n; i++) yield i;
        } finally {
          returned++;
        }
      },
      async *chat(lines) {
        for await (const line of lines) yield `${line}!`;
      },
    });
    expect(await here.client.sum(here.client.count(100))).toBe(4950);
    expect(await collect(here.client.chat(here.client.chat(['a', 'b'])))).toEqual(['a!!', 'b!!']);
    const through = here.client.chat(here.client.chat(endlessly('x')));
    expect((await through.next()).value).toBe('x!!');
    await through.return();
    await quiet();
    expect([returned, here.near.pending, here.far.serving]).toEqual([1, 0, 0]);
  });

  test('is none where it is a text: neither a handler nor a caller can give one', async () => {
    await using here = world({ count: () => 'abc' as unknown as number[] });
    const error = await failure(collect(here.client.count(0)));
    expect([error.code, error.method]).toEqual(['INTERNAL', 'streams.count']);
    expect(here.reported.map(([error]) => String(error))).toEqual([
      expect.stringContaining('streams.count gave no stream'),
    ]);
    const refused = await failure(here.client.gather('abc' as unknown as string[]));
    expect([refused.code, refused.execution, refused.method]).toEqual([
      'INVALID_ARGUMENT',
      'not-sent',
      'streams.gather',
    ]);
    expect(refused.message).toBe('The input of streams.gather is no stream: give an object that can be iterated.');
  });

  test.each([[5], [undefined], [null], [{ length: 1, 0: 'x' }], [() => []]])(
    'is none where it is %s',
    async (value) => {
      await using here = world({ count: () => value as unknown as number[] });
      expect((await failure(collect(here.client.count(0)))).code).toBe('INTERNAL');
      expect((await failure(here.client.gather(value as unknown as string[]))).code).toBe('INVALID_ARGUMENT');
      expect((await failure(collect(here.client.chat(value as unknown as string[])))).code).toBe('INVALID_ARGUMENT');
      await quiet();
      expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
    },
  );
});

describe('a call that streams both ways', () => {
  test('answers each line before the next is written', async () => {
    await using here = world();
    const said: string[] = [];
    let heard = (_: string): void => {};
    async function* talk(): AsyncGenerator<string> {
      for (const line of ['a', 'b', 'c']) {
        const answered = new Promise<string>((resolve) => {
          heard = resolve;
        });
        said.push(line);
        yield line;
        expect(await answered).toBe(line.toUpperCase());
      }
    }
    for await (const line of here.client.chat(talk())) {
      said.push(line);
      heard(line);
    }
    expect(said).toEqual(['a', 'A', 'b', 'B', 'c', 'C']);
  });

  test('goes on giving after its input has ended', async () => {
    await using here = world({
      async *chat(lines) {
        const all = await collect(lines);
        yield* all.toReversed();
      },
    });
    expect(await collect(here.client.chat(['a', 'b']))).toEqual(['b', 'a']);
  });

  test('may give without reading, and end before its input does', async () => {
    let left = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield 'x';
      } finally {
        left = true;
      }
    }
    await using here = world({ chat: () => ['only this'] });
    expect(await collect(here.client.chat(endless()))).toEqual(['only this']);
    await quiet();
    expect([left, here.near.pending, here.far.serving]).toEqual([true, 0, 0]);
  });

  test('may hand its input on as its output', async () => {
    await using here = world({ chat: (lines) => lines });
    expect(await collect(here.client.chat(['a', 'b', 'c']))).toEqual(['a', 'b', 'c']);
    for await (const line of here.client.chat(['a', 'b', 'c'])) if (line === 'b') break;
    await quiet();
    expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
  });
});

describe('a streaming call', () => {
  test('does nothing before its first item is asked for', async () => {
    let called = 0;
    let begun = 0;
    async function* lines(): AsyncGenerator<string> {
      begun++;
      yield 'x';
    }
    await using here = world({
      chat: () => {
        called++;
        return [];
      },
    });
    await here.client.unary(1);
    const answer = here.client.chat(lines());
    await quiet();
    expect([called, begun, here.near.pending, here.far.serving]).toEqual([0, 0, 0, 0]);
    await answer.next();
    expect([called, begun]).toEqual([1, 1]);
  });

  test('that is left before its first item was asked for is never made', async () => {
    let called = 0;
    await using here = world({
      count: () => {
        called++;
        return [1];
      },
    });
    const answer = here.client.count(1);
    expect(await answer.return()).toEqual({ done: true, value: undefined });
    expect(await answer.next()).toEqual({ done: true, value: undefined });
    await here.client.unary(1);
    expect([called, here.near.pending]).toEqual([0, 0]);
  });

  test('is one iterator, for one consumer: a second loop goes on where the first is', async () => {
    await using here = world();
    const answer = here.client.count(5);
    expect(answer[Symbol.asyncIterator]()).toBe(answer);
    expect(await answer.next()).toEqual({ done: false, value: 0 });
    expect(await collect(answer)).toEqual([1, 2, 3, 4]);
    expect(await collect(answer)).toEqual([]);
  });

  test('answers many who ask at once in the order in which they asked, and those behind the end with the end', async () => {
    await using here = world();
    const answer = here.client.count(3);
    const results = await Promise.all(Array.from({ length: 5 }, () => answer.next()));
    expect(results.map(({ value }) => value)).toEqual([0, 1, 2, undefined, undefined]);
    expect(results.map(({ done }) => done)).toEqual([false, false, false, true, true]);
  });

  test('ends for all who ask when it is left', async () => {
    await using here = world({
      async *count(_, { signal }) {
        yield 1;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    });
    const answer = here.client.count(0);
    const asked = [answer.next(), answer.next(), answer.next()];
    await asked[0];
    await answer.return();
    expect((await Promise.all(asked)).map(({ done }) => done)).toEqual([false, true, true]);
  });

  test('is given up at the end of the block that declares it', async () => {
    let returned = 0;
    await using here = world({
      async *count() {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          returned++;
        }
      },
    });
    {
      await using answer = here.client.count(0);
      expect((await answer.next()).value).toBe(0);
    }
    await here.client.unary(1);
    expect([returned, here.far.serving]).toEqual([1, 0]);
  });

  test('is not what await waits for', async () => {
    await using here = world();
    const answer = here.client.count(2);
    expect('then' in answer).toBe(false);
    const awaited = await Promise.resolve(answer);
    expect(awaited).toBe(answer);
    expect(await collect(awaited)).toEqual([0, 1]);
  });

  test('that nobody reads any more, and that has not been opened, holds nothing', async () => {
    await using here = world();
    for (let i = 0; i < 100; i++) here.client.count(5);
    expect(here.near.pending).toBe(0);
  });
});

test('many streams and calls at once keep each its own order', async () => {
  await using here = world({
    async *count(n) {
      for (let i = 0; i < 300; i++) {
        if (i % (n + 2) === 0) await new Promise((resolve) => setImmediate(resolve));
        yield n * 1000 + i;
      }
    },
  });
  const reading = Array.from({ length: 20 }, (_, n) => collect(here.client.count(n)));
  const writing = Array.from({ length: 20 }, (_, n) => here.client.gather(FORMS['an async generator']?.(n * 10) ?? []));
  const talking = Array.from({ length: 20 }, (_, n) => collect(here.client.chat([`${n}a`, `${n}b`])));
  const calling = Array.from({ length: 20 }, (_, n) => here.client.unary(n));
  expect(await Promise.all(reading)).toEqual(
    Array.from({ length: 20 }, (_, n) => Array.from({ length: 300 }, (_, i) => n * 1000 + i)),
  );
  expect((await Promise.all(writing)).map((items) => items.length)).toEqual(
    Array.from({ length: 20 }, (_, n) => n * 10),
  );
  expect(await Promise.all(talking)).toEqual(Array.from({ length: 20 }, (_, n) => [`${n}A`, `${n}B`]));
  expect(await Promise.all(calling)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect([here.near.pending, here.far.serving]).toEqual([0, 0]);
});
