import { expect, test } from 'vitest';
import * as z from 'zod';
import { method } from './method.ts';
import { type AnyMethod, namedMethod, service } from './service.ts';

const any = method({ input: z.string(), output: z.string() });

test('a method knows its place in the contract', () => {
  const text = service('text', { uppercase: any, lowercase: any });
  expect(text.name).toBe('text');
  expect(Object.keys(text.methods)).toEqual(['uppercase', 'lowercase']);
  expect(namedMethod(text, 'lowercase')).toMatchObject({
    service: 'text',
    name: 'lowercase',
    fullName: 'text.lowercase',
  });
});

test('one method object may stand in several places', () => {
  const [one, two] = [service('one', { a: any }), service('two', { b: any })];
  expect([namedMethod(one, 'a').fullName, namedMethod(two, 'b').fullName]).toEqual(['one.a', 'two.b']);
});

test('methods may have any name that text without a dot can have, and none that they did not get', () => {
  const names = [
    'constructor',
    'toString',
    '__proto__',
    'hasOwnProperty',
    'then',
    'close',
    'with space',
    'é😀',
    '0',
    'a/b',
  ];
  const { methods } = service('odd', Object.fromEntries(names.map((name) => [name, any])) as Record<string, AnyMethod>);
  expect(Object.keys(methods).sort()).toEqual([...names].sort());
  for (const name of names) expect(namedMethod({ methods } as never, name).fullName).toBe(`odd.${name}`);
  const few = service('few', { a: any }).methods as Record<string, unknown>;
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) expect(few[name]).toBeUndefined();
});

test('a name is 1 to 255 bytes of well-formed text', () => {
  for (const good of ['x', 'x'.repeat(255), '€'.repeat(85), ' ', '😀']) {
    service(good, { [good]: any });
  }
  for (const bad of ['', 'x'.repeat(256), '€'.repeat(86), '\ud800', 'x\udc00']) {
    expect(() => service(bad, { a: any }), bad).toThrow(
      /^The name of a service is .*; it must be text of 1 to 255 bytes\.$/,
    );
    expect(() => service('s', { [bad]: any }), bad).toThrow(
      /^The name of a method of the service "s" is .*; it must be text/,
    );
  }
  for (const none of [undefined, null, 5, {}]) expect(() => service(none as unknown as string, {})).toThrow(TypeError);
});

test('the name of a method holds no dot, so that no two methods have the same full name', () => {
  expect(() => service('a', { 'b.c': any })).toThrow(
    new TypeError('The name of a method of the service "a" is "b.c"; it must hold no dot.'),
  );
  expect(service('a.b', { c: any }).name).toBe('a.b');
});

test('what method did not make is no method', () => {
  for (const none of [undefined, null, 5, {}, z.string(), () => 1]) {
    expect(() => service('s', { m: none as unknown as AnyMethod })).toThrow(
      new TypeError('s.m is not a method: make it with method({ … }) or event(…).'),
    );
  }
});

test('a service does not change, whatever becomes of the object that it was made of', () => {
  const given: Record<string, AnyMethod> = { a: any };
  const text = service('text', given);
  given['b'] = any;
  expect(Object.keys(text.methods)).toEqual(['a']);
  for (const frozen of [text, text.methods, text.methods['a']]) expect(Object.isFrozen(frozen)).toBe(true);
});

test('a service may have no methods yet', () => {
  expect(Object.keys(service('empty', {}).methods)).toEqual([]);
});
