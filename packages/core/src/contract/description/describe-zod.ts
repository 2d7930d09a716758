import { anyOf, constants, type SchemaNode, Undescribable, withDefault } from './schema-node.ts';

/** The part of a zod schema that a description is made of; zod and zod/mini both have it. */
interface ZodInternals {
  readonly def: { readonly type: string; readonly [key: string]: unknown };
  readonly values?: ReadonlySet<unknown> | undefined;
  readonly optin?: string | undefined;
  readonly optout?: string | undefined;
  readonly bag?: { readonly Class?: unknown };
  readonly traits?: ReadonlySet<string>;
  /** Of a lazy schema. */
  readonly innerType?: ZodSchema;
}

interface ZodSchema {
  readonly _zod: ZodInternals;
}

/** So many schemas make up one at most, and so deep: what is lazy may go on for ever. */
const MOST_NODES = 20_000;
const MOST_LEVELS = 200;

/** Anything, where nothing is checked. */
const ANYTHING: SchemaNode = {};
/** What only code can tell: it is never said to differ. */
const CUSTOM: SchemaNode = { type: 'custom' };
const UNDEFINED: SchemaNode = { type: 'undefined' };

/** Kinds of zod schemas that need nothing but a word. */
const WORDS: { readonly [type: string]: SchemaNode } = {
  string: { type: 'string' },
  template_literal: { type: 'string' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  bigint: { type: 'bigint' },
  date: { type: 'date' },
  nan: { type: 'nan' },
  null: { type: 'null' },
  undefined: UNDEFINED,
  void: UNDEFINED,
  any: ANYTHING,
  unknown: ANYTHING,
  never: false,
};

const CLASSES = new Map<unknown, SchemaNode>([
  [Uint8Array, { type: 'bytes' }],
  [Date, { type: 'date' }],
]);

interface Known {
  /** The whole description, once it is known. */
  node: SchemaNode | undefined;
  /** Its name in $defs, where the schema contains itself. */
  name: string | undefined;
}

/**
 * Describes a zod schema: the values that cross the wire, which is what a receiver takes before it parses, and what a
 * codec has encoded.
 *
 * @throws Undescribable where it is too large.
 */
export function describeZod(schema: object): SchemaNode {
  return new Describer().root(schema as ZodSchema);
}

class Describer {
  readonly #known = new Map<ZodSchema, Known>();
  readonly #defs: Record<string, SchemaNode> = {};
  #names = 0;
  #levels = 0;

  root(schema: ZodSchema): SchemaNode {
    const node = this.#describe(schema);
    return this.#names === 0 || node === false ? node : { ...node, $defs: this.#defs };
  }

  #describe(schema: ZodSchema): SchemaNode {
    const before = this.#known.get(schema);
    if (before !== undefined) {
      if (before.node === undefined) before.name ??= String(this.#names++);
      return before.name === undefined ? (before.node as SchemaNode) : reference(before.name);
    }
    if (this.#known.size === MOST_NODES || this.#levels === MOST_LEVELS) throw new Undescribable();
    const known: Known = { node: undefined, name: undefined };
    this.#known.set(schema, known);
    this.#levels++;
    const node = this.#node(schema._zod);
    this.#levels--;
    known.node = node;
    if (known.name === undefined) return node;
    this.#defs[known.name] = node;
    return reference(known.name);
  }

  #node({ def, values, bag, traits, innerType }: ZodInternals): SchemaNode {
    const word = WORDS[def.type];
    // What is coerced may have been anything.
    if (word !== undefined) return def['coerce'] === true ? anyOf([word, CUSTOM]) : word;
    const part = (name: string): SchemaNode => this.#describe(def[name] as ZodSchema);
    switch (def.type) {
      case 'literal':
      case 'enum':
        return constants([...(values ?? [])]);
      case 'array':
        return { type: 'array', items: part('element') };
      case 'tuple':
        return this.#tuple(def['items'] as ZodSchema[], def['rest'] as ZodSchema | null);
      case 'object':
        return this.#object(def['shape'] as Record<string, ZodSchema>, def['catchall'] as ZodSchema | undefined);
      case 'record':
        return this.#record(def['keyType'] as ZodSchema, def['valueType'] as ZodSchema, def);
      case 'map':
        return { type: 'map', keys: part('keyType'), values: part('valueType') };
      case 'set':
        return { type: 'set', items: part('valueType') };
      case 'union':
        return anyOf((def['options'] as ZodSchema[]).map((option) => this.#describe(option)));
      case 'intersection':
        return { allOf: [part('left'), part('right')] };
      case 'nullable':
        return anyOf([part('innerType'), WORDS['null'] as SchemaNode]);
      case 'optional':
        return traits?.has('$ZodExactOptional') ? part('innerType') : anyOf([part('innerType'), UNDEFINED]);
      case 'nonoptional':
        return without(part('innerType'));
      case 'default':
      case 'prefault':
        return withDefault(part('innerType'));
      case 'catch':
        return anyOf([part('innerType'), CUSTOM]);
      case 'readonly':
        return part('innerType');
      case 'lazy':
        return this.#describe(innerType as ZodSchema);
      case 'pipe':
        return part('in');
      case 'custom':
        return CLASSES.get(bag?.Class) ?? CUSTOM;
      default:
        return CUSTOM;
    }
  }

  #object(shape: Record<string, ZodSchema>, catchall: ZodSchema | undefined): SchemaNode {
    const properties: [string, SchemaNode][] = [];
    const required: string[] = [];
    // In the order of their names: where the same fields stand in another order, nothing differs.
    for (const key of Object.keys(shape).sort()) {
      const field = shape[key] as ZodSchema;
      properties.push([key, this.#field(field)]);
      if (isSent(field)) required.push(key);
    }
    const rest = catchall === undefined ? undefined : this.#describe(catchall);
    return object(properties, required, rest);
  }

  /** A field that is always there where an output is sent, and may be missing where it is read, has a default. */
  #field(field: ZodSchema): SchemaNode {
    const node = this.#describe(field);
    return isSent(field) && field._zod.optin !== undefined ? withDefault(node) : node;
  }

  #record(key: ZodSchema, value: ZodSchema, def: ZodInternals['def']): SchemaNode {
    const { values } = key._zod;
    const loose = def['mode'] === 'loose';
    const node = this.#field(value);
    // What the keys look like is not compared, but which they are, where that is known.
    if (values === undefined) return object([], [], loose ? anyOf([node, CUSTOM]) : node);
    const names = [...values].filter((name) => typeof name === 'string' || typeof name === 'number').map(String);
    const properties = names.sort().map((name): [string, SchemaNode] => [name, node]);
    return object(properties, def['partial'] === true || !isSent(value) ? [] : names, loose ? ANYTHING : false);
  }

  #tuple(items: ZodSchema[], rest: ZodSchema | null): SchemaNode {
    let least = items.length;
    while (least > 0 && !isSent(items[least - 1] as ZodSchema)) least--;
    const prefixItems = items.map((item) => this.#field(item));
    return { type: 'array', prefixItems, minItems: least, items: rest === null ? false : this.#describe(rest) };
  }
}

/** Whether whoever sends an output always sends the field. */
function isSent({ _zod: { optin, optout } }: ZodSchema): boolean {
  return optin === undefined || optout === undefined;
}

function reference(name: string): SchemaNode {
  return { $ref: `#/$defs/${name}` };
}

function object(properties: [string, SchemaNode][], required: string[], rest: SchemaNode | undefined): SchemaNode {
  return {
    type: 'object',
    // Object.fromEntries defines its keys, also one named __proto__.
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required }),
    ...(rest !== undefined && { additionalProperties: rest }),
  };
}

/** The schema less `undefined`. */
function without(node: SchemaNode): SchemaNode {
  if (node === false || !Array.isArray(node['anyOf'])) return node;
  return anyOf(node['anyOf'].filter(({ type }: { type?: unknown }) => type !== 'undefined'));
}
