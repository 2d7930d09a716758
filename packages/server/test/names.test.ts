import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { close, connect, implement, method, type Server, serve, service } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

const NAMES = [
  'close',
  'ready',
  'then',
  'catch',
  'finally',
  'constructor',
  'prototype',
  'toString',
  'toJSON',
  'hasOwnProperty',
  '__proto__',
  '__defineGetter__',
  'valueOf',
  'apply',
  'name',
  'methods',
  'a b',
  'ä,ö/ü',
  '0',
] as const;

const PROTO = '__proto__';
const say = method({ input: z.string(), output: z.string() });

/** Names in brackets, so that `__proto__` is one like the others. */
const all = service(
  'all',
  Object.fromEntries(NAMES.map((name) => [name, say])) as { [K in (typeof NAMES)[number]]: typeof say },
);
const proto = service('proto', { [PROTO]: say, plain: say });

let place: Temporary;
let server: Server;

beforeAll(async () => {
  place = await temporary();
  const handlers = Object.fromEntries(NAMES.map((name) => [name, (input: string) => `${name}: ${input}`]));
  server = await serve(place.unix(), [
    implement(all, handlers as { [K in (typeof NAMES)[number]]: (input: string) => string }),
    implement(proto, { [PROTO]: (input) => `proto ${input}`, plain: (input) => `plain ${input}` }),
  ]);
});

afterAll(async () => {
  await server.close();
  await place[Symbol.asyncDispose]();
});

describe('a client of several services', () => {
  test.each(NAMES)('calls a method named %s', async (name) => {
    await using client = connect(place.unix(), { all, proto });
    expect(await client.all[name]('hello')).toBe(`${name}: hello`);
  });

  test('calls a method that is declared and served as ["__proto__"]', async () => {
    await using client = connect(place.unix(), { proto });
    expect(await client.proto[PROTO]('hello')).toBe('proto hello');
    expect(await client.proto.plain('hello')).toBe('plain hello');
  });

  test.each(['close', 'constructor', 'toString', '__proto__', 'name', 'methods'])(
    'calls a service that it names %s',
    async (name) => {
      await using client = connect(place.unix(), { [name]: proto });
      expect(await client[name]?.plain('hello')).toBe('plain hello');
    },
  );

  test('can be awaited, and is itself then', async () => {
    await using client = connect(place.unix(), { all });
    expect(await (client as unknown as Promise<unknown>)).toBe(client);
  });

  test('has the names of its services and nothing inherited', async () => {
    await using client = connect(place.unix(), { all, proto });
    expect(Object.getPrototypeOf(client)).toBe(null);
    expect(Reflect.ownKeys(client)).toEqual(['all', 'proto', Symbol.asyncDispose]);
    expect(Object.getPrototypeOf(client.all)).toBe(null);
    expect(new Set(Reflect.ownKeys(client.all))).toEqual(new Set(NAMES));
    expect(Object.keys(client)).toEqual(['all', 'proto']);
  });
});

describe('a client of one service', () => {
  test.each(NAMES.filter((name) => name !== 'then'))('calls a method named %s', async (name) => {
    await using client = connect(place.unix(), all);
    expect(await client[name]('hello')).toBe(`${name}: hello`);
  });

  test('has no method named then, so that awaiting it neither calls it nor hangs', async () => {
    await using client = connect(place.unix(), all);
    expect('then' in client).toBe(false);
    expect(await (client as unknown as Promise<unknown>)).toBe(client);
    // An async function that returns the client awaits it as well.
    const same = await (async () => client)();
    expect(same).toBe(client);
  });

  test('has the names of its methods and nothing inherited', async () => {
    await using client = connect(place.unix(), proto);
    expect(Object.getPrototypeOf(client)).toBe(null);
    expect(Reflect.ownKeys(client).sort((a, b) => String(a).localeCompare(String(b)))).toEqual([
      '__proto__',
      'plain',
      Symbol.asyncDispose,
    ]);
    expect('toString' in client).toBe(false);
    expect('constructor' in client).toBe(false);
  });

  test('is closed by the function close, whatever its method close does', async () => {
    const client = connect(place.unix(), all);
    expect(await client.close('the door')).toBe('close: the door');
    expect(await client.close('the window')).toBe('close: the window');
    await close(client);
    await expect(client.close('the lid')).rejects.toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
  });
});

describe('handlers', () => {
  const text = service('text', { uppercase: say, lowercase: say });

  test('on the prototype of a class are refused by an error that names the method', () => {
    class Text {
      uppercase(value: string): string {
        return value.toUpperCase();
      }
      lowercase(value: string): string {
        return value.toLowerCase();
      }
    }
    expect(() => implement(text, new Text())).toThrow(TypeError);
    expect(() => implement(text, new Text())).toThrow('text.uppercase has no handler');
  });

  test('that are missing are refused also where objects inherit something of that name', () => {
    const inherited = service('inherited', { toString: say });
    expect(() => implement(inherited, {} as never)).toThrow('inherited.toString has no handler');
  });

  test('for what the service does not have are refused', () => {
    const handlers = { uppercase: String, lowercase: String, upercase: String };
    expect(() => implement(text, handlers)).toThrow('"upercase"');
  });

  test('of two implementations of one name are refused when serving starts, not when somebody connects', async () => {
    const twice = [1, 2].map(() => implement(text, { uppercase: String, lowercase: String }));
    const started = serve(place.unix('twice'), twice);
    try {
      await expect(started).rejects.toThrow('"text"');
      expect(place.entries()).toEqual(['s.sock']);
    } finally {
      await started.then(
        (twin) => twin.close(),
        () => {},
      );
    }
  });
});

test('a method that the server does not have is UNIMPLEMENTED and named', async () => {
  const more = service('proto', { plain: say, valueOf: say });
  await using client = connect(place.unix(), more);
  await expect(client.valueOf('hello')).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    execution: 'rejected',
    message: expect.stringContaining('proto.valueOf'),
  });
  expect(await client.plain('hello')).toBe('plain hello');
  await using other = connect(place.unix(), service('__proto__', { plain: say }));
  await expect(other.plain('hello')).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
});
