/** A JSON Schema as a value, of the few keywords that descriptions use: see PROTOCOL.md, section 5. */
export type SchemaNode = false | { readonly [keyword: string]: unknown };

/** A schema of which nothing can be said: it is too large, or none that is known here. Nothing is compared then. */
export class Undescribable extends Error {}

/** Marks what a reader fills in where it is missing or undefined. */
export function withDefault(node: SchemaNode): SchemaNode {
  return node === false ? node : { ...node, default: true };
}

/** One of these. Flat, so that it makes no difference how unions stand in each other. */
export function anyOf(options: readonly SchemaNode[]): SchemaNode {
  const flat = options.flatMap((option): SchemaNode[] => {
    if (option === false) return [];
    return Array.isArray(option['anyOf']) && Object.keys(option).length === 1 ? option['anyOf'] : [option];
  });
  const [first, second] = flat;
  if (first === undefined) return false;
  return second === undefined ? first : { anyOf: flat };
}

/** Exactly these values. Such as JSON lacks stand as schemas of their own. */
export function constants(values: readonly unknown[]): SchemaNode {
  const plain: unknown[] = [];
  const bigints: string[] = [];
  const others: SchemaNode[] = [];
  for (const value of values) {
    if (typeof value === 'bigint') bigints.push(String(value));
    else if (value === undefined) others.push({ type: 'undefined' });
    else if (isPlain(value)) plain.push(value);
    else others.push({ type: 'custom' });
  }
  if (bigints.length > 0) others.push({ type: 'bigint', enum: bigints });
  if (plain.length > 0) others.push({ enum: plain });
  return anyOf(others);
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}
