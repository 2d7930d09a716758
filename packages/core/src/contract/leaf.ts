/**
 * What a zod schema of one text, number or boolean comes to, with the checks that are known here. A call with an object of
 * 70 values, of which half have checks, takes a third of the CPU: 23 µs over both ends, where it took 67.
 */
import type { Condition } from '../wire/condition.ts';
import type { Leaf } from '../wire/shape.ts';

/** What is looked at of such a schema. */
export interface ZodLeaf {
  readonly def: LeafDef;
  readonly values?: ReadonlySet<unknown>;
  readonly parse: unknown;
  readonly run: unknown;
}

interface LeafDef extends CheckDef {
  readonly type: string;
  readonly coerce?: unknown;
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDef } }[];
}

interface CheckDef {
  readonly check?: string;
  readonly format?: string;
  readonly pattern?: unknown;
  readonly fn?: unknown;
  readonly when?: unknown;
  readonly value?: unknown;
  readonly inclusive?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly length?: unknown;
}

type Conditions = readonly Condition[] | undefined;

/** More would be much code. */
const MOST_CHARACTERS = 2000;

/** Undefined where the schema has anything that is not known here. */
export function leafOf({ def, values, parse, run }: ZodLeaf): Leaf | undefined {
  if (def.coerce) return undefined;
  const checks = [...(def.check === undefined ? [] : [def]), ...(def.checks ?? []).map(({ _zod }) => _zod.def)];
  // A schema that runs otherwise than by its type alone has checks.
  if ((run === parse) !== (checks.length === 0)) return undefined;
  switch (def.type) {
    case 'string':
    case 'number':
      return withChecks(def.type, checks);
    case 'boolean':
    case 'null':
      return checks.length === 0 ? { kind: def.type } : undefined;
    case 'enum':
    case 'literal':
      return checks.length === 0 && values !== undefined ? oneOf([...values]) : undefined;
    default:
      return undefined;
  }
}

function withChecks(kind: 'string' | 'number', checks: readonly CheckDef[]): Leaf | undefined {
  const meets: Condition[] = [];
  for (const def of checks) {
    const found = conditionsOf(def);
    if (found === undefined) return undefined;
    meets.push(...found);
  }
  return meets.length === 0 ? { kind } : { kind, meets };
}

/** All of them are of one type. */
function oneOf(values: readonly unknown[]): Leaf | undefined {
  const kind = typeof values[0];
  if (kind !== 'string' && kind !== 'number' && kind !== 'boolean') return undefined;
  if (!values.every((value) => typeof value === kind)) return undefined;
  if (kind === 'number' && !values.every(Number.isFinite)) return undefined;
  if (String(values).length > MOST_CHARACTERS) return undefined;
  return { kind, meets: [{ kind: 'among', values: values as (string | number | boolean)[] }] };
}

function conditionsOf(def: CheckDef): Conditions {
  const { check = '' } = def;
  const lengths = Object.hasOwn(LENGTHS, check) ? LENGTHS[check] : undefined;
  // Those of lengths have a `when` always: whether there is a length.
  if (lengths !== undefined) return lengths(def);
  return def.when === undefined && Object.hasOwn(CHECKS, check) ? CHECKS[check]?.(def) : undefined;
}

const LENGTHS: { readonly [check: string]: (def: CheckDef) => Conditions } = {
  min_length: ({ minimum }) => bounds(['shortest', minimum]),
  max_length: ({ maximum }) => bounds(['longest', maximum]),
  length_equals: ({ length }) => bounds(['shortest', length], ['longest', length]),
};

const CHECKS: { readonly [check: string]: (def: CheckDef) => Conditions } = {
  greater_than: ({ value, inclusive }) => bounds([inclusive ? 'least' : 'above', value]),
  less_than: ({ value, inclusive }) => bounds([inclusive ? 'most' : 'below', value]),
  number_format: ({ format = '' }) => (Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined),
  string_format: ({ format = '', pattern, fn }) => {
    const known = fn === undefined && PATTERNS.has(format) && isPlain(pattern);
    return known ? [{ kind: 'matches', pattern }] : undefined;
  },
};

type Bound = Extract<Condition, { bound: number }>['kind'];

function bounds(...given: readonly (readonly [kind: Bound, bound: unknown])[]): Conditions {
  const found: Condition[] = [];
  for (const [kind, bound] of given) {
    if (typeof bound !== 'number' || !Number.isFinite(bound)) return undefined;
    found.push({ kind, bound });
  }
  return found;
}

function whole(least: number, most: number): Conditions {
  return [{ kind: 'whole' }, { kind: 'least', bound: least }, { kind: 'most', bound: most }];
}

const FORMATS: { readonly [format: string]: Conditions } = {
  safeint: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  int32: whole(-(2 ** 31), 2 ** 31 - 1),
  uint32: whole(0, 2 ** 32 - 1),
};

/** The formats that are a pattern and nothing else. */
const PATTERNS: ReadonlySet<string> = new Set([
  'regex',
  'uuid',
  'guid',
  'email',
  'nanoid',
  'cuid',
  'cuid2',
  'ulid',
  'datetime',
  'date',
  'time',
  'duration',
]);

/** Whether the same pattern can be written into code, and keeps no place of its own. */
function isPlain(pattern: unknown): pattern is RegExp {
  if (!(pattern instanceof RegExp) || Object.getPrototypeOf(pattern) !== RegExp.prototype) return false;
  return !pattern.global && !pattern.sticky && pattern.source.length <= MOST_CHARACTERS;
}
