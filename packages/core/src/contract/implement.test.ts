import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { event } from './event.ts';
import { implement } from './implement.ts';
import { Implementations } from './implementations.ts';
import { KIND } from './kind.ts';
import { method } from './method.ts';
import { type AnyMethod, service } from './service.ts';
import { stream } from './stream.ts';

const any = method({ input: z.string(), output: z.string() });
const text = service('text', { uppercase: any, lowercase: any });
const handler = (s: string): string => s;

describe('implement', () => {
  test('joins each method with its handler', () => {
    const handlers = { uppercase: (s: string) => s.toUpperCase(), lowercase: async (s: string) => s.toLowerCase() };
    const implementation = implement(text, handlers);
    expect(implementation.service).toBe('text');
    expect([...implementation.methods.keys()]).toEqual(['uppercase', 'lowercase']);
    expect(implementation.methods.get('lowercase')?.handler).toBe(handlers.lowercase);
    expect(implementation.methods.get('lowercase')?.method.fullName).toBe('text.lowercase');
  });

  test('refuses a handler that is missing or no function', () => {
    for (const lowercase of [undefined, null, 5, {}, 'handler']) {
      expect(() => implement(text, { uppercase: handler, lowercase: lowercase as never })).toThrow(
        /^text\.lowercase has no handler: /,
      );
    }
    expect(() => implement(text, { uppercase: handler } as never)).toThrow(/^text\.lowercase has no handler: /);
  });

  test('refuses a handler for no method', () => {
    const handlers = { uppercase: handler, lowercase: handler, upercase: handler };
    expect(() => implement(text, handlers)).toThrow(
      new TypeError('There is a handler "upercase", but the service "text" has no such method.'),
    );
  });

  test('takes no handler from what every object inherits', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf']) {
      const odd = service('odd', Object.fromEntries([[name, any]]) as Record<string, AnyMethod>);
      expect(() => implement(odd, {} as never), name).toThrow(`odd.${name} has no handler`);
      const own = implement(odd, Object.fromEntries([[name, handler]]) as never);
      expect(own.methods.get(name)?.handler).toBe(handler);
    }
    expect(() => implement(text, Object.create({ uppercase: handler, lowercase: handler }))).toThrow('has no handler');
  });

  test('has no method of a name that was not declared', () => {
    const { methods } = implement(text, { uppercase: handler, lowercase: handler });
    for (const name of ['constructor', 'toString', '__proto__', 'get', 'size'])
      expect(methods.get(name)).toBeUndefined();
  });

  test('takes handlers from an object without a prototype', () => {
    const handlers = Object.assign(Object.create(null), { uppercase: handler, lowercase: handler });
    expect(implement(text, handlers).methods.size).toBe(2);
  });
});

describe('concurrency', () => {
  const all = service('text', {
    uppercase: any,
    lines: method({ input: z.string(), output: stream(z.string()) }),
    log: event(z.string()),
  });
  const handlers = { uppercase: handler, lines: () => [], log: () => {} };

  function most(concurrency?: Record<string, unknown>): unknown[] {
    const { methods } = implement(all, handlers, { concurrency });
    return [...methods.values()].map(({ running }) => running.most);
  }

  const NONE = Number.POSITIVE_INFINITY;

  test('has no limit where none is given', () => {
    expect(most()).toEqual([NONE, NONE, NONE]);
    expect(most({})).toEqual([NONE, NONE, NONE]);
    expect(most({ uppercase: undefined })).toEqual([NONE, NONE, NONE]);
    expect(implement(all, handlers).methods.get('lines')?.running).toEqual({ count: 0, most: NONE });
  });

  test('is limited for the methods that are named', () => {
    expect(most({ lines: 4 })).toEqual([NONE, 4, NONE]);
    expect(most({ uppercase: 1, lines: 2 ** 31 })).toEqual([1, 2 ** 31, NONE]);
  });

  test('is counted for each implementation by itself', () => {
    const [one, other] = [1, 2].map(() => implement(all, handlers).methods.get('uppercase'));
    expect(one?.running).not.toBe(other?.running);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '4', null, {}, 4n])('cannot be %s', (limit) => {
    expect(() => most({ uppercase: limit })).toThrow(RangeError);
    expect(() => most({ uppercase: limit })).toThrow(/^The concurrency of text\.uppercase is .*; give a whole number/);
  });

  test('is of no method that does not exist, and of no event: nobody could be turned away', () => {
    for (const name of ['upercase', 'toString', '__proto__', 'log']) {
      expect(() => most(Object.fromEntries([[name, 4]])), name).toThrow(RangeError);
    }
  });
});

describe('implementations', () => {
  const served = new Implementations([
    implement(text, { uppercase: handler, lowercase: handler }),
    implement(service('constructor', { toString: any }), { toString: handler }),
  ]);

  test('are found by the names of service and method', () => {
    expect(served.names).toEqual(['text', 'constructor']);
    expect(served.find('text', 'uppercase', KIND.unary)?.method.fullName).toBe('text.uppercase');
    expect(served.find('constructor', 'toString', KIND.unary)?.handler).toBe(handler);
  });

  test('are found by no name that was not given, whatever objects inherit', () => {
    const names = [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'valueOf',
      'uppercase',
      '',
      'text.uppercase',
    ];
    for (const a of names) {
      for (const b of names) {
        if (a === 'constructor' && b === 'toString') continue;
        expect(served.find(a, b, KIND.unary), `${a}.${b}`).toBeUndefined();
        expect(served.find('text', a, KIND.unary)?.method.name).toBe(a === 'uppercase' ? a : undefined);
      }
    }
  });

  test('are found as their own kind alone', () => {
    const all = service('all', {
      unary: any,
      serverStream: method({ input: z.string(), output: stream(z.string()) }),
      clientStream: method({ input: stream(z.string()), output: z.string() }),
      duplex: method({ input: stream(z.string()), output: stream(z.string()) }),
      event: event(z.string()),
    });
    const names = Object.keys(all.methods);
    const one = new Implementations([
      implement(all, {
        unary: handler,
        serverStream: () => [],
        clientStream: () => '',
        duplex: () => [],
        event: () => {},
      }),
    ]);
    expect(names).toEqual(Object.keys(KIND));
    for (const name of names) {
      for (const [kind, number] of Object.entries(KIND)) {
        expect(one.find('all', name, number)?.method.name, `${name} as ${kind}`).toBe(kind === name ? name : undefined);
      }
    }
  });

  test('have one name each', () => {
    const again = implement(text, { uppercase: handler, lowercase: handler });
    expect(() => new Implementations([again, again])).toThrow(
      new TypeError('Two implementations are named "text"; a name can be served once.'),
    );
  });
});
