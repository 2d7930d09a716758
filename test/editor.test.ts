import { beforeAll, expect, test } from 'vitest';
import { Editor, type Mistake } from './editor.ts';

const CONTRACT = `
import { event, method, service, stream } from '@nearcall/core';
import { z } from 'zod';

export const text = service('text', {
  uppercase: method({ input: z.string(), output: z.string() }),
  page: method({
    input: z.object({ path: z.string(), length: z.number().default(80) }),
    output: z.object({ lines: z.array(z.string()), end: z.boolean() }),
  }),
  parse: method({ input: z.string(), output: z.number(), errors: { syntax: z.object({ line: z.number() }) } }),
  ping: method({ input: z.void(), output: z.void() }),
  lines: method({ input: z.object({ path: z.string() }), output: stream(z.string()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  shout: method({ input: stream(z.string()), output: stream(z.string()) }),
  saved: event(z.object({ path: z.string() })),
});

export const clock = service('clock', { now: method({ input: z.void(), output: z.date() }) });
`;

const CLIENT = `
import { connect } from '@nearcall/client';
import { clock, text } from './contract.ts';

const client = connect('unix:./text.sock', text);
client.uppercase('hello');
client.page({ path: '/' });
client.parse('1');
client.ping();
client.lines({ path: '/' });
client.sum([1, 2]);
client.shout(['a']);
client.saved({ path: '/' });
const both = connect('unix:./both.sock', { text, clock });
both.text.uppercase('hello');
both.clock.now();
`;

const SERVER = `
import { implement } from '@nearcall/core';
import { clock, text } from './contract.ts';

export const implementation = implement(text, {
  uppercase: (s) => s.toUpperCase(),
  page: async ({ path, length }) => ({ lines: [path.slice(length)], end: true }),
  parse: (s) => Number(s),
  ping() {},
  async *lines({ path }) {
    yield path;
  },
  async sum(numbers) {
    for await (const number of numbers) return number;
    return 0;
  },
  async *shout(texts) {
    for await (const text of texts) yield text;
  },
  saved: ({ path }) => console.log(path),
});

export const clocks = implement(clock, { now: () => new Date() });
`;

/** The same server with one handler otherwise. */
function server(handler: string, instead: string): string {
  if (!SERVER.includes(handler)) throw new Error(`There is no ${handler}.`);
  return SERVER.replace(handler, instead);
}

const editor = new Editor({ 'contract.ts': CONTRACT, 'client.ts': CLIENT, 'server.ts': SERVER });

/** The same two ends, which have nothing of the contract but what it compiles to; and such that refer to its project. */
let readers: Editor;
let referrers: Editor;

/** What is wrong with a server that has one handler otherwise, or with a client that does one thing more. */
let mistakes: (file: string) => Mistake[];

// All that takes long is here: the first question makes the compiler read and check everything.
beforeAll(() => {
  const compiled = editor.declarations('contract.ts');
  const files = {
    'contract/contract.ts': CONTRACT,
    'contract/dist/contract.d.ts': compiled['contract.d.ts'] ?? '',
    'contract/dist/contract.d.ts.map': (compiled['contract.d.ts.map'] ?? '').replace(
      '"contract.ts"',
      '"../contract.ts"',
    ),
    'client.ts': CLIENT.replace('./contract.ts', './contract/dist/contract.js'),
    'server.ts': SERVER.replace('./contract.ts', './contract/dist/contract.js'),
  };
  readers = new Editor(files);
  referrers = new Editor(files, 'contract');
  const wrong = new Editor({
    'contract.ts': CONTRACT,
    'answer.ts': server('(s) => s.toUpperCase()', '(s) => s.length'),
    'field.ts': server('end: true', 'end: 1'),
    'promise.ts': server('(s) => Number(s)', 'async (s) => s'),
    'input.ts': server('(s) => Number(s)', '(s: number) => s'),
    'item.ts': server('yield path', 'yield path.length'),
    'missing.ts': server('  ping() {},\n', ''),
    'extra.ts': server('ping() {},', 'ping() {},\n  pong() {},'),
    'two.ts': server('(s) => s.toUpperCase()', '(s) => s.length').replace('(s) => Number(s)', '(s) => s'),
    'call.ts': `${CLIENT}client.uppercase(1);\nclient.lower('HELLO');\nexport const n: number = await client.parse('1');\n`,
    'result.ts': `${CLIENT}export const n: number = await client.uppercase('1');\n`,
  });
  mistakes = (file) => wrong.errors(file);
  mistakes('contract.ts');
  for (const one of [editor, readers, referrers]) {
    expect(['client.ts', 'server.ts'].flatMap((file) => one.errors(file))).toEqual([]);
  }
}, 120_000);

const CALLS = {
  'client.|uppercase': '(property) uppercase: (input: string, options?: CallOptions) => Promise<string>',
  'client.|page': `(property) page: (input: {
    path: string;
    length?: number | undefined;
}, options?: CallOptions) => Promise<{
    lines: string[];
    end: boolean;
}>`,
  'client.|parse': `(property) parse: (input: string, options?: CallOptions) => Promise<number> & Throws<{
    readonly syntax: {
        line: number;
    };
}>`,
  'client.|ping': '(property) ping: (input: void, options?: CallOptions) => Promise<void>',
  'client.|lines': `(property) lines: (input: {
    path: string;
}, options?: CallOptions) => ResponseStream<string>`,
  'client.|sum': '(property) sum: (input: Items<number>, options?: CallOptions) => Promise<number>',
  'client.|shout': '(property) shout: (input: Items<string>, options?: CallOptions) => ResponseStream<string>',
  'client.|saved': `(property) saved: (input: {
    path: string;
}, options?: CallOptions) => Promise<void>`,
  'both.text.|uppercase': '(property) uppercase: (input: string, options?: CallOptions) => Promise<string>',
  'both.clock.|now': '(property) now: (input: void, options?: CallOptions) => Promise<Date>',
};

test.each(Object.entries(CALLS))(
  'pointing at %s shows what goes in and what comes out, and nothing else',
  (piece, says) => {
    expect(editor.hover('client.ts', piece)).toBe(says);
    expect(readers.hover('client.ts', piece)).toBe(says);
  },
);

const HANDLERS = {
  '|uppercase:': '(property) uppercase: (input: string, context: Context) => string | Promise<string>',
  '|parse:': '(property) parse: (input: string, context: Context) => number | Promise<number>',
  '|ping()': '(property) ping: (input: void, context: Context) => void | Promise<void>',
  'async *|lines': `(property) lines: (input: {
    path: string;
}, context: Context) => Items<string> | Promise<Items<string>>`,
  'async |sum': '(property) sum: (input: RequestStream<number>, context: Context) => number | Promise<number>',
  'async *|shout':
    '(property) shout: (input: RequestStream<string>, context: Context) => Items<string> | Promise<Items<string>>',
  '|saved:': `(property) saved: (input: {
    path: string;
}, context: Context) => void | Promise<void>`,
  '(|s) => s.toUpperCase()': '(parameter) s: string',
  'sum(|numbers)': '(parameter) numbers: RequestStream<number>',
};

test.each(Object.entries(HANDLERS))('pointing at %s shows what a handler gets and what it may give', (piece, says) => {
  expect(editor.hover('server.ts', piece)).toBe(says);
  expect(readers.hover('server.ts', piece)).toBe(says);
});

test.each([
  ['client.ts', 'client.|uppercase', 'uppercase: method({ input: z.string(), output: z.string() }),'],
  ['client.ts', 'both.text.|uppercase', 'uppercase: method({ input: z.string(), output: z.string() }),'],
  ['client.ts', 'client.|sum', 'sum: method({ input: stream(z.number()), output: z.number() }),'],
  ['client.ts', 'client.|saved', 'saved: event(z.object({ path: z.string() })),'],
  ['server.ts', '|uppercase:', 'uppercase: method({ input: z.string(), output: z.string() }),'],
  ['server.ts', 'async *|shout', 'shout: method({ input: stream(z.string()), output: stream(z.string()) }),'],
  ['server.ts', '|saved:', 'saved: event(z.object({ path: z.string() })),'],
])('the definition of what stands in %s at %s is in the contract, and nowhere else', (file, piece, line) => {
  expect(editor.definition(file, piece)).toEqual([{ file: 'contract.ts', line }]);
  expect(referrers.definition(file, piece)).toEqual([{ file: 'contract.ts', line }]);
});

test('from declarations alone the way leads to the service in the contract, because their map knows no more', () => {
  const start = [{ file: 'contract.ts', line: "export const text = service('text', {" }];
  const end = [{ file: 'contract.ts', line: '});' }];
  expect(readers.definition('server.ts', 'implement(|text')).toEqual(start);
  expect(readers.definition('client.ts', 'client.|uppercase')).toEqual(end);
  expect(readers.definition('server.ts', '|saved:')).toEqual(end);
});

test('a method that is renamed in the contract is renamed in handlers and calls', () => {
  expect(editor.rename('contract.ts', '|uppercase:', 'capitals')).toEqual([
    { file: 'contract.ts', line: 'capitals: method({ input: z.string(), output: z.string() }),' },
    { file: 'client.ts', line: "client.capitals('hello');" },
    { file: 'client.ts', line: "both.text.capitals('hello');" },
    { file: 'server.ts', line: 'capitals: (s) => s.toUpperCase(),' },
  ]);
});

test.each([
  {
    file: 'answer.ts',
    what: 'answers with something else',
    line: 'uppercase: (s) => s.length,',
    says: ["Type 'number' is not assignable to type 'string | Promise<string>'."],
  },
  {
    file: 'promise.ts',
    what: 'answers with a promise of something else',
    line: 'parse: async (s) => s,',
    says: [
      "Type 'Promise<string>' is not assignable to type 'number | Promise<number>'.",
      "Type 'Promise<string>' is not assignable to type 'Promise<number>'.",
      "Type 'string' is not assignable to type 'number'.",
    ],
  },
  {
    file: 'input.ts',
    what: 'takes something else',
    line: 'parse: (s: number) => s,',
    says: [
      "Type '(s: number) => number' is not assignable to type '(input: string, context: Context) => number | Promise<number>'.",
      "Types of parameters 's' and 'input' are incompatible.",
      "Type 'string' is not assignable to type 'number'.",
    ],
  },
  {
    file: 'field.ts',
    what: 'has a wrong field in its answer',
    line: 'page: async ({ path, length }) => ({ lines: [path.slice(length)], end: 1 }),',
    says: [
      "Type 'Promise<{ lines: string[]; end: number; }>' is not assignable to type '{ lines: string[]; end: boolean; } | Promise<{ lines: string[]; end: boolean; }>'.",
      "Type 'Promise<{ lines: string[]; end: number; }>' is not assignable to type 'Promise<{ lines: string[]; end: boolean; }>'.",
      "Type '{ lines: string[]; end: number; }' is not assignable to type '{ lines: string[]; end: boolean; }'.",
      "Types of property 'end' are incompatible.",
      "Type 'number' is not assignable to type 'boolean'.",
    ],
  },
])('a handler that $what is an error on its own line, in words about it', ({ file, line, says }) => {
  expect(mistakes(file)).toEqual([{ line, says }]);
});

test('a handler that streams wrong items is an error on its own line, which ends in what is wrong with them', () => {
  const [mistake, ...others] = mistakes('item.ts');
  expect(others).toEqual([]);
  expect(mistake?.line).toBe('async *lines({ path }) {');
  expect(mistake?.says[1]).toBe(
    "Type 'AsyncGenerator<number, void, any>' is not assignable to type 'Items<string> | Promise<Items<string>>'.",
  );
  expect(mistake?.says.at(-1)).toBe("Type 'number' is not assignable to type 'string'.");
});

test('two wrong handlers are two errors, each on its own line', () => {
  expect(mistakes('two.ts')).toEqual([
    {
      line: 'uppercase: (s) => s.length,',
      says: ["Type 'number' is not assignable to type 'string | Promise<string>'."],
    },
    { line: 'parse: (s) => s,', says: ["Type 'string' is not assignable to type 'number | Promise<number>'."] },
  ]);
});

test('a handler that is missing is an error where the handlers are given, and named', () => {
  const [mistake, ...others] = mistakes('missing.ts');
  expect(others).toEqual([]);
  expect(mistake?.line).toBe('export const implementation = implement(text, {');
  expect(mistake?.says.at(-1)).toMatch(/^Property 'ping' is missing in type .* but required in type 'Handlers<.*'\.$/);
});

test('a handler of no method is an error on its own line, and named', () => {
  const [mistake, ...others] = mistakes('extra.ts');
  expect(others).toEqual([]);
  expect(mistake?.line).toBe('pong() {},');
  expect(mistake?.says).toEqual([
    expect.stringMatching(/^Object literal may only specify known properties, and 'pong' does not exist in type /),
  ]);
});

test('a wrong call is an error on its own line', () => {
  expect(mistakes('call.ts')).toEqual([
    {
      line: 'client.uppercase(1);',
      says: ["Argument of type 'number' is not assignable to parameter of type 'string'."],
    },
    { line: "client.lower('HELLO');", says: [expect.stringMatching(/^Property 'lower' does not exist on type /)] },
  ]);
  expect(mistakes('result.ts')).toEqual([
    {
      line: "export const n: number = await client.uppercase('1');",
      says: ["Type 'string' is not assignable to type 'number'."],
    },
  ]);
});
