import type { Random } from '../sim/random.ts';
import { compareContracts } from '../src/contract/description/compare.ts';
import { type Description, readDescription } from '../src/contract/description/description.ts';
import type { Kind } from '../src/contract/kind.ts';
import type { Decoders } from './decoders.ts';
import { attempt } from './judged.ts';
import { mutate } from './mutate.ts';
import { REFUSED } from './reference-reader.ts';
import { promise, type Target } from './target.ts';
import { DESCRIPTIONS } from './vectors.ts';

/** What a stranger says of its contract, read and compared with one of ours. */
export function descriptionTarget(decoders: Decoders): Target {
  return {
    name: 'description',
    share: 4,
    run(random, trace) {
      const text = makeDescription(random);
      trace(() => text);
      const there = attempt(SyntaxError, () => decoders.description(text));
      promise((there !== REFUSED) === isObject(text), 'takesObjects', () => 'it judged what is an object otherwise');
      if (there === REFUSED) return text.length;
      const own = random.chance(0.5) ? random.pick(DESCRIPTIONS) : rightOf(makeDescription(random));
      trace(() => `compared with ${own}`);
      const here = readDescription(own);
      const words = compareContracts('s.m', random.below(5) as Kind, here, there as Description);
      const short = words === undefined || (typeof words === 'string' && words.length < 20_000);
      promise(short, 'saysItShortly', () => `it says ${words?.length} characters`);
      return text.length + own.length;
    },
  };
}

function rightOf(text: string): string {
  return isObject(text) ? text : '{}';
}

function isObject(text: string): boolean {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null && !Array.isArray(said);
  } catch {
    return false;
  }
}

const VECTORS = DESCRIPTIONS.map((text) => Buffer.from(text));
const KEYWORDS = [
  ...['type', 'enum', 'anyOf', 'allOf', '$ref', 'properties', 'required', 'additionalProperties', 'items', 'minItems'],
  ...['prefixItems', 'keys', 'values', 'default', '$defs', 'toString', '__proto__', 'constructor', 'unknown'],
];
const TYPES = [
  ...[
    'string',
    'number',
    'boolean',
    'null',
    'undefined',
    'bigint',
    'nan',
    'date',
    'bytes',
    'custom',
    'object',
    'array',
  ],
  ...['map', 'set', 'toString'],
];
const NAMES = ['a', 'b', 'c', 'toString', '__proto__', 'constructor', 'valueOf', ''];

function makeDescription(random: Random): string {
  if (random.chance(0.2)) return mutate(random, random.pick(VECTORS), VECTORS).toString('utf8');
  if (random.chance(0.01)) return deep(random);
  const budget = { left: random.pick([3, 10, 40]) };
  const parts = ['input', 'output', 'errors', 'toString'].filter(() => random.chance(0.7));
  const entry = (name: string): string =>
    `${JSON.stringify(name)}:${name === 'errors' && random.chance(0.8) ? fields(random, budget) : schema(random, budget)}`;
  return `{${parts.map(entry).join(',')}}`;
}

interface Budget {
  left: number;
}

function schema(random: Random, budget: Budget): string {
  if (--budget.left < 0) return random.pick(['{}', 'true', 'false', '{"type":"string"}']);
  if (random.chance(0.04)) return anyJson(random);
  const type = (name: string): string => `"type":"${name}"`;
  const list = (): string => `[${Array.from({ length: random.below(4) }, () => schema(random, budget)).join(',')}]`;
  const parts: string[] = [];
  switch (random.below(10)) {
    case 0:
      parts.push(`"anyOf":${list()}`);
      break;
    case 1:
      parts.push(`"allOf":${list()}`);
      break;
    case 2:
      parts.push(
        `"$ref":${random.pick(['"#"', '"#/$defs/a"', '"#/$defs/b"', '"#/$defs/toString"', '"#/$defs/__proto__"', '"x"'])}`,
      );
      break;
    case 3:
      parts.push(
        `"enum":[${[1, 2, 3].map(() => anyJson(random)).join(',')}]`,
        ...(random.chance(0.3) ? [type('bigint')] : []),
      );
      break;
    case 4:
    case 5:
      parts.push(type('object'), `"properties":${fields(random, budget)}`, `"required":${names(random)}`);
      if (random.chance(0.4)) parts.push(`"additionalProperties":${schema(random, budget)}`);
      break;
    case 6:
      parts.push(type('array'), `"items":${schema(random, budget)}`);
      if (random.chance(0.5))
        parts.push(`"prefixItems":${list()}`, `"minItems":${random.pick(['0', '1', '3', '-1', '1e99', '"x"'])}`);
      break;
    case 7:
      parts.push(type('map'), `"keys":${schema(random, budget)}`, `"values":${schema(random, budget)}`);
      break;
    case 8:
      parts.push(type('set'), `"items":${schema(random, budget)}`);
      break;
    default:
      parts.push(type(random.pick(TYPES)));
  }
  if (random.chance(0.2)) parts.push('"default":true');
  if (random.chance(0.2)) parts.push(`"$defs":${fields(random, budget)}`);
  if (random.chance(0.05)) parts.push(`${JSON.stringify(random.pick(KEYWORDS))}:${anyJson(random)}`);
  return `{${parts.join(',')}}`;
}

function fields(random: Random, budget: Budget): string {
  const some = NAMES.filter(() => random.chance(0.25));
  return `{${some.map((name) => `${JSON.stringify(name)}:${schema(random, budget)}`).join(',')}}`;
}

function names(random: Random): string {
  return JSON.stringify(NAMES.filter(() => random.chance(0.25)));
}

/** JSON of any kind, where a keyword has another in mind. */
function anyJson(random: Random): string {
  return random.pick([
    ...['null', 'true', 'false', '0', '-0', '1e999', '"a"', '"#"', '[]', '{}', '[[[]]]', '"\\ud800"', '[null,{}]'],
    ...['{"toString":1,"valueOf":1}', '{"__proto__":{"toString":1}}', '{"length":-1}', '[{"toString":null}]'],
  ]);
}

/** As deep, or as wide, as a description may be. */
function deep(random: Random): string {
  const times = random.pick([250, 300, 5000, 50_000]);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"type":"array","items":', '}'],
    ['{"anyOf":[', ']}'],
    ['{"allOf":[{},', ']}'],
    ['{"properties":{"a":', '},"type":"object"}'],
  ] as const);
  const inside = `${open.repeat(times)}{}${close.repeat(times)}`;
  const around = random.pick(['', '"$ref":', '"type":"bigint","enum":[', '"required":', '"minItems":']);
  return `{"input":{${around === '' ? '"items":' : around}${inside}${around.endsWith('[') ? ']' : ''}}}`;
}
