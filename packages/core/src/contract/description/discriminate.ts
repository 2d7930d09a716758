/** Objects that are told apart by the constants in them, as the options of a discriminated union are. */
import type { Alternatives } from './alternatives.ts';
import type { ObjectShape, Shape } from './shape.ts';

/** Into so many an object is split. */
const MOST_PARTS = 64;

/** What a shape takes. */
export type Look = (shape: Shape) => Alternatives;

/** Whether the constants that the reader asks for are among those that are sent. */
export function couldTake(read: ObjectShape, sent: ObjectShape, look: Look): boolean {
  for (const [name, field] of read.fields) {
    const asked = look(field.shape);
    const own = sent.fields.get(name);
    if (own === undefined || !tells(asked)) continue;
    const given = look(own.shape);
    if (tells(given) && ![...given.constants.keys()].some((key) => asked.constants.has(key))) return false;
  }
  return true;
}

/**
 * The same objects as several shapes, by a field that has one choice of several in each: where its readers tell
 * themselves apart by that field, none takes all of them, and yet each may be taken.
 */
export function split(sent: ObjectShape, readers: readonly ObjectShape[], look: Look): ObjectShape[] | undefined {
  for (const [name, field] of sent.fields) {
    if (!readers.some((reader) => isConstant(reader.fields.get(name)?.shape, look))) continue;
    const choices = choicesOf(look(field.shape));
    if (choices === undefined) continue;
    return choices.map((shape) => ({ ...sent, fields: new Map(sent.fields).set(name, { ...field, shape }) }));
  }
  return undefined;
}

function choicesOf({ anything, custom, types, constants, composites }: Alternatives): Shape[] | undefined {
  if (anything || custom) return undefined;
  const choices: Shape[] = [...composites, ...constants.values()];
  for (const type of types) {
    if (type !== 'boolean') choices.push({ kind: 'type', type });
    else if (constants.size === 0) {
      for (const text of ['true', 'false']) choices.push({ kind: 'constant', type, text });
    }
  }
  return choices.length > 1 && choices.length <= MOST_PARTS ? choices : undefined;
}

function isConstant(shape: Shape | undefined, look: Look): boolean {
  return shape !== undefined && tells(look(shape));
}

/** Whether these are constants and nothing else. */
function tells({ anything, custom, types, constants, composites }: Alternatives): boolean {
  return constants.size > 0 && types.size + composites.length === 0 && !anything && !custom;
}
