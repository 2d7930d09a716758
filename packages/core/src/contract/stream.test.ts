import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { KIND, streamsInput, streamsOutput } from './kind.ts';
import { method } from './method.ts';
import { type AnyMethod, namedMethod, service } from './service.ts';
import { itemsOf, stream } from './stream.ts';

/** A method as it runs. */
function running(definition: AnyMethod): ReturnType<typeof namedMethod> {
  return namedMethod(service('s', { m: definition }), 'm');
}

describe('stream', () => {
  test('keeps the schema of its items, and cannot be changed', () => {
    const schema = z.string();
    const items = stream(schema);
    expect(itemsOf(items)).toEqual({ schema, streams: true });
    expect(Object.isFrozen(items)).toBe(true);
  });

  test('refuses what is no schema, as soon as the contract is written', () => {
    for (const none of [undefined, null, 5, 'string', {}, () => z.string(), [z.string()], stream(z.string())]) {
      expect(() => stream(none as never)).toThrow(
        new TypeError('What a stream carries needs a schema: write stream(z.string()), for example.'),
      );
    }
  });

  test('takes a schema that is a function, as those of some libraries are', () => {
    const schema = Object.assign(() => true, { '~standard': z.string()['~standard'] });
    expect(itemsOf(stream(schema as never)).schema).toBe(schema);
  });
});

test('a schema is a message, not a stream', () => {
  const schema = z.array(z.string());
  expect(itemsOf(schema)).toEqual({ schema, streams: false });
});

test('what is neither is taken as a schema, for its check to refuse', () => {
  for (const none of [undefined, null, 5]) {
    expect(itemsOf(none as never)).toEqual({ schema: none, streams: false });
    expect(() => method({ input: none as never, output: z.string() })).toThrow('The input of a method');
  }
});

describe('a method', () => {
  const one = z.string();
  test.each([
    ['unary', method({ input: one, output: one }), false, false],
    ['serverStream', method({ input: one, output: stream(one) }), false, true],
    ['clientStream', method({ input: stream(one), output: one }), true, false],
    ['duplex', method({ input: stream(one), output: stream(one) }), true, true],
  ] as const)('of the kind %s is known by what streams', (kind, definition, input, output) => {
    const checks = running(definition);
    expect(checks.kind).toBe(KIND[kind]);
    expect([streamsInput(checks.kind), streamsOutput(checks.kind)]).toEqual([input, output]);
  });

  test('that streams checks item by item', () => {
    const item = z.object({ n: z.number().default(7) });
    const { parseInput, encodeOutput, parseOutput } = running(method({ input: stream(item), output: stream(item) }));
    expect(parseInput({})).toEqual({ n: 7 });
    expect(encodeOutput({ n: 1, secret: 2 })).toEqual({ n: 1 });
    expect(parseOutput({ n: 1 })).toEqual({ n: 1 });
    for (const check of [parseInput, encodeOutput, parseOutput]) expect(() => check([{ n: 1 }])).toThrow();
  });

  test('that streams declares errors as any other', () => {
    const tail = method({
      input: z.string(),
      output: stream(z.string()),
      errors: { gone: z.object({ after: z.number() }) },
    });
    const { methods } = service('s', { tail });
    const error = methods.tail.error('gone', { after: 3 });
    expect(error).toMatchObject({ name: 'gone', data: { after: 3 }, method: 's.tail' });
    expect(methods.tail.isError(error)).toBe(true);
  });

  test('refuses an output whose items cannot be checked at both ends', () => {
    const items = z.string().transform((s) => s.length);
    expect(() => method({ input: z.string(), output: stream(items) })).toThrow(TypeError);
    method({ input: stream(items), output: z.string() });
  });
});
