import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { close, connect, implement, method, RpcError, type Server, serve, service } from './nearcall.ts';
import { ANSWER, declare, dialRaw, framesOf, hello, PREFACE, request } from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

const User = z.object({ name: z.string(), age: z.number().int() });

const users = service('users', {
  add: method({ input: z.object({ users: z.array(User), note: z.string().default('none') }), output: z.string() }),
  /** Counts how often its input went through the schema. */
  count: method({ input: z.string().transform((value) => `${value}!`), output: z.string() }),
  /** Answers what the contract does not allow. */
  wrong: method({ input: z.void(), output: User }),
  /** Answers more than the contract says. */
  more: method({ input: z.string(), output: User }),
  parse: method({
    input: z.string(),
    output: z.number(),
    errors: { syntax: z.object({ line: z.number() }), tooLong: z.object({ most: z.number() }) },
  }),
  fail: method({ input: z.string(), output: z.void() }),
  date: method({ input: z.date(), output: z.date() }),
});

let place: Temporary;
let server: Server;
let client: ReturnType<typeof connect<typeof users>>;
let handled: unknown[];
let errors: { readonly error: unknown; readonly method: string }[];

const SECRET = 'hunter2';

beforeAll(async () => {
  place = await temporary();
  const implementation = implement(users, {
    add: (input) => {
      handled.push(input);
      return input.note;
    },
    count: (value) => value,
    wrong: () => ({ name: SECRET, age: 'old' }) as unknown as z.output<typeof User>,
    more: (name) => ({ name, age: 1, password: SECRET, inner: { token: SECRET } }),
    parse: async (input) => {
      if (input === 'bad data')
        throw users.methods.parse.error('syntax', { line: 'three' } as unknown as { line: number });
      if (input === 'more data')
        throw users.methods.parse.error('syntax', { line: 3, password: SECRET } as { line: number });
      if (input.length > 20) throw users.methods.parse.error('tooLong', { most: 20 }, { message: 'That is too long.' });
      throw users.methods.parse.error('syntax', { line: 3 });
    },
    fail: async (how) => {
      if (how === 'plain') throw new Error(`no connection to db as root:${SECRET}`);
      if (how === 'text') throw SECRET;
      if (how === 'nothing') throw undefined;
      if (how === 'rpc') throw new RpcError('NOT_FOUND', 'There is no user 7.', { cause: new Error(SECRET) });
      if (how === 'foreign') throw users.methods.parse.error('syntax', { line: 9 });
    },
    date: (value) => value,
  });
  server = await serve(place.unix(), implementation, {
    onError: (error, name) => errors.push({ error, method: name }),
  });
  client = connect(place.unix(), users);
});

afterAll(async () => {
  await close(client, { grace: 0 });
  await server.close({ grace: 0 });
  await place[Symbol.asyncDispose]();
});

beforeEach(() => {
  handled = [];
  errors = [];
});

/** What a call rejects with. */
async function failure(call: Promise<unknown>): Promise<RpcError> {
  const thrown = await call.then(
    (value) => new Error(`It fulfilled with ${String(value)}.`),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(RpcError);
  return thrown as RpcError;
}

describe('an input', () => {
  test('that the schema refuses is INVALID_ARGUMENT, names the place, and no handler runs', async () => {
    const bad = {
      users: [
        { name: 'a', age: 1 },
        { name: 7, age: 1.5 },
      ],
    };
    const error = await failure(client.add(bad as unknown as Parameters<typeof client.add>[0]));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', execution: 'rejected', method: 'users.add' });
    expect(error.message).toContain('The input of users.add is not valid');
    expect(error.message).toContain('at users[1].name: ');
    expect(error.message).toContain('at users[1].age: ');
    expect(handled).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('gets its defaults', async () => {
    expect(await client.add({ users: [] })).toBe('none');
    expect(handled).toEqual([{ users: [], note: 'none' }]);
  });

  test('is transformed exactly once', async () => {
    expect(await client.count('once')).toBe('once!');
  });

  test('that cannot be encoded is INVALID_ARGUMENT and is not sent', async () => {
    const input = { users: [], note: () => {} } as unknown as Parameters<typeof client.add>[0];
    const error = await failure(client.add(input));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', execution: 'not-sent', method: 'users.add' });
    expect(error.message).toContain('users.add');
    expect(handled).toEqual([]);
    expect(await client.add({ users: [] })).toBe('none');
  });

  test('over the limit of the server is RESOURCE_EXHAUSTED and is not sent', async () => {
    const error = await failure(client.count('x'.repeat(17 * 1024 * 1024)));
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', execution: 'not-sent' });
    expect(error.message).toContain('limit "message"');
    expect(await client.count('a')).toBe('a!');
  });

  test('keeps the kinds of its values', async () => {
    const date = new Date(1_234_567_890_123);
    expect(await client.date(date)).toEqual(date);
  });
});

describe('an output', () => {
  test('that the schema refuses is INTERNAL, told in full at the server and not to the caller', async () => {
    const error = await failure(client.wrong());
    expect(error).toMatchObject({ code: 'INTERNAL', execution: 'unknown', method: 'users.wrong', data: undefined });
    expect(error.message).toBe('users.wrong gave an answer that does not match its contract.');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.method).toBe('users.wrong');
    expect(String(errors[0]?.error)).toContain('users.wrong');
    expect(String(errors[0]?.error)).toContain('at age: ');
  });

  test('loses the keys that the contract does not declare before it leaves the server', async () => {
    expect(await client.more('Ann')).toEqual({ name: 'Ann', age: 1 });
    // What the caller's schema takes off would look the same to it, so the bytes on the wire are looked at.
    using raw = await dialRaw(place.at('s.sock'));
    raw.send(
      Buffer.concat([
        Buffer.from(PREFACE),
        hello,
        declare(0, 'users', 'more'),
        request(0, 0, 'Ann'),
        request(2, 0, 'Bob'),
      ]),
    );
    const received = await raw.until((all) => framesOf(all).filter(({ type }) => type === ANSWER).length === 2);
    const said = received.toString('latin1');
    expect(said).toContain('Ann');
    expect(said).not.toContain('password');
    expect(said).not.toContain('token');
    expect(said).not.toContain(SECRET);
  });

  test('that does not match the contract of the caller is INTERNAL and says so', async () => {
    const stricter = service('users', { count: method({ input: z.string(), output: z.string().max(3) }) });
    await using other = connect(place.unix(), stricter);
    expect(await other.count('ab')).toBe('ab!');
    const error = await failure(other.count('abc'));
    expect(error).toMatchObject({ code: 'INTERNAL', execution: 'unknown', method: 'users.count' });
    expect(error.message).toContain("The server's answer to users.count does not match the contract");
  });
});

describe('a declared error', () => {
  test('arrives with its name and its data', async () => {
    const error = await failure(client.parse('x'));
    expect(error).toMatchObject({ name: 'syntax', data: { line: 3 }, execution: 'unknown', method: 'users.parse' });
    expect(error.message).toBe('users.parse failed: syntax.');
    expect(errors).toEqual([]);
  });

  test('is told from others by isError, which narrows its data by its name', async () => {
    const thrown: unknown = await failure(client.parse('x'.repeat(21)));
    if (!users.methods.parse.isError(thrown)) throw new Error('It is not known as an error of parse.');
    expect(thrown.message).toBe('That is too long.');
    // These lines compile only where the type follows the name.
    if (thrown.name === 'tooLong') {
      const most: number = thrown.data.most;
      expect(most).toBe(20);
    } else {
      const line: number = thrown.data.line;
      throw new Error(`It is the other one, of line ${line}.`);
    }
  });

  test('is not taken for one where it is another method’s, a plain one, or none', async () => {
    const { isError } = users.methods.parse;
    expect(isError(await failure(client.fail('foreign')))).toBe(false);
    expect(isError(await failure(client.fail('rpc')))).toBe(false);
    expect(isError(new Error('syntax'))).toBe(false);
    expect(isError(undefined)).toBe(false);
  });

  test('whose data the schema refuses is INTERNAL, and told at the server', async () => {
    const error = await failure(client.parse('bad data'));
    expect(error).toMatchObject({ code: 'INTERNAL', name: 'RpcError', data: undefined });
    expect(error.message).not.toContain('three');
    expect(errors).toHaveLength(1);
    expect(String(errors[0]?.error)).toContain('at line: ');
  });

  test('carries no more data than its schema declares', async () => {
    expect((await failure(client.parse('more data'))).data).toEqual({ line: 3 });
    using raw = await dialRaw(place.at('s.sock'));
    raw.send(Buffer.concat([Buffer.from(PREFACE), hello, declare(0, 'users', 'parse'), request(0, 0, 'more data')]));
    const received = await raw.until((all) => framesOf(all).length > 1);
    expect(received.toString('latin1')).toContain('syntax');
    expect(received.toString('latin1')).not.toContain(SECRET);
  });

  test('is UNKNOWN by its code, and no code can be its name', async () => {
    expect((await failure(client.parse('x'))).code).toBe('UNKNOWN');
    const errorsOfCode = { NOT_FOUND: z.object({}) };
    expect(() => method({ input: z.void(), output: z.void(), errors: errorsOfCode })).toThrow(TypeError);
  });
});

describe('what a handler throws', () => {
  test.each([
    ['a plain error', 'plain'],
    ['a text', 'text'],
    ['undefined', 'nothing'],
  ])('stays at home where it is %s: the caller hears INTERNAL', async (_, how) => {
    const error = await failure(client.fail(how));
    expect(error).toMatchObject({ code: 'INTERNAL', execution: 'unknown', method: 'users.fail', data: undefined });
    expect(error.message).toBe("users.fail failed; the server's log says why.");
    expect(error.cause).toBe(undefined);
    expect(JSON.stringify([error, error.stack])).not.toContain(SECRET);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.method).toBe('users.fail');
    if (how === 'plain') expect(String(errors[0]?.error)).toContain(SECRET);
  });

  test('keeps its code and message where it is an RpcError, and leaves its cause at home', async () => {
    const error = await failure(client.fail('rpc'));
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: 'There is no user 7.' });
    expect(error.cause).toBe(undefined);
    expect(error.stack).not.toContain(SECRET);
  });

  test('does not hang the call where the listener for errors throws as well', async () => {
    const unhandled: unknown[] = [];
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    const listen = (error: unknown): void => void unhandled.push(error);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listen);
    const broken = service('broken', { fail: users.methods.fail });
    const handlers = {
      fail: async () => {
        throw new Error('first');
      },
    };
    const onError = (): void => {
      throw new Error('second');
    };
    const other = await serve(place.unix('broken'), implement(broken, handlers), { onError });
    try {
      const caller = connect(other.address, broken);
      const error = await failure(caller.fail('plain', { deadline: 500 }));
      expect(error).toMatchObject({ code: 'INTERNAL', message: "broken.fail failed; the server's log says why." });
      expect(printed.mock.calls.flat().map(String)).toContain('Error: second');
      expect(unhandled).toEqual([]);
    } finally {
      printed.mockRestore();
      await other.close({ grace: 0 });
      process.off('unhandledRejection', listen);
      for (const each of others) process.on('unhandledRejection', each);
    }
  });
});

describe('the stack of an error', () => {
  async function callsTheMethod(): Promise<void> {
    await client.fail('rpc');
  }

  async function callsWhoCalls(): Promise<string> {
    await callsTheMethod();
    return 'not reached';
  }

  test('shows the line that called, and the async functions that led there', async () => {
    const error = await failure(callsWhoCalls());
    expect(error.stack).toMatch(/callsTheMethod.*validation\.test\.ts:\d+/);
    expect(error.stack).toMatch(/callsWhoCalls.*validation\.test\.ts:\d+/);
  });

  test('shows it also where the call was not sent', async () => {
    async function callsNobody(): Promise<void> {
      await connect(place.unix('missing'), users).fail('a');
    }
    const error = await failure(callsNobody());
    expect(error).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    expect(error.stack).toMatch(/callsNobody.*validation\.test\.ts:\d+/);
  });
});
