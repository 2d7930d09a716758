import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { close, connect, implement, method, ready, type Server, serve, service } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

const clock = service('clock', {
  /** Answers when its signal aborts. */
  wait: method({ input: z.void(), output: z.void() }),
  /** The same, with a deadline of its own. */
  briefly: method({ input: z.void(), output: z.void(), deadline: 60 }),
  /** What the handler sees of its deadline. */
  timeLeft: method({ input: z.void(), output: z.number() }),
  /** The same, where the method sets it. */
  timeLeftOfMine: method({ input: z.void(), output: z.number(), deadline: 5000 }),
});

/** What a handler of `wait` has seen. */
interface Waited {
  readonly signal: AbortSignal;
  readonly began: number;
  readonly aborted: Promise<number>;
}

let place: Temporary;
let server: Server;
let client: ReturnType<typeof connect<typeof clock>>;
let waited: Waited[];
let errors: unknown[];
let tell: () => void = () => {};

function wait(signal: AbortSignal): Promise<void> {
  const aborted = new Promise<number>((resolve) => {
    signal.addEventListener('abort', () => resolve(performance.now()));
  });
  waited.push({ signal, began: performance.now(), aborted });
  tell();
  return aborted.then(() => {
    throw signal.reason;
  });
}

beforeAll(async () => {
  place = await temporary();
  const implementation = implement(clock, {
    wait: (_, { signal }) => wait(signal),
    briefly: (_, { signal }) => wait(signal),
    timeLeft: (_, { deadline }) => deadline,
    timeLeftOfMine: (_, { deadline }) => deadline,
  });
  server = await serve(place.unix(), implementation, { onError: (error) => errors.push(error) });
  client = connect(place.unix(), clock);
  // The short deadlines here are those of calls that have been sent.
  await ready(client);
});

afterAll(async () => {
  await close(client, { grace: 0 });
  await server.close({ grace: 0 });
  await place[Symbol.asyncDispose]();
});

beforeEach(() => {
  waited = [];
  errors = [];
});

async function firstWaited(): Promise<Waited> {
  while (waited[0] === undefined) {
    await new Promise<void>((resolve) => {
      tell = resolve;
    });
  }
  return waited[0];
}

describe('a deadline', () => {
  test.each([
    ['of the call', () => client.wait(undefined, { deadline: 60 })],
    ['of the method', () => client.briefly()],
  ])('%s ends the call in time, and the signal of its handler aborts', async (_, call) => {
    const from = performance.now();
    const error = await call().catch((thrown: unknown) => thrown);
    const took = performance.now() - from;
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', execution: 'unknown' });
    // Both ends keep the time, and whoever notices first says so in its own words.
    expect((error as Error).message).toMatch(
      /no answer within 60 ms|The deadline (has passed|passed before the handler was done)/,
    );
    expect(took).toBeGreaterThan(55);
    expect(took).toBeLessThan(560);
    const { signal, began, aborted } = await firstWaited();
    expect((await aborted) - began).toBeLessThan(560);
    expect(signal.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    // A handler that stops because it was told to has done nothing wrong.
    expect(errors).toEqual([]);
    expect(await client.timeLeft()).toBeGreaterThan(0);
  });

  test('that a call names goes before that of its method', async () => {
    expect(await client.timeLeftOfMine()).toBeLessThanOrEqual(5000);
    expect(await client.timeLeftOfMine(undefined, { deadline: 9000 })).toBeGreaterThan(8000);
  });

  test('is told to the handler as the time that is left: 30 seconds where nobody says otherwise', async () => {
    const byDefault = await client.timeLeft();
    expect(byDefault).toBeGreaterThan(29_000);
    expect(byDefault).toBeLessThanOrEqual(30_000);
  });

  test('of Infinity is none', async () => {
    const endless = service('clock', { timeLeft: method({ input: z.void(), output: z.any() }) });
    const other = await serve(place.unix('endless'), implement(endless, { timeLeft: (_, c) => c.deadline }));
    await using caller = connect(other.address, endless);
    expect(await caller.timeLeft(undefined, { deadline: Number.POSITIVE_INFINITY })).toBe(Number.POSITIVE_INFINITY);
    await close(caller);
    await other.close();
  });

  test.each([0, -5])('of %s has passed before the call is sent', async (deadline) => {
    await expect(client.wait(undefined, { deadline })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      execution: 'not-sent',
    });
    await client.timeLeft();
    expect(waited).toEqual([]);
  });

  test('that is no number is INVALID_ARGUMENT', async () => {
    const deadline = Number.NaN;
    await expect(client.wait(undefined, { deadline })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      execution: 'not-sent',
    });
  });
});

describe('an AbortSignal', () => {
  test('ends the call at once, and the signal of its handler aborts', async () => {
    const controller = new AbortController();
    const call = client.wait(undefined, { signal: controller.signal }).catch((thrown: unknown) => thrown);
    const { signal, aborted } = await firstWaited();
    expect(signal.aborted).toBe(false);
    const reason = new Error('changed my mind');
    controller.abort(reason);
    expect(await call).toMatchObject({ code: 'CANCELLED', execution: 'unknown', cause: reason, method: 'clock.wait' });
    await aborted;
    expect(signal.reason).toMatchObject({ code: 'CANCELLED' });
    expect(errors).toEqual([]);
  });

  test('that has aborted already keeps the call from being sent', async () => {
    const reason = new Error('long ago');
    const call = client.wait(undefined, { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED', execution: 'not-sent', cause: reason });
    await client.timeLeft();
    expect(waited).toEqual([]);
  });

  test('that aborts in the same tick, before the request has left, ends the call', async () => {
    const controller = new AbortController();
    const call = client.wait(undefined, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await client.timeLeft()).toBeGreaterThan(0);
  });

  test('that aborts while the client is still connecting keeps the call from being sent', async () => {
    await using fresh = connect(place.unix(), clock);
    const controller = new AbortController();
    const call = fresh.wait(undefined, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED', execution: 'not-sent' });
    await fresh.timeLeft();
    expect(waited).toEqual([]);
  });

  test('that aborts after the answer changes nothing', async () => {
    const controller = new AbortController();
    const left = await client.timeLeft(undefined, { signal: controller.signal });
    controller.abort();
    expect(left).toBeGreaterThan(0);
    expect(await client.timeLeft()).toBeGreaterThan(0);
  });

  test('ends one call and no other', async () => {
    const controller = new AbortController();
    const ended = client.wait(undefined, { signal: controller.signal }).catch((thrown: unknown) => thrown);
    const kept = client.wait(undefined, { deadline: 200 }).catch((thrown: unknown) => thrown);
    await firstWaited();
    controller.abort();
    expect(await ended).toMatchObject({ code: 'CANCELLED' });
    expect(await kept).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

test('a call keeps the AsyncLocalStorage of its caller', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      storage.run(name, async () => {
        await client.timeLeft();
        await client.wait(undefined, { deadline: 5 }).catch(() => {});
        return storage.getStore();
      }),
    ),
  );
  expect(seen).toEqual(['a', 'b', 'c']);
});
