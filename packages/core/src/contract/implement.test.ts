import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { implement } from './implement.ts';
import { Implementations } from './implementations.ts';
import { method } from './method.ts';
import { type AnyMethod, service } from './service.ts';

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

describe('implementations', () => {
  const served = new Implementations([
    implement(text, { uppercase: handler, lowercase: handler }),
    implement(service('constructor', { toString: any }), { toString: handler }),
  ]);

  test('are found by the names of service and method', () => {
    expect(served.names).toEqual(['text', 'constructor']);
    expect(served.find('text', 'uppercase')?.method.fullName).toBe('text.uppercase');
    expect(served.find('constructor', 'toString')?.handler).toBe(handler);
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
        expect(served.find(a, b), `${a}.${b}`).toBeUndefined();
        expect(served.find('text', a)).toBe(a === 'uppercase' ? served.find('text', 'uppercase') : undefined);
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
