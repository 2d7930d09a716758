/** Calls whose messages are read and written by their form: nobody can tell them from those before. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { method } from '../contract/method.ts';
import { type Handlers, service } from '../contract/service.ts';
import { RpcError } from '../error/rpc-error.ts';
import type { Limits } from '../wire/limits.ts';
import { worldOf } from './test-world.ts';

const Order = z.object({
  id: z.number(),
  name: z.string(),
  note: z.string().optional(),
  size: z.enum(['small', 'large']).optional(),
  count: z.int().min(1).optional(),
  code: z.string().min(2).max(4).optional(),
  lines: z.array(z.object({ sku: z.string(), price: z.number().nullable(), gift: z.boolean() })),
});

const VALID = { id: 7, name: 'Ada', lines: [{ sku: 'a', price: 1.5, gift: true }] };

/** It is within limits that the other is not. */
const SMALL = { id: 1, name: 'x', lines: [] };

function thrower(): never {
  throw new Error('thrown by a getter');
}

/** Inputs, each of which the handler gives back as it is, or as `answers` has it. */
const INPUTS: unknown[] = [
  VALID,
  SMALL,
  { ...VALID, note: 'x' },
  { ...VALID, note: undefined },
  { lines: [], name: '', id: -0 },
  { ...VALID, more: 1 },
  { ...VALID, lines: [{ sku: 'a', price: null, gift: false, more: [{}] }] },
  { ...VALID, size: 'large', count: 3, code: 'abc' },
  { ...VALID, size: 'medium' },
  { ...VALID, count: 0 },
  { ...VALID, count: 1.5 },
  { ...VALID, count: 2 ** 53 },
  { ...VALID, code: 'a' },
  { ...VALID, code: '👋' },
  { ...VALID, code: '👋👋👋👋' },
  { ...VALID, code: 'abcde' },
  { ...VALID, id: 'seven' },
  { ...VALID, id: Number.NaN },
  { ...VALID, name: '\ud800' },
  { ...VALID, lines: [{ sku: 'a' }] },
  { ...VALID, lines: {} },
  { ...VALID, name: 'x'.repeat(5000) },
  { ...VALID, name: 'x'.repeat(20_000) },
  { ...VALID, name: () => {} },
  { ...VALID, name: new Date(0) },
  Object.defineProperty({ ...VALID }, 'name', { get: thrower, enumerable: true }),
  Object.assign(new (class Ordered {})(), VALID),
  Object.assign(Object.create(null), VALID),
  { __proto__: { name: 'inherited' }, id: 7, lines: [] },
  [VALID],
  null,
  undefined,
  'text',
  new Uint8Array(4),
];

interface Outcome {
  readonly given: unknown;
  readonly failed: unknown;
}

async function outcome(promise: Promise<unknown>): Promise<Outcome> {
  try {
    return { given: await promise, failed: undefined };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, message, execution } = error;
    return { given: undefined, failed: { code, message, execution } };
  }
}

/** What becomes of all of them at a world that takes so much: at first, and when their forms are in use. */
async function twice(limits: Partial<Limits>): Promise<[unknown[], unknown[]]> {
  const orders = service('orders', {
    echo: method({ input: Order, output: Order }),
    make: method({ input: z.any(), output: Order }),
    told: method({ input: Order, output: z.string() }),
  });
  const answers = new Map(INPUTS.map((value, i) => [i, value]));
  const handlers: Handlers<typeof orders.methods> = {
    echo: (order) => order,
    make: (i) => answers.get(i) as z.infer<typeof Order>,
    // In the order of its keys, and with what is undefined.
    told: (order) => inspect(order),
  };
  await using world = worldOf(orders, handlers, { near: limits, far: limits });
  const { echo, make, told } = world.client;
  const all = async (): Promise<unknown[]> => {
    const outcomes: unknown[] = [];
    for (const [i, input] of INPUTS.entries()) {
      // After one that has another form, the next goes past it, and the one after that shows that it is of use again.
      for (let again = 0; again < 2; again++) await Promise.all([echo(SMALL), told(SMALL), make(1)]);
      outcomes.push(await outcome(echo(input as never)), await outcome(told(input as never)), await outcome(make(i)));
    }
    return [...outcomes, world.reported.splice(0).map(([error, name]) => [String(error), name])];
  };
  const first = await all();
  for (let i = 0; i < 1200; i++) {
    expect(await echo({ ...SMALL, id: i })).toStrictEqual({ ...SMALL, id: i });
    await told(SMALL);
    await make(1);
  }
  return [first, await all()];
}

test('what becomes of a call does not change with its form', async () => {
  const [first, then] = await twice({});
  expect(first[0]).toStrictEqual({ given: VALID, failed: undefined });
  expect(then).toStrictEqual(first);
});

test('nor where an end takes little', async () => {
  for (const limits of [{ message: 1024 }, { depth: 2 }, { values: 30 }, { chunk: 4096 }]) {
    const [first, then] = await twice(limits);
    expect(then).toStrictEqual(first);
  }
});

test('a getter of an input or an answer may call, and each call gets what is its own', async () => {
  const orders = service('orders', {
    echo: method({ input: Order, output: Order }),
    same: method({ input: Order, output: Order }),
  });
  await using world = worldOf(orders, {
    echo: (order) => order,
    same: ({ id, lines }) => ({
      id,
      lines,
      get name() {
        return 'made late';
      },
    }),
  });
  const { echo, same } = world.client;
  for (let i = 0; i < 1000; i++) await Promise.all([echo(VALID), same(VALID)]);
  const inner: Promise<unknown>[] = [];
  const input = {
    id: 1,
    get name() {
      inner.push(echo({ ...VALID, id: 2 }), same({ ...VALID, id: 3 }));
      return 'outer';
    },
    lines: [],
  };
  expect(await echo(input)).toEqual({ id: 1, name: 'outer', lines: [] });
  expect(await Promise.all(inner)).toEqual([
    { ...VALID, id: 2 },
    { ...VALID, id: 3, name: 'made late' },
  ]);
});
