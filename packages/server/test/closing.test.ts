import { rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { text } from './contract.ts';
import { close, connect, implement, RpcError, ready, type Server, serve } from './nearcall.ts';
import { dialRaw, framesOf, GOAWAY, hello, PREFACE } from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

/** A handler's call, which goes on until the test says so. */
interface Held {
  readonly signal: AbortSignal;
  answer(): void;
}

let place: Temporary;
let server: Server;
let held: Held[];
let tell: () => void;

beforeEach(async () => {
  place = await temporary();
  held = [];
  tell = () => {};
  server = await serve(
    place.unix(),
    implement(text, {
      uppercase: (value) => value.toUpperCase(),
      later: ({ value }) => value,
      hang: (_, { signal }) =>
        new Promise<void>((answer) => {
          held.push({ signal, answer });
          tell();
        }),
      last: (value) => value,
    }),
  );
});

afterEach(async () => {
  for (const { answer } of held) answer();
  await server.close({ grace: 0 });
  await place[Symbol.asyncDispose]();
});

/** Waits until so many calls of `hang` have begun. */
async function begun(count: number): Promise<Held[]> {
  while (held.length < count) {
    await new Promise<void>((resolve) => {
      tell = resolve;
    });
  }
  return held;
}

function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const soon = new Promise((resolve) => setImmediate(() => setImmediate(resolve, pending)));
  return Promise.race([promise.catch(() => {}), soon]).then((first) => first === pending);
}

const NOT_SENT = { code: 'UNAVAILABLE', execution: 'not-sent' };

describe('closing a client', () => {
  test('waits for the calls that were made, and makes no new ones', async () => {
    const client = connect(place.unix(), text);
    await ready(client);
    const call = client.hang();
    const [handler] = await begun(1);
    const closing = close(client);
    await expect(client.uppercase('new')).rejects.toMatchObject(NOT_SENT);
    expect(await isPending(closing)).toBe(true);
    expect(handler?.signal.aborted).toBe(false);
    handler?.answer();
    expect(await call).toBe(undefined);
    await closing;
    await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
    await expect(client.uppercase('late')).rejects.toMatchObject(NOT_SENT);
    await expect(client.uppercase('late')).rejects.toThrow(/clos/);
  });

  test('waits also for calls that were made before the connection was there', async () => {
    const client = connect(place.unix(), text);
    const call = client.uppercase('early');
    const closing = close(client);
    expect(await call).toBe('EARLY');
    await closing;
  });

  test('waits also for calls that wait for their turn', async () => {
    const few = await serve(
      place.unix('few'),
      implement(text, {
        uppercase: async (value) => value.toUpperCase(),
        later: ({ value }) => value,
        hang: () => {},
        last: (value) => value,
      }),
      { limits: { calls: 1 } },
    );
    try {
      const client = connect(few.address, text);
      await ready(client);
      const calls = ['a', 'b', 'c'].map((value) => client.uppercase(value));
      const closing = close(client);
      expect(await Promise.all(calls)).toEqual(['A', 'B', 'C']);
      await closing;
    } finally {
      await few.close();
    }
  });

  test('gives up at the end of the grace, and tells the handlers', async () => {
    const client = connect(place.unix(), text);
    await ready(client);
    const call = client.hang();
    const outcome = expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
    const [handler] = await begun(1);
    const aborted = new Promise((resolve) => handler?.signal.addEventListener('abort', resolve));
    const from = performance.now();
    await Promise.all([close(client, { grace: 50 }), outcome, aborted]);
    expect(performance.now() - from).toBeGreaterThan(40);
    expect(performance.now() - from).toBeLessThan(700);
  });

  test('twice, and while it goes on, is closing once', async () => {
    const client = connect(place.unix(), text);
    await client.uppercase('a');
    await Promise.all([close(client), close(client)]);
    await close(client);
    await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
  });

  test('right after connecting ends the connection', async () => {
    const client = connect(place.unix(), text);
    await close(client);
    await expect(ready(client)).rejects.toMatchObject(NOT_SENT);
    await expect(client.uppercase('a')).rejects.toMatchObject(NOT_SENT);
    await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
  });

  test('that never reached a server fulfils', async () => {
    const client = connect(place.unix('missing'), text);
    await close(client);
    await close(client);
  });

  test('takes place at the end of the block that it is used in', async () => {
    let client: ReturnType<typeof connect<typeof text>>;
    {
      await using used = connect(place.unix(), text);
      client = used;
      expect(await used.uppercase('hello')).toBe('HELLO');
      expect(server.connections).toBe(1);
    }
    await expect(client.uppercase('late')).rejects.toMatchObject(NOT_SENT);
    await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a plain object', {}],
    ['a text', 'client'],
    ['a service', text],
  ])('given %s instead is a TypeError that says what to give', async (_, value) => {
    const given = value as unknown as object;
    await expect(async () => close(given)).rejects.toThrow(TypeError);
    await expect(async () => close(given)).rejects.toThrow('connect(');
    await expect(async () => ready(given)).rejects.toThrow(TypeError);
  });
});

describe('closing a server', () => {
  test('lets handlers finish, turns new calls and clients away, and fulfils when all are gone', async () => {
    const client = connect(place.unix(), text);
    await ready(client);
    const call = client.hang();
    const [handler] = await begun(1);
    const closing = server.close({ grace: 60_000 });
    // A new call and the server's goodbye may pass each other, so it is tried until it meets it.
    const attempt = () => client.uppercase('new').catch((error: unknown) => RpcError.from(error));
    await expect.poll(attempt, { interval: 5 }).toBeInstanceOf(RpcError);
    const turnedAway = await attempt();
    expect(turnedAway).toMatchObject({
      code: 'UNAVAILABLE',
      execution: expect.stringMatching(/^(not-sent|rejected)$/),
    });
    await expect.poll(() => place.entries(), { interval: 5 }).toEqual([]);
    await expect(connect(place.unix(), text).uppercase('x')).rejects.toMatchObject(NOT_SENT);
    expect(await isPending(closing)).toBe(true);
    expect(handler?.signal.aborted).toBe(false);
    handler?.answer();
    expect(await call).toBe(undefined);
    await closing;
    expect(server.connections).toBe(0);
    await expect(client.uppercase('late')).rejects.toMatchObject(NOT_SENT);
  });

  test('fails what is left at the end of the grace, at once, and tells its handlers', async () => {
    const client = connect(place.unix(), text);
    await ready(client);
    const calls = [client.hang(), client.hang(), client.hang()];
    const outcomes = Promise.allSettled(calls);
    await begun(3);
    const aborted = held.map(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason))),
    );
    held[0]?.answer();
    await calls[0];
    const from = performance.now();
    const closing = server.close({ grace: 100 });
    for (const outcome of (await outcomes).slice(1)) {
      expect(outcome).toMatchObject({ reason: { code: 'UNAVAILABLE', execution: 'unknown' } });
    }
    const failed = performance.now() - from;
    expect(failed).toBeGreaterThan(90);
    expect(failed).toBeLessThan(700);
    await Promise.all(aborted.slice(1));
    await closing;
    expect(server.connections).toBe(0);
  });

  test('a handler that does not listen to its signal cannot hold the server beyond the grace', async () => {
    const client = connect(place.unix(), text);
    const outcome = client.hang().catch((error: unknown) => error);
    await begun(1);
    const from = performance.now();
    await server.close({ grace: 50 });
    expect(performance.now() - from).toBeLessThan(700);
    expect(await outcome).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
  });

  test('a client that does not end its side cannot hold the server for long', async () => {
    using raw = await dialRaw(place.at('s.sock'), { allowHalfOpen: true });
    raw.send(Buffer.concat([Buffer.from(PREFACE), hello]));
    await raw.until((all) => framesOf(all).length > 0);
    const from = performance.now();
    await server.close({ grace: 50 });
    expect(performance.now() - from).toBeLessThan(2000);
    // It was told before it was cut off.
    expect(framesOf(await raw.ended).map(({ type }) => type)).toContain(GOAWAY);
  });

  test('twice, and while it goes on, is closing once', async () => {
    const first = server.close();
    const second = server.close();
    await Promise.all([first, second]);
    await server.close();
    expect(place.entries()).toEqual([]);
  });

  test('takes place at the end of the block that it is used in', async () => {
    const address = place.unix('used');
    {
      await using used = await serve(
        address,
        implement(text, { uppercase: String, later: ({ value }) => value, hang: () => {}, last: Number }),
      );
      expect(used.address).toBe(address);
      expect(place.entries()).toEqual(['s.sock', 'used']);
    }
    expect(place.entries()).toEqual(['s.sock']);
  });

  test('leaves the path free for the next one', async () => {
    const old = connect(place.unix(), text);
    expect(await old.uppercase('a')).toBe('A');
    await server.close();
    server = await serve(
      place.unix(),
      implement(text, { uppercase: (v) => `next ${v}`, later: ({ value }) => value, hang: () => {}, last: Number }),
    );
    await using client = connect(place.unix(), text);
    expect(await client.uppercase('a')).toBe('next a');
  });
});

describe('connecting', () => {
  test('to a path where nothing is says that there is no such file', async () => {
    const client = connect(place.unix('missing'), text);
    const says = `Nothing listens at ${place.unix('missing')}: there is no such file.`;
    const failures = await Promise.allSettled([ready(client), client.uppercase('a'), client.uppercase('b')]);
    for (const failure of failures) {
      expect(failure).toMatchObject({ reason: { ...NOT_SENT, message: expect.stringContaining(says) } });
    }
    await expect(client.uppercase('later')).rejects.toThrow(says);
  });

  test('to a leftover socket says that its server is gone', async () => {
    const net = createServer();
    await new Promise<void>((resolve) => net.listen(place.at('bound'), resolve));
    // Moved away, so that closing does not remove it.
    await rename(place.at('bound'), place.at('leftover'));
    await new Promise((resolve) => net.close(resolve));
    await expect(connect(place.unix('leftover'), text).uppercase('a')).rejects.toMatchObject({
      ...NOT_SENT,
      message: expect.stringContaining(`Nothing listens at ${place.unix('leftover')}`),
    });
  });

  test('twice gives two connections that end apart', async () => {
    const one = connect(place.unix(), text);
    await using two = connect(place.unix(), text);
    expect(await Promise.all([one.uppercase('one'), two.uppercase('two')])).toEqual(['ONE', 'TWO']);
    expect(server.connections).toBe(2);
    await close(one);
    expect(await two.uppercase('still')).toBe('STILL');
    await expect.poll(() => server.connections, { interval: 5 }).toBe(1);
  });

  test('with a limit that is none fails there and then, and nothing is left behind', async () => {
    expect(() => connect(place.unix(), text, { limits: { calls: -1 } })).toThrow(RangeError);
    // The socket that it would have used must not report its own end to nobody.
    expect(() => connect(place.unix('missing'), text, { limits: { calls: -1 } })).toThrow(RangeError);
    await using client = connect(place.unix(), text);
    await client.uppercase('a');
    await expect.poll(() => server.connections, { interval: 5 }).toBe(1);
  });
});

describe('serving', () => {
  test('with a limit that is none fails there and then, not when somebody connects', async () => {
    const bad = serve(
      place.unix('bad'),
      implement(text, { uppercase: String, later: ({ value }) => value, hang: () => {}, last: Number }),
      { limits: { chunk: 1 } },
    );
    try {
      await expect(bad).rejects.toThrow('"chunk"');
      expect(place.entries()).toEqual(['s.sock']);
    } finally {
      await bad.then(
        (started) => started.close(),
        () => {},
      );
    }
  });
});
