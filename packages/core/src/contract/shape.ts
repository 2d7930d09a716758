/** What a schema of zod's comes to where it asks for types and plain checks: code can be made for that. */
import type { Field, Shape } from '../wire/shape.ts';
import { leafOf } from './leaf.ts';
import type { Schema } from './schema.ts';

/** What is looked at of a zod schema. */
interface ZodSchema {
  readonly _zod: {
    readonly def: ZodDef;
    readonly traits: ReadonlySet<string>;
    readonly parse: unknown;
    readonly run: unknown;
  };
}

interface ZodDef {
  readonly type: string;
  readonly coerce?: unknown;
  readonly check?: string;
  readonly catchall?: unknown;
  readonly shape?: object;
  readonly element?: unknown;
  readonly innerType?: unknown;
}

/** Deeper ones may have no end. */
const MOST_LEVELS = 32;

/**
 * The shape whose values are those that the schema takes, and gives as they are, but for fields that are not declared:
 * these are left out. Undefined where the schema is not one of zod's, or holds anything else: a default, a transform, a
 * check that is not known here.
 */
export function shapeOf(schema: Schema | undefined): Shape | undefined {
  // Who tells zod to make no code wants none of us.
  const { __zod_globalConfig: config } = globalThis as { __zod_globalConfig?: { readonly jitless?: boolean } };
  return config?.jitless === true ? undefined : read(schema, MOST_LEVELS);
}

/** Whether the schema takes each text as it is. */
export function takesTexts(schema: Schema): boolean {
  return defOf(schema)?.type === 'string';
}

function isZod(schema: unknown): schema is ZodSchema {
  return typeof schema === 'object' && schema !== null && '_zod' in schema;
}

/** What a schema is made of that asks for its type alone. */
function defOf(schema: unknown): ZodDef | undefined {
  if (!isZod(schema)) return undefined;
  const { def, parse, run } = schema._zod;
  // A schema that runs otherwise than by its type alone has checks.
  return def.coerce || def.check !== undefined || run !== parse ? undefined : def;
}

function read(schema: unknown, levels: number): Shape | undefined {
  const def = levels === 0 ? undefined : defOf(schema);
  switch (def?.type) {
    case 'nullable':
      return within('nullable', def.innerType, levels);
    case 'array':
      return within('list', def.element, levels);
    case 'object':
      return readFields(def, levels);
    default:
      return levels > 0 && isZod(schema) ? leafOf(schema._zod) : undefined;
  }
}

function within(kind: 'nullable' | 'list', inner: unknown, levels: number): Shape | undefined {
  const of = read(inner, levels - 1);
  return of && { kind, of };
}

function readFields({ shape = {}, catchall }: ZodDef, levels: number): Shape | undefined {
  if (catchall !== undefined || Object.getOwnPropertySymbols(shape).length > 0) return undefined;
  const fields: Field[] = [];
  for (const [name, schema] of Object.entries<ZodSchema>(shape as Record<string, ZodSchema>)) {
    const { def, traits } = schema._zod;
    // An exact one takes no undefined.
    const optional = def.type === 'optional' && !traits.has('$ZodExactOptional');
    const field = read(optional ? def.innerType : schema, levels - 1);
    if (field === undefined) return undefined;
    fields.push({ name, shape: field, optional });
  }
  return { kind: 'fields', fields };
}
