import { type Condition, unmet } from './condition.ts';

/** What every message of a method is made of, where its schema says no more than that. */
export type Shape =
  | Leaf
  | { readonly kind: 'nullable'; readonly of: Shape }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'fields'; readonly fields: readonly Field[] };

/** What holds no other values. */
export interface Leaf {
  readonly kind: 'string' | 'number' | 'boolean' | 'null';
  readonly meets?: readonly Condition[];
}

/** A field of a plain object. An optional one may be missing, or undefined. A number is finite. */
export interface Field {
  readonly name: string;
  readonly shape: Shape;
  readonly optional: boolean;
}

/** How many containers stand inside each other. */
export function depthOf(shape: Shape): number {
  if (shape.kind === 'nullable') return depthOf(shape.of);
  if (shape.kind === 'list') return 1 + depthOf(shape.of);
  return shape.kind === 'fields' ? 1 + Math.max(0, ...shape.fields.map((field) => depthOf(field.shape))) : 0;
}

/** The name of a field as msgpack. */
export function nameBytes(name: string): readonly number[] {
  const bytes = Buffer.from(name, 'utf8');
  return [0xa0 | bytes.length, ...bytes];
}

/** A map of more fields has a longer head. */
const MOST_FIELDS = 15;

/** A name of more bytes has a longer head. */
const MOST_NAME_BYTES = 31;

/** What is larger would be code of some 100 KiB. */
const MOST_PARTS = 500;

/** So much of a condition's code counts as a part. */
const PART_CHARACTERS = 100;

/**
 * Whether code is made for the shape. It is not where a name is a number, which is no name to the engine and comes first
 * among the keys of its object, nor where every object has the name already.
 */
export function isCompilable(shape: Shape): boolean {
  let parts = 0;
  const fits = (part: Shape): boolean => {
    if (++parts > MOST_PARTS) return false;
    if (part.kind === 'nullable' || part.kind === 'list') return fits(part.of);
    if (part.kind !== 'fields') {
      parts += part.meets === undefined ? 0 : unmet(part.meets, 'x').length / PART_CHARACTERS;
      return true;
    }
    const { fields } = part;
    return (
      fields.length > 0 &&
      fields.length <= MOST_FIELDS &&
      fields.every(({ name, shape }) => isName(name) && fits(shape))
    );
  };
  return (shape.kind === 'fields' || shape.kind === 'list') && fits(shape);
}

function isName(name: string): boolean {
  if (name in Object.prototype || /^\d/.test(name)) return false;
  return name.isWellFormed() && Buffer.byteLength(name) <= MOST_NAME_BYTES;
}
