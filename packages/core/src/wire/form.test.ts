import { execFileSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { encodeBody, encodeFormed } from './body.ts';
import { Form, type Formed, giveForms } from './form.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { NOT_PLAIN } from './plain-reader.ts';
import type { Shape } from './shape.ts';

const POINT: Shape = {
  kind: 'fields',
  fields: [{ name: 'at', shape: { kind: 'list', of: { kind: 'number' } }, optional: false }],
};
const VALUE = { at: [1, 2, 3] };
const BYTES = Buffer.from(encodeBody(VALUE, DEFAULT_LIMITS));
const OTHER = Buffer.from(encodeBody({ at: 'x' }, DEFAULT_LIMITS));

function read(form: Form, bytes = BYTES, limits: Partial<Limits> = {}): unknown {
  return form.read(bytes, 0, bytes.length, { ...DEFAULT_LIMITS, ...limits });
}

function write(form: Form, value: unknown, checking = true, limits: Partial<Limits> = {}, most = 8192): unknown {
  const body = encodeFormed(value, form, { ...DEFAULT_LIMITS, ...limits }, most, checking);
  return body && Buffer.from(body);
}

/** A form that has been used often enough to be of use. */
function used(): Form {
  const form = new Form(POINT);
  for (let i = 0; i < 200; i++) {
    expect(read(form)).toBe(NOT_PLAIN);
    expect(write(form, VALUE)).toBeUndefined();
    expect(write(form, VALUE, false)).toBeUndefined();
  }
  return form;
}

test('a form is of use from its 201st message on', () => {
  const form = used();
  expect(read(form)).toEqual(VALUE);
  expect(write(form, VALUE)).toEqual(BYTES);
  expect(write(form, VALUE, false)).toEqual(BYTES);
});

test('where messages have another form they go past it more and more, until one has it', () => {
  const form = used();
  for (const [others, passed] of [
    [1, 1],
    [3, 3],
    [7, 7],
    [5000, 1000],
    [1, 1],
  ] as const) {
    for (let i = 0; i < others; i++) if (read(form, OTHER) !== NOT_PLAIN) expect.unreachable();
    let count = 0;
    while (read(form) === NOT_PLAIN) count++;
    if (others < 100) expect(count).toBe(passed);
    else expect(count).toBeLessThanOrEqual(passed);
  }
});

test('what is over a limit is left to those who can say so', () => {
  const form = used();
  const cases: [limits: Partial<Limits>, fits: boolean][] = [
    [{ depth: 2 }, true],
    [{ depth: 1 }, false],
    [{ message: BYTES.length }, true],
    [{ message: BYTES.length - 1 }, false],
    // No value takes less than a byte.
    [{ values: BYTES.length }, true],
    [{ values: BYTES.length - 1 }, false],
  ];
  for (const [limits, fits] of cases) {
    const fresh = used();
    expect(read(fresh, BYTES, limits), JSON.stringify(limits)).toEqual(fits ? VALUE : NOT_PLAIN);
    expect(write(fresh, VALUE, true, limits), JSON.stringify(limits)).toEqual(fits ? BYTES : undefined);
    expect(write(fresh, VALUE, false, limits), JSON.stringify(limits)).toEqual(fits ? BYTES : undefined);
  }
  expect(write(form, VALUE, true, {}, BYTES.length + 20)).toEqual(BYTES);
  expect(write(form, { at: new Array(20_000).fill(7) })).toBeUndefined();
});

test('a value whose getter encodes another value is written whole', () => {
  const form = used();
  const inner: unknown[] = [];
  const value = {
    get at() {
      inner.push(write(form, VALUE), Buffer.from(encodeBody(VALUE, DEFAULT_LIMITS)));
      return [1, 2, 3];
    },
  };
  expect(write(form, value)).toEqual(BYTES);
  expect(inner).toEqual([undefined, BYTES]);
});

test('what the program has added to all objects does not come along', () => {
  const form = used();
  Object.defineProperty(Object.prototype, 'added', { value: 1, enumerable: true, configurable: true, writable: true });
  try {
    expect(write(form, VALUE, false)).toBeUndefined();
  } finally {
    delete (Object.prototype as { added?: number }).added;
  }
  expect(write(form, VALUE, false)).toEqual(BYTES);
});

test('a method has forms where its messages have shapes, and the same ones each time', () => {
  const method: Formed = { shapes: { input: () => POINT, output: () => undefined } };
  giveForms(method);
  const { forms } = method;
  expect(forms).toEqual({ input: expect.any(Form), output: undefined });
  giveForms(method);
  expect(method.forms).toBe(forms);
  const other: Formed = {};
  giveForms(other);
  expect(other.forms).toBeUndefined();
});

test('Node says that no code may be made by the error that is looked for', () => {
  const script = 'try { new Function("") } catch (error) { process.stdout.write(String(error instanceof EvalError)) }';
  const said = execFileSync(process.execPath, ['--disallow-code-generation-from-strings', '-e', script]);
  expect(said.toString()).toBe('true');
});

test('where no code may be made, all goes the common way', () => {
  const form = used();
  vi.stubGlobal('Function', function refused() {
    throw new EvalError('Code generation from strings disallowed for this context');
  });
  try {
    for (let i = 0; i < 3; i++) {
      expect(read(form)).toBe(NOT_PLAIN);
      expect(write(form, VALUE)).toBeUndefined();
    }
  } finally {
    vi.unstubAllGlobals();
  }
});
