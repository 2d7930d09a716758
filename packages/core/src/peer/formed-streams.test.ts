/** Streams whose items have a form: they are written, read and checked by it, and nobody may tell. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import { collect } from './test-outcome.ts';
import { type World, worldOf } from './test-world.ts';

const Row = z.object({ id: z.number(), name: z.string(), tag: z.string().optional() });
type Row = z.infer<typeof Row>;

/** Any object: what a program has got hold of by other ways than its types. */
const Loose = z.looseObject({});

const rows = service('rows', {
  get: method({ input: z.number(), output: stream(Row) }),
  loose: method({ input: z.number(), output: stream(z.custom<unknown>(() => true)) }),
  echo: method({ input: stream(Row), output: stream(Loose) }),
});

/** Enough for several frames. */
const COUNT = 3000;

type Served = Handlers<typeof rows.methods>;

function world(served: Partial<Served>): World<typeof rows.methods> {
  const none = (): never[] => [];
  return worldOf(rows, {
    get: none,
    loose: none,
    async *echo(items) {
      yield* items;
    },
    ...served,
  });
}

function* made(count: number, at: (id: number) => unknown): Generator<Row> {
  for (let id = 0; id < count; id++) yield at(id) as Row;
}

/** The items until the stream fails, and how. */
async function readAll(items: AsyncIterable<unknown>): Promise<{ items: unknown[]; error: Error | undefined }> {
  const all: unknown[] = [];
  try {
    for await (const item of items) all.push(item);
  } catch (error) {
    return { items: all, error: error as Error };
  }
  return { items: all, error: undefined };
}

class Person {
  readonly id: number;
  readonly secret = 'hidden';

  constructor(id: number) {
    this.id = id;
  }

  get name(): string {
    return `person ${this.id}`;
  }
}

describe('an output', () => {
  test.each<[string, (id: number) => unknown]>([
    ['as declared', (id) => ({ id, name: `row ${id}` })],
    ['with an optional field now and then', (id) => ({ id, name: `é ${id}`, ...(id % 3 === 0 && { tag: 'x' }) })],
    ['with an undefined one', (id) => ({ id, name: '', tag: undefined })],
    ['with more than is declared', (id) => ({ secret: () => 1, name: `row ${id}`, id, more: new Map() })],
    ['of a class', (id) => new Person(id)],
    ['with inherited fields', (id) => Object.create({ id, name: 'x' })],
    ['of all numbers', (id) => ({ id: (id - 1000) * 1e7 + (id % 2) / 2, name: '' })],
    ['with a -0', () => ({ id: -0, name: '' })],
    ['with long texts', (id) => ({ id, name: 'x'.repeat(id % 7 === 0 ? 9000 : 40) })],
  ])('%s comes as its schema has it', async (_, at) => {
    await using here = world({ get: (count) => made(count, at) });
    const expected = [...made(COUNT, at)].map((item) => Row.parse(item));
    const items = await collect(here.client.get(COUNT));
    expect(items).toEqual(expected);
    expect(items.map((item) => Object.keys(item))).toEqual(expected.map((item) => Object.keys(item)));
  });

  test.each([
    ['of another type', { id: 'x', name: 'x' }, 'at id: Invalid input: expected number, received string'],
    ['that is no number', { id: Number.NaN, name: 'x' }, 'at id: Invalid input: expected number, received NaN'],
    ['that is missing', { id: 1 }, 'at name: Invalid input: expected string, received undefined'],
    ['of half a character', { id: 1, name: '\ud800' }, 'value.name is a string with half of a surrogate pair'],
  ])('with a field %s ends the stream, behind the items before', async (_, wrong, said) => {
    await using here = world({ get: (count) => made(count, (id) => (id === 2000 ? wrong : { id, name: 'x' })) });
    const { items, error } = await readAll(here.client.get(COUNT));
    expect(items).toHaveLength(2000);
    expect(error).toMatchObject({ code: 'INTERNAL' });
    expect(String(here.reported[0]?.[0])).toContain(`item 2000: ${said}`);
  });

  test('that its caller refuses ends the loop, behind the items before', async () => {
    await using here = world({ loose: (count) => made(count, (id) => ({ id: id === 2000 ? 'x' : id, name: 'x' })) });
    // What only code can tell is not compared before the call.
    const stricter = service('rows', {
      loose: method({ input: z.number(), output: stream(Row) }),
    });
    const { items, error } = await readAll(here.near.client(stricter).loose(COUNT));
    expect(error).toMatchObject({ code: 'INTERNAL' });
    expect(items).toHaveLength(2000);
    expect(error?.message).toContain('at id: Invalid input: expected number, received string');
  });

  test('whose getter leaves the loop goes no further', async () => {
    let stop: () => void = () => {};
    await using here = world({
      get: (count) =>
        made(count, (id) => ({
          id,
          get name() {
            if (id === 100) stop();
            return 'x';
          },
        })),
    });
    const items = here.client.get(COUNT);
    stop = () => void items.return();
    await expect(items.next()).resolves.toMatchObject({ value: { id: 0 } });
    const { error } = await readAll(items);
    expect(error).toBe(undefined);
    expect([here.near.pending, here.reported]).toEqual([0, []]);
  });
});

describe('an input', () => {
  test('is sent whole, for the other end may know of more', async () => {
    await using here = world({});
    const wider = service('rows', { echo: method({ input: stream(Loose), output: stream(Loose) }) });
    const items = [...made(COUNT, (id) => ({ id, name: `row ${id}`, ...(id % 5 === 0 && { more: true }) }))];
    expect(await collect(here.client.echo(items))).toEqual(items.map((item) => Row.parse(item)));
    await using there = worldOf(wider, {
      async *echo(given) {
        yield* given;
      },
    });
    expect(await collect(there.near.client(rows).echo(items))).toEqual(items);
  });

  test('that is wrong fails at the handler, behind the items before', async () => {
    const seen: unknown[] = [];
    await using here = world({
      async *echo(items) {
        for await (const item of items) {
          seen.push(item);
          yield item;
        }
      },
    });
    const { error } = await readAll(here.client.echo(made(COUNT, (id) => ({ id, name: id === 2000 ? 5 : 'x' }))));
    expect(seen).toHaveLength(2000);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error?.message).toContain('at name: Invalid input: expected string, received number');
  });
});
