import { anyOf, constants, type SchemaNode, Undescribable } from './schema-node.ts';

/** What a Standard Schema other than zod's may have: its own description as JSON Schema. */
interface Converter {
  input(options: { readonly target: 'draft-2020-12' }): unknown;
  output(options: { readonly target: 'draft-2020-12' }): unknown;
}

type Json = { readonly [keyword: string]: unknown };

/** So deep a schema is looked into. */
const MOST_LEVELS = 200;

/**
 * Describes a schema by the JSON Schema that it gives itself; undefined where it gives none. An `output` is described
 * where what is sent and what is read are the same.
 *
 * @throws whatever the schema's own library throws, and Undescribable for what cannot be told.
 */
export function describeStandard(schema: object, isOutput: boolean): SchemaNode | undefined {
  const { jsonSchema } = (schema as { '~standard'?: { jsonSchema?: Converter } })['~standard'] ?? {};
  if (jsonSchema === undefined) return undefined;
  const read = jsonSchema.input({ target: 'draft-2020-12' });
  if (isOutput && JSON.stringify(read) !== JSON.stringify(jsonSchema.output({ target: 'draft-2020-12' }))) {
    return undefined;
  }
  return plain(read, true, 0);
}

/** The types of JSON Schema. An integer is a number: how numbers are refined is not compared. */
const TYPES: { readonly [type: string]: string } = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** A JSON Schema less all that refines it. */
function plain(given: unknown, root: boolean, level: number): SchemaNode {
  if (given === true) return {};
  if (given === false) return false;
  if (typeof given !== 'object' || given === null || level > MOST_LEVELS) throw new Undescribable();
  const schema = given as Json;
  const inner = (part: unknown): SchemaNode => plain(part, false, level + 1);
  const defs = schema['$defs'];
  const named = root && typeof defs === 'object' && defs !== null ? { $defs: mapOf(defs as Json, inner) } : {};
  const node = core(schema, inner);
  return node === false ? node : { ...node, ...named };
}

function core(schema: Json, inner: (part: unknown) => SchemaNode): SchemaNode {
  if (Object.hasOwn(schema, '$ref')) {
    const reference = String(schema['$ref']);
    if (reference !== '#' && !reference.startsWith('#/$defs/')) throw new Undescribable();
    return { $ref: reference };
  }
  if (Object.hasOwn(schema, 'const')) return constants([schema['const']]);
  if (Array.isArray(schema['enum'])) return constants(schema['enum']);
  const options = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(options)) return anyOf(options.map(inner));
  if (Array.isArray(schema['allOf'])) return { allOf: schema['allOf'].map(inner) };
  const { type } = schema;
  if (Array.isArray(type)) return anyOf(type.map((one) => core({ ...schema, type: one }, inner)));
  if (type === 'object') return object(schema, inner);
  if (type === 'array') return array(schema, inner);
  if (typeof type === 'string') return { type: TYPES[type] ?? 'custom' };
  // Nothing is said of the type: what is said otherwise refines it, and is for code to tell.
  return Object.keys(schema).some((keyword) => !ANNOTATIONS.has(keyword)) ? { type: 'custom' } : {};
}

const ANNOTATIONS: ReadonlySet<string> = new Set(['$schema', '$id', '$defs', '$comment', 'title', 'description']);

function object(schema: Json, inner: (part: unknown) => SchemaNode): SchemaNode {
  const { properties, required, additionalProperties: rest, patternProperties } = schema;
  const names = Array.isArray(required) ? required : [];
  return {
    type: 'object',
    ...(typeof properties === 'object' && properties !== null && { properties: mapOf(properties as Json, inner) }),
    ...(names.length > 0 && { required: names }),
    ...(rest !== undefined && { additionalProperties: patternProperties === undefined ? inner(rest) : {} }),
  };
}

function array(schema: Json, inner: (part: unknown) => SchemaNode): SchemaNode {
  const { prefixItems, items = true, minItems } = schema;
  if (!Array.isArray(prefixItems)) return { type: 'array', items: inner(items) };
  const least = typeof minItems === 'number' ? minItems : 0;
  return { type: 'array', prefixItems: prefixItems.map(inner), minItems: least, items: inner(items) };
}

function mapOf(given: Json, inner: (part: unknown) => SchemaNode): { [key: string]: SchemaNode } {
  return Object.fromEntries(Object.entries(given).map(([key, part]) => [key, inner(part)]));
}
