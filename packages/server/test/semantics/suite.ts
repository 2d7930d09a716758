// Longer than a source file may be: it is one list of cases, which every transport runs whole.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { close, connect, implement, RpcError, safe } from '../nearcall.ts';
import { back, calls, elsewhere, ROW } from './contract.ts';
import type { FarEnd } from './far-end.ts';

const MB = 1_000_000;
const MIB = 2 ** 20;
/** How many bytes of a stream may be made ahead of its reader: the window of 256 KiB, and what is on its way. */
const AHEAD = MIB;
/** How long to wait for what the other end does. */
const PATIENTLY = { interval: 2, timeout: 5000 };
/** For what takes a while where many processes share the machine. */
const LONG = { timeout: 60_000 };

/** What a client here has to do with a far end. */
function connected(far: FarEnd) {
  const greetings: string[] = [];
  let served = 0;
  const client = connect(
    far.target,
    { calls, elsewhere },
    {
      implementations: implement(back, {
        greet: (text) => void greetings.push(text),
        pong: async (levels, { peer }) => {
          served++;
          return levels === 0 ? 0 : 1 + (await peer.client(calls).ping(levels - 1));
        },
      }),
    },
  );
  return { ...client, client, greetings, served: () => served };
}

function failure(call: Promise<unknown>): Promise<RpcError> {
  return call.then(
    () => expect.fail('The call has succeeded.'),
    (error: unknown) => RpcError.from(error),
  );
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const item of items) read.push(item);
  return read;
}

/** Numbers without end, and how many were asked for, and whether they were let go. */
function source() {
  const told = { made: 0, returned: false };
  async function* items(): AsyncGenerator<number> {
    try {
      for (;;) yield told.made++;
    } finally {
      told.returned = true;
    }
  }
  return { told, items: items() };
}

/** All that a call promises, over one transport. */
export function callSemantics(open: () => Promise<FarEnd>): void {
  let far: FarEnd;
  let near: ReturnType<typeof connected>;
  /** Far ends that a test has to itself. */
  const own: FarEnd[] = [];

  beforeAll(async () => {
    far = await open();
    near = connected(far);
  });

  afterAll(async () => {
    await close(near.client, { grace: 0 });
    far.kill();
    await far.gone;
  });

  afterEach(async () => {
    for (const one of own.splice(0)) {
      one.kill();
      await one.gone;
    }
  });

  async function another(): Promise<{ far: FarEnd; near: ReturnType<typeof connected> }> {
    const one = await open();
    own.push(one);
    return { far: one, near: connected(one) };
  }

  async function state() {
    return near.calls.state();
  }

  describe('a call', () => {
    test('comes back with its answer', async () => {
      expect(await near.calls.echo('こんにちは 👋🏽')).toBe('こんにちは 👋🏽');
      expect(await near.calls.add({ a: 1.5, b: -4 })).toBe(-2.5);
    });

    test('is one of 500 at once that each get their own answer', async () => {
      const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => near.calls.add({ a: i, b: 1 })));
      expect(answers).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    });

    test('carries a text of 10 MB there and back, and small calls overtake it', LONG, async () => {
      const order: string[] = [];
      const text = 'aé'.repeat(5 * MB);
      const long = near.calls.echo(text).finally(() => order.push('long'));
      await near.calls.echo('short').finally(() => order.push('short'));
      // Compared by hand: where they differ, a matcher would print both.
      expect((await long) === text).toBe(true);
      expect(order).toEqual(['short', 'long']);
    });

    test('carries 64 MiB of bytes there and back, and leaves those that were given as they are', LONG, async () => {
      const bytes = new Uint8Array(64 * MIB);
      for (let i = 0; i < bytes.length; i += 4093) bytes[i] = i;
      const copy = bytes.slice();
      const answer = await near.calls.bytes(bytes);
      expect(answer.constructor).toBe(Uint8Array);
      expect(Buffer.compare(answer, copy)).toBe(0);
      expect(Buffer.compare(bytes, copy)).toBe(0);
    });

    test('carries metadata there', async () => {
      const metadata = { user: 'ada', token: Uint8Array.of(1, 2, 3) };
      expect(await near.calls.told(undefined, { metadata })).toEqual(metadata);
      expect(await near.calls.told()).toEqual({});
    });

    test('nests in others, back and forth', async () => {
      const before = near.served();
      expect(await near.calls.ping(9)).toBe(9);
      expect(near.served() - before).toBe(5);
    });
  });

  describe('an error', () => {
    test('that the contract declares arrives with its data', async () => {
      const outcome = await safe(near.calls.fail('declared'));
      expect(outcome).toMatchObject({ ok: false, error: { name: 'broken', data: { since: new Date(7) } } });
    });

    test('that the handler chose arrives with its text and metadata', async () => {
      expect(await failure(near.calls.fail('chosen'))).toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('There is no such thing.'),
        execution: 'unknown',
        metadata: { where: 'here' },
      });
    });

    test('of another kind arrives without its text', async () => {
      const error = await failure(near.calls.fail('plain'));
      expect(error).toMatchObject({ code: 'INTERNAL', execution: 'unknown' });
      expect(error.message).not.toContain('secret');
    });

    test('tells that an input is wrong before the handler runs', async () => {
      const error = await failure(near.calls.add({ a: 'x' as unknown as number, b: 1 }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', execution: 'rejected' });
    });

    test.each(['missing', 'count'] as const)('tells that nobody serves %s as it was called', async (name) => {
      const call = name === 'missing' ? near.elsewhere.missing('x') : near.elsewhere.count(1);
      expect(await failure(call)).toMatchObject({ code: 'UNIMPLEMENTED', execution: 'rejected' });
    });
  });

  describe('a call that is given up', () => {
    test('at its deadline rejects, and its handler is told', async () => {
      const before = await state();
      expect(await failure(near.calls.hang(undefined, { deadline: 20 }))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
      await expect.poll(async () => (await state()).aborted, PATIENTLY).toBe(before.aborted + 1);
    });

    test('by its signal rejects at once, and its handler is told', async () => {
      const before = await state();
      const controller = new AbortController();
      const call = failure(near.calls.hang(undefined, { signal: controller.signal }));
      // It has been sent by then, and handlers start in the order of their requests.
      await near.calls.echo('sent');
      controller.abort();
      expect(await call).toMatchObject({ code: 'CANCELLED', execution: 'unknown' });
      await expect.poll(async () => (await state()).aborted, PATIENTLY).toBe(before.aborted + 1);
    });

    test('before it was made is never sent', async () => {
      const before = await state();
      const call = near.calls.hang(undefined, { signal: AbortSignal.abort() });
      expect(await failure(call)).toMatchObject({ code: 'CANCELLED', execution: 'not-sent' });
      expect((await state()).aborted).toBe(before.aborted);
    });
  });

  describe('a stream of answers', () => {
    test('arrives whole and in order', async () => {
      expect(await all(near.calls.count(5000))).toEqual(Array.from({ length: 5000 }, (_, n) => n));
      expect(await all(near.calls.count(0))).toEqual([]);
    });

    test('that its reader leaves lets its producer go', async () => {
      const before = await state();
      for await (const { n } of near.calls.rows()) if (n === 3) break;
      await expect.poll(async () => (await state()).left, PATIENTLY).toBe(before.left + 1);
    });

    test('that fails brings what it gave before', async () => {
      const read: number[] = [];
      const reading = async (): Promise<void> => {
        for await (const n of near.calls.breaks()) read.push(n);
      };
      expect(await failure(reading())).toMatchObject({ code: 'DATA_LOSS' });
      expect(read).toEqual([0, 1, 2]);
    });

    test('whose reader stalls is made a little ahead, and holds no other call up', async () => {
      const before = await state();
      const rows = near.calls.rows();
      expect((await rows.next()).value?.n).toBe(0);
      const long = near.calls.echo('x'.repeat(3 * MB));
      for (let i = 0; i < 50; i++) await near.calls.echo('small');
      expect((await long).length).toBe(3 * MB);
      const made = (await state()).made - before.made;
      expect(made * ROW).toBeLessThan(AHEAD);
      // What is missing then comes: many times what can have waited.
      for (let n = 1; n < 4 * made; n++) expect((await rows.next()).value?.n).toBe(n);
      await rows.return?.();
    });
  });

  describe('a stream of requests', () => {
    test('arrives whole and in order', async () => {
      const numbers = Array.from({ length: 5000 }, (_, n) => n);
      expect(await near.calls.sum(numbers)).toBe((5000 * 4999) / 2);
      expect(await near.calls.sum([])).toBe(0);
    });

    test('that the handler leaves lets its producer go', async () => {
      const { told, items } = source();
      expect(await near.calls.first(items)).toBe(0);
      await expect.poll(() => told.returned, PATIENTLY).toBe(true);
    });

    test('whose handler stalls is made a little ahead, and holds no other call up', async () => {
      let made = 0;
      let more = true;
      async function* texts(): AsyncGenerator<string> {
        while (more) {
          made++;
          yield 'x'.repeat(ROW);
        }
      }
      const stalled = near.calls.stalled(texts());
      const long = near.calls.echo('x'.repeat(3 * MB));
      for (let i = 0; i < 50; i++) await near.calls.echo('small');
      expect((await long).length).toBe(3 * MB);
      const ahead = made;
      expect(ahead * ROW).toBeLessThan(AHEAD);
      await near.calls.resume();
      await expect.poll(() => made, PATIENTLY).toBeGreaterThan(4 * ahead);
      more = false;
      expect(await stalled).toBe(made);
    });
  });

  describe('streams both ways', () => {
    test('go on beside each other', async () => {
      const texts = Array.from({ length: 2000 }, (_, n) => `text ${n}`);
      expect(await all(near.calls.shout(texts))).toEqual(texts.map((text) => text.toUpperCase()));
    });

    test('can be a talk, in which each text waits for the answer to the one before', async () => {
      const heard: string[] = [];
      let answered: () => void = () => {};
      async function* talk(): AsyncGenerator<string> {
        for (let n = 0; n < 20; n++) {
          const answer = new Promise<void>((resolve) => {
            answered = resolve;
          });
          yield `text ${n}`;
          await answer;
        }
      }
      for await (const text of near.calls.shout(talk())) {
        heard.push(text);
        answered();
      }
      expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => `TEXT ${n}`));
    });

    test('that the handler ends end for their producer, too', async () => {
      const { told, items } = source();
      async function* texts(): AsyncGenerator<string> {
        for await (const n of items) yield `${n}`;
      }
      expect(await all(near.calls.once(texts()))).toEqual(['0']);
      await expect.poll(() => told.returned, PATIENTLY).toBe(true);
    });

    test('that their reader leaves end for their producer, too', async () => {
      const { told, items } = source();
      async function* texts(): AsyncGenerator<string> {
        for await (const n of items) yield `${n}`;
      }
      for await (const text of near.calls.shout(texts())) if (text === '2') break;
      await expect.poll(() => told.returned, PATIENTLY).toBe(true);
    });
  });

  describe('events', () => {
    test('arrive in order, among the calls that were made between them', async () => {
      const before = (await state()).notes.length;
      const numbers = Array.from({ length: 1000 }, (_, n) => n);
      for (const n of numbers) void near.calls.note(n);
      expect((await state()).notes.slice(before)).toEqual(numbers);
    });
  });

  describe('a connection', () => {
    test('is one where the far end may speak first', async () => {
      await expect.poll(() => near.greetings, PATIENTLY).toEqual(['welcome']);
    });

    test('outlives the time in which nothing is said', async () => {
      await near.calls.echo('before');
      // Longer than a transport is held behind its last call.
      await sleep(50);
      expect(await near.calls.echo('behind')).toBe('behind');
    });

    test('that is closed lets the call finish that has begun, and the far end is gone then', async () => {
      const other = await another();
      const lingering = other.near.calls.linger();
      await other.near.calls.stop();
      expect(await lingering).toBe('finished');
      await close(other.near.client);
      await other.far.gone;
    });

    test('that is closed here lets the call finish that has begun, and the far end is gone then', async () => {
      const other = await another();
      const lingering = other.near.calls.linger();
      await other.near.calls.echo('sent');
      await close(other.near.client);
      expect(await lingering).toBe('finished');
      if (typeof other.far.target !== 'string') await other.far.gone;
    });

    test('whose far end is gone without a word settles every call', async () => {
      const other = await another();
      const { calls: there } = other.near;
      const { told, items } = source();
      const rows = there.rows();
      await rows.next();
      const pending = [there.hang(), there.hang(), there.linger(), there.sum(items), readAll(rows)].map(failure);
      await there.echo('sent');
      other.far.kill();
      for (const error of await Promise.all(pending)) {
        expect(error).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
      }
      await expect.poll(() => told.returned, PATIENTLY).toBe(true);
      await close(other.near.client);
    });
  });
}

async function readAll(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}
