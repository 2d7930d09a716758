/**
 * Reads the items of a frame that have one shape, each checked in the pass that reads it: one of two fields takes 60 ns,
 * where `alike.ts` and zod's check take 140.
 */
import { NOT_PLAIN, notPlain } from './plain-reader.ts';
import type { Shape } from './shape.ts';
import { compileReadOne, place, readString, viewOf } from './shaped-reader.ts';

/** So many items that fill `[at, end)`, each of at most `most` bytes, or NOT_PLAIN. */
export type ReadItems = (
  bytes: Buffer,
  at: number,
  end: number,
  count: number,
  most: number,
) => unknown[] | typeof NOT_PLAIN;

/** A Buffer with a function that Node gives it and its types leave out: `toString` ends in it. */
interface Latin1 extends Buffer {
  latin1Slice(start: number, end: number): string;
}

/** A longer piece of a text may be no copy, and keep all of it. */
const COPIED = 12;

// Nothing that is called here can call back, so that this is never used twice at once.
/** The bytes of the frame, each as a character: to cut a short text out of them takes a third of making one. */
let characters = '';

/** @throws EvalError where code may not be made. */
export function compileItemsReader(shape: Shape): ReadItems {
  const read = compileReadOne(shape, cutString);
  return (bytes, start, end, count, most) => {
    const view = viewOf(bytes);
    const items: unknown[] = [];
    let at = start;
    characters = (bytes as Latin1).latin1Slice(0, end);
    try {
      for (let i = 0; i < count; i++) {
        items.push(read(bytes, view, at, end));
        if (place.at - at > most) return NOT_PLAIN;
        at = place.at;
      }
      return at === end ? items : NOT_PLAIN;
    } catch (thrown) {
      return notPlain(thrown);
    } finally {
      characters = '';
    }
  };
}

function cutString(bytes: Buffer, at: number, end: number): string {
  const length = (bytes[at] as number) - 0xa0;
  const start = at + 1;
  const behind = start + length;
  if (!(length > 0 && length <= COPIED) || behind > end) return readString(bytes, at, end);
  for (let i = start; i < behind; i++) if ((bytes[i] as number) >= 0x80) return readString(bytes, at, end);
  place.at = behind;
  return characters.slice(start, behind);
}
