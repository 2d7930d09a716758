/** Descriptions in words, for people who read how two contracts differ. */
import type { Alternatives, Composite } from './alternatives.ts';
import type { Look } from './discriminate.ts';
import type { ArrayShape } from './shape.ts';

const TYPES: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
  undefined: 'undefined',
  bigint: 'a BigInt',
  nan: 'NaN',
  date: 'a Date',
  bytes: 'bytes',
};

/** So many choices are named; the reader knows the contract, and needs the difference. */
const MOST_CHOICES = 6;
/** So much of a name or a text is shown: it may be a stranger's. */
const MOST_TEXT = 64;

export function wordOf(type: string): string {
  return TYPES[type] ?? 'something else';
}

export function wordsOf({ anything, types, constants, composites }: Alternatives, look: Look): string {
  if (anything) return 'anything';
  const words = [...types].map(wordOf);
  for (const { type, text } of constants.values()) if (!types.has(type)) words.push(brief(text));
  for (const one of composites) words.push(wordsOfComposite(one, look));
  return oneOf(words);
}

/** One of these, in words: `"a", "b" or "c"`. */
export function oneOf(words: readonly string[]): string {
  const named = [...new Set(words)];
  if (named.length === 0) return 'nothing';
  if (named.length > MOST_CHOICES)
    named.splice(MOST_CHOICES - 1, named.length, `${named.length - MOST_CHOICES + 1} others`);
  const last = named.pop();
  return named.length === 0 ? (last as string) : `${named.join(', ')} or ${last}`;
}

export function wordsOfComposite(shape: Composite, look: Look): string {
  switch (shape.kind) {
    case 'map':
      return 'a Map';
    case 'set':
      return 'a Set';
    case 'array':
      return shape.first.length > 0 || shape.rest === undefined ? `an array of ${lengthOf(shape)}` : 'an array';
    default:
      for (const [name, field] of shape.fields) {
        const { types, constants, composites, anything, custom } = look(field.shape);
        const [tag] = constants.values();
        if (tag === undefined || constants.size > 1 || types.size + composites.length > 0 || anything || custom)
          continue;
        return `an object whose ${brief(name)} is ${brief(tag.text)}`;
      }
      return 'an object';
  }
}

/** How many items an array holds, in words. */
export function lengthOf({ first, least, rest }: ArrayShape): string {
  if (rest !== undefined) return least === 0 ? 'any number of items' : `${count(least)} or more`;
  if (least < first.length) return `${least} to ${first.length} items`;
  return count(first.length);
}

function count(items: number): string {
  return items === 1 ? '1 item' : `${items} items`;
}

/** The place of a field within its object's. */
export function fieldOf(path: string, name: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)
    ? `${path}.${brief(name)}`
    : `${path}[${brief(JSON.stringify(name))}]`;
}

/** A text, or its beginning. */
export function brief(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}...` : text;
}

/** Text that holds the other end's as people may read it: that may hold what moves a terminal's cursor, or feigns a line. */
export function escaped(text: string): string {
  return text.replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
