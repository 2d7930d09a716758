/** What values a schema takes, as descriptions are compared: read from JSON that may be a stranger's. */
export type Shape =
  | { readonly kind: 'anything' }
  /** Only code can tell: it is never said to differ. */
  | { readonly kind: 'custom' }
  | { readonly kind: 'type'; readonly type: string }
  /** One value, by its type and its text. */
  | { readonly kind: 'constant'; readonly type: string; readonly text: string }
  | ObjectShape
  | ArrayShape
  | { readonly kind: 'map'; readonly keys: Shape; readonly values: Shape }
  | { readonly kind: 'set'; readonly items: Shape }
  | { readonly kind: 'union'; readonly options: readonly Shape[] }
  | { readonly kind: 'all'; readonly members: readonly Shape[] }
  /** A reader fills it in where it is missing or undefined. */
  | { readonly kind: 'default'; readonly inner: Shape }
  | Reference;

export interface ObjectShape {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, Field>;
  /** What other fields hold: they are dropped by whoever reads them where nothing is said, or refused. */
  readonly rest: Shape | 'refused' | undefined;
}

export interface Field {
  readonly shape: Shape;
  readonly required: boolean;
}

/** Items of their own at the beginning, and all others. */
export interface ArrayShape {
  readonly kind: 'array';
  readonly first: readonly Shape[];
  readonly least: number;
  /** None where there are no others. */
  readonly rest: Shape | undefined;
}

/** A shape by its name, so that it can contain itself. */
export interface Reference {
  readonly kind: 'reference';
  to: Shape;
}

export const ANYTHING: Shape = { kind: 'anything' };
export const CUSTOM: Shape = { kind: 'custom' };
export const UNDEFINED: Shape = { kind: 'type', type: 'undefined' };
export const NOTHING: Shape = { kind: 'union', options: [] };

/** So many shapes make up a description at most, and so deep. What lies beyond is left to validation. */
const MOST_SHAPES = 100_000;
const MOST_LEVELS = 256;

type Json = { readonly [keyword: string]: unknown };

/** How many shapes have been read. */
export interface ShapeCount {
  shapes: number;
}

/**
 * Reads the schema of an input, an output or an error's data. It takes whatever JSON there is, in bounded time. Schemas
 * of one description share their count: there may be thousands of errors.
 */
export function readShape(schema: unknown, count: ShapeCount = { shapes: 0 }): Shape {
  return new Reader(schema, count).root;
}

class Reader {
  readonly root: Shape;
  readonly #schema: unknown;
  readonly #references = new Map<string, Reference>();
  readonly #count: ShapeCount;
  #levels = 0;

  constructor(schema: unknown, count: ShapeCount) {
    this.#schema = schema;
    this.#count = count;
    this.root = this.#read(schema);
  }

  #read(schema: unknown): Shape {
    if (schema === true) return ANYTHING;
    if (schema === false) return NOTHING;
    if (!isRecord(schema) || ++this.#count.shapes > MOST_SHAPES || this.#levels === MOST_LEVELS) return CUSTOM;
    this.#levels++;
    const shape = this.#node(schema);
    this.#levels--;
    return get(schema, 'default') === undefined ? shape : { kind: 'default', inner: shape };
  }

  #node(schema: Json): Shape {
    const reference = get(schema, '$ref');
    if (typeof reference === 'string') return this.#reference(reference);
    if (reference !== undefined) return CUSTOM;
    const options = get(schema, 'anyOf');
    if (Array.isArray(options)) return { kind: 'union', options: options.map((option) => this.#read(option)) };
    const members = get(schema, 'allOf');
    if (Array.isArray(members)) return { kind: 'all', members: members.map((member) => this.#read(member)) };
    const type = get(schema, 'type');
    const values = get(schema, 'enum');
    if (Array.isArray(values)) return { kind: 'union', options: values.map((value) => this.#constant(value, type)) };
    switch (type) {
      case 'object':
        return this.#object(schema);
      case 'array':
        return this.#array(schema);
      case 'map':
        return { kind: 'map', keys: this.#read(get(schema, 'keys')), values: this.#read(get(schema, 'values')) };
      case 'set':
        return { kind: 'set', items: this.#read(get(schema, 'items')) };
      case undefined:
        return ANYTHING;
      default:
        return typeof type === 'string' && TYPES.has(type) ? { kind: 'type', type } : CUSTOM;
    }
  }

  #constant(value: unknown, type: unknown): Shape {
    if (++this.#count.shapes > MOST_SHAPES) return CUSTOM;
    const own = typeof value;
    // Of an object no text is made: that could run into a `toString` of the stranger's, or never come to its end.
    if (type === 'bigint') return own === 'string' ? { kind: 'constant', type, text: `${value}n` } : CUSTOM;
    if (value === null) return { kind: 'type', type: 'null' };
    if (own !== 'string' && own !== 'number' && own !== 'boolean') return CUSTOM;
    return { kind: 'constant', type: own, text: JSON.stringify(value) };
  }

  #object(schema: Json): Shape {
    const required = get(schema, 'required');
    const names = new Set(Array.isArray(required) ? required : []);
    const properties = get(schema, 'properties');
    const fields = new Map<string, Field>();
    for (const [key, part] of isRecord(properties) ? Object.entries(properties) : []) {
      fields.set(key, { shape: this.#read(part), required: names.has(key) });
    }
    for (const name of names) {
      if (typeof name === 'string' && !fields.has(name)) fields.set(name, { shape: ANYTHING, required: true });
    }
    const rest = get(schema, 'additionalProperties');
    return {
      kind: 'object',
      fields,
      rest: rest === false ? 'refused' : rest === undefined ? undefined : this.#read(rest),
    };
  }

  #array(schema: Json): Shape {
    const given = get(schema, 'prefixItems');
    const first = Array.isArray(given) ? given.map((item) => this.#read(item)) : [];
    const items = get(schema, 'items') ?? true;
    const least = get(schema, 'minItems');
    return {
      kind: 'array',
      first,
      least: typeof least === 'number' ? Math.min(Math.max(least, 0), first.length) : 0,
      rest: items === false ? undefined : this.#read(items),
    };
  }

  #reference(name: string): Shape {
    const before = this.#references.get(name);
    if (before !== undefined) return before;
    const reference: Reference = { kind: 'reference', to: CUSTOM };
    this.#references.set(name, reference);
    const defs = isRecord(this.#schema) ? get(this.#schema, '$defs') : undefined;
    const key = name.slice(DEFS.length).replaceAll('~1', '/').replaceAll('~0', '~');
    if (name === '#') reference.to = this.#read(this.#schema);
    else if (name.startsWith(DEFS) && isRecord(defs) && Object.hasOwn(defs, key)) reference.to = this.#read(defs[key]);
    return reference;
  }
}

const DEFS = '#/$defs/';

/** What is known by its name alone. Any other name is left to code. */
const TYPES: ReadonlySet<string> = new Set('string number boolean null undefined bigint nan date bytes'.split(' '));

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property only: the JSON is a stranger's. */
function get(schema: Json, keyword: string): unknown {
  return Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
}
