import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { CODES } from '../error/code.ts';
import { RpcError } from '../error/rpc-error.ts';
import { method } from './method.ts';
import { Invalid } from './schema.ts';
import { namedMethod, service } from './service.ts';

const isoDate = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});

const EPOCH = '1970-01-01T00:00:00.000Z';

const text = service('text', {
  parse: method({
    input: z.object({ source: z.string().transform((s) => `${s}.`), depth: z.number().default(3) }),
    output: z.object({ at: isoDate }),
    errors: { syntax: z.object({ line: z.number() }), late: z.object({ since: isoDate }), empty: z.void() },
    idempotent: true,
    deadline: 500,
  }),
  plain: method({ input: z.void(), output: z.void() }),
});
const other = service('other', {
  parse: method({ input: z.string(), output: z.string(), errors: { syntax: z.object({ line: z.number() }) } }),
});

describe('a method', () => {
  const { parseInput, encodeOutput, parseOutput, errors } = namedMethod(text, 'parse');

  test('parses its input: defaults and transforms apply, once', () => {
    expect(parseInput({ source: 'x', extra: 1 })).toEqual({ source: 'x.', depth: 3 });
    expect(() => parseInput({ source: 5 })).toThrow(Invalid);
  });

  test('encodes its output at one end and parses it at the other', () => {
    const encoded = encodeOutput({ at: new Date(0), secret: 1 });
    expect(encoded).toEqual({ at: EPOCH });
    expect(parseOutput(encoded)).toEqual({ at: new Date(0) });
    expect(() => encodeOutput({ at: EPOCH })).toThrow(Invalid);
    expect(() => parseOutput({ at: new Date(0) })).toThrow(Invalid);
  });

  test('does the same with the data of its errors', () => {
    const late = errors.get('late');
    expect(late?.encode({ since: new Date(0), secret: 1 })).toEqual({ since: EPOCH });
    expect(late?.parse({ since: EPOCH })).toEqual({ since: new Date(0) });
    expect(() => errors.get('syntax')?.encode({ line: 'x' })).toThrow(Invalid);
  });

  test('knows whether it may run twice, and its deadline', () => {
    expect(namedMethod(text, 'parse')).toMatchObject({ idempotent: true, deadline: 500 });
    expect(namedMethod(text, 'plain')).toMatchObject({ idempotent: false, deadline: undefined });
  });

  test('takes nothing and gives nothing where its schemas say so', () => {
    const plain = namedMethod(text, 'plain');
    expect(plain.parseInput(undefined)).toBeUndefined();
    expect(() => plain.parseInput(null)).toThrow(Invalid);
    expect(plain.encodeOutput(undefined)).toBeUndefined();
    expect(() => plain.encodeOutput(5)).toThrow(Invalid);
  });
});

describe('a definition is refused', () => {
  const good = { input: z.string(), output: z.string() };

  test('without a schema for its input or output, by name', () => {
    expect(() => method({ ...good, input: undefined as never })).toThrow(/^The input of a method is not a schema\./);
    expect(() => method({ ...good, output: {} as never })).toThrow(/^The output of a method is not a schema\./);
    expect(() => method({ ...good, errors: { syntax: null as never } })).toThrow(
      /^The data of the error "syntax" is not a schema\./,
    );
  });

  test('where its output or the data of an error cannot be checked at both ends, and not for its input', () => {
    const oneWay = z.string().transform((s) => s.length);
    method({ ...good, input: oneWay });
    method({ ...good, input: z.string().catch('none') });
    expect(() => method({ ...good, output: oneWay })).toThrow(/^The output of a method holds a one-way transform\./);
    expect(() => method({ ...good, errors: { e: z.object({ n: oneWay }) } })).toThrow(
      /^The data of the error "e" holds a one-way transform\./,
    );
    expect(() => method({ ...good, errors: { e: z.string().catch('none') } })).toThrow(
      /^The data of the error "e" holds a catch\./,
    );
  });

  test('where an error has the name of a status code or of every plain error', () => {
    for (const name of [...Object.keys(CODES), 'RpcError']) {
      expect(() => method({ ...good, errors: { [name]: z.void() } })).toThrow(`An error cannot be named "${name}": `);
    }
    method({ ...good, errors: { not_found: z.void(), constructor: z.void(), toString: z.void() } });
  });

  test('where an error has a name that cannot cross', () => {
    for (const name of ['', 'n'.repeat(256), '€'.repeat(86), '\ud800']) {
      expect(() => method({ ...good, errors: { [name]: z.void() } })).toThrow(TypeError);
    }
    method({ ...good, errors: { ['n'.repeat(255)]: z.void(), ['€'.repeat(85)]: z.void() } });
  });

  test('where its deadline is no time', () => {
    for (const deadline of [0, -1, Number.NaN]) {
      expect(() => method({ ...good, deadline })).toThrow(
        new RangeError(`The deadline of a method is ${deadline}; it must be a number of milliseconds above 0.`),
      );
    }
    for (const deadline of [0.5, 1e12, Number.POSITIVE_INFINITY]) method({ ...good, deadline });
  });
});

describe('error', () => {
  test('makes an error of that name, with its data, for the handler to throw', () => {
    const error = text.methods.parse.error('syntax', { line: 3 });
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ code: 'UNKNOWN', name: 'syntax', data: { line: 3 }, method: 'text.parse' });
    expect(error.message).toBe('text.parse failed: syntax.');
    expect(text.methods.parse.error('syntax', { line: 3 }, { message: 'Line 3 is odd.' }).message).toBe(
      'Line 3 is odd.',
    );
  });

  test('makes none that is not declared', () => {
    for (const name of ['typo', 'constructor', 'toString', '__proto__', 'RpcError']) {
      expect(() => text.methods.parse.error(name as 'syntax', { line: 3 })).toThrow(
        new TypeError(`text.parse declares no error "${name}". It declares: syntax, late, empty.`),
      );
    }
    const loose = text.methods.plain as unknown as typeof text.methods.parse;
    expect(() => loose.error('syntax', { line: 3 })).toThrow(
      'text.plain declares no error "syntax". It declares: none.',
    );
  });
});

describe('isError', () => {
  test('knows the errors that its method declares, and no others', () => {
    const { isError } = text.methods.parse;
    expect(isError(text.methods.parse.error('syntax', { line: 3 }))).toBe(true);
    expect(isError(new RpcError('UNKNOWN', 'x', { name: 'late', method: 'text.parse' }))).toBe(true);
    for (const [what, thrown] of [
      ['of another method', other.methods.parse.error('syntax', { line: 3 })],
      ['of no method', new RpcError('UNKNOWN', 'x', { name: 'syntax' })],
      ['of another name', new RpcError('UNKNOWN', 'x', { name: 'typo', method: 'text.parse' })],
      ['a plain one of the method', new RpcError('INTERNAL', 'x', { method: 'text.parse' })],
      ['by an inherited name', new RpcError('UNKNOWN', 'x', { name: 'constructor', method: 'text.parse' })],
      ['no RpcError', Object.assign(new Error('x'), { name: 'syntax', method: 'text.parse' })],
      ['no error', { name: 'syntax', method: 'text.parse' }],
      ['nothing', undefined],
      ['null', null],
      ['text', 'syntax'],
    ] as const) {
      expect(isError(thrown), what).toBe(false);
    }
  });
});
