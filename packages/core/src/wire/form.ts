/**
 * The form that all messages of a method have, one way: they are read and checked, or checked and written, in one pass
 * by functions that are made for them. What these do not know goes the common way, and is as it would be without them.
 * A call with an object of 70 values both ways takes 21 µs of CPU over both ends, where it took 37.
 */
import type { Limits } from './limits.ts';
import { NOT_PLAIN } from './plain-reader.ts';
import { depthOf, isCompilable, type Shape } from './shape.ts';
import { compileItemsReader, type ReadItems } from './shaped-items.ts';
import { compileReader, type ReadShaped } from './shaped-reader.ts';
import { compileWriter, type WriteShaped } from './shaped-writer.ts';

type Within = Pick<Limits, 'message' | 'depth' | 'values'>;

/** So many messages go the common way first: to make a function takes as long as a hundred of them do. */
const FIRST = 200;

/** So many items that go together are worth it at once: the stream has more of them. */
const MANY = 16;

/** After one that had another form, twice as many as after the one before go the common way, up to so many. */
const MOST_PASSED = 1000;

/** A function that is made when it is worth it, and used as long as it is of use. */
class Made<F> {
  readonly #make: () => F;
  #made: F | undefined = undefined;
  #passes = FIRST;
  #missed = 0;

  constructor(make: () => F) {
    this.#make = make;
  }

  /** `many`: so many messages are at stake at once that it is worth it for them alone. */
  get(many = false): F | undefined {
    if (this.#passes > 0 && (!many || this.#missed > 0)) {
      this.#passes--;
      return undefined;
    }
    return this.#made ?? this.#makeNow();
  }

  #makeNow(): F | undefined {
    try {
      this.#made = this.#make();
      this.#passes = 0;
    } catch (error) {
      // Node was told `--disallow-code-generation-from-strings`.
      if (!(error instanceof EvalError)) throw error;
      this.#passes = this.#missed = Number.POSITIVE_INFINITY;
    }
    return this.#made;
  }

  /** Whether it was of use. */
  used(well: boolean): void {
    if (well) this.#missed = 0;
    else this.#passes = this.#missed = Math.min(2 * this.#missed + 1, MOST_PASSED);
  }
}

/** How the messages of one form are read and written. */
export class Form {
  readonly #depth: number;
  readonly #reader: Made<ReadShaped>;
  readonly #itemsReader: Made<ReadItems>;
  readonly #exactWriter: Made<WriteShaped>;
  readonly #checkingWriter: Made<WriteShaped>;

  constructor(shape: Shape) {
    this.#depth = depthOf(shape);
    this.#reader = new Made(() => compileReader(shape));
    this.#itemsReader = new Made(() => compileItemsReader(shape));
    this.#exactWriter = new Made(() => compileWriter(shape, true));
    this.#checkingWriter = new Made(() => compileWriter(shape, false));
  }

  /** The checked value of the body in `[start, end)`, or NOT_PLAIN. It shares no memory with the bytes. */
  read(bytes: Buffer, start: number, end: number, within: Within): unknown {
    const read = this.#reader.get();
    // No value takes less than a byte.
    if (read === undefined || end - start > Math.min(within.message, within.values) || this.#depth > within.depth) {
      return NOT_PLAIN;
    }
    const value = read(bytes, start, end);
    this.#reader.used(value !== NOT_PLAIN);
    return value;
  }

  /** The checked items of the array that fills `[start, end)`, or NOT_PLAIN. They share no memory with the bytes. */
  readItems(bytes: Buffer, start: number, end: number, within: Within): unknown[] | typeof NOT_PLAIN {
    if (end - start < 4) return NOT_PLAIN;
    const token = bytes[start] as number;
    const long = token === 0xdc;
    const count = long ? bytes.readUInt16BE(start + 1) : (token & 0xf0) === 0x90 ? token & 0x0f : 0;
    const read = count > 0 ? this.#itemsReader.get(count >= MANY) : undefined;
    if (read === undefined || this.#depth > within.depth) return NOT_PLAIN;
    // No value takes less than a byte.
    const items = read(bytes, start + (long ? 3 : 1), end, count, Math.min(within.message, within.values));
    this.#itemsReader.used(items !== NOT_PLAIN);
    return items;
  }

  /**
   * What the next items are written by, where that is worth it after so many that went together before: one of two fields
   * takes 50 ns, where zod's check and `plain-writer.ts` take 155. `checking`: what the form does not have is left out, as
   * its schema would; else nothing may be.
   */
  itemWriter(checking: boolean, before: number, within: Within): WriteShaped | undefined {
    const write = (checking ? this.#checkingWriter : this.#exactWriter).get(before >= MANY);
    // What the program has added to all objects is no field of an item's.
    for (const _ in Object.prototype) return undefined;
    return this.#depth > within.depth ? undefined : write;
  }

  /**
   * Writes a value into `[at, end)`. Returns the position behind it, or -1 where that cannot be done; then anything may
   * stand there. `checking`: what the form does not have is left out, as its schema would; else nothing may be.
   */
  write(into: Buffer, view: DataView, end: number, value: unknown, checking: boolean, within: Within): number {
    const writer = checking ? this.#checkingWriter : this.#exactWriter;
    const write = writer.get();
    // What the program has added to all objects is no field of the value's.
    for (const _ in Object.prototype) return -1;
    if (write === undefined || this.#depth > within.depth) return -1;
    const behind = write(into, view, 0, Math.min(end, within.message, within.values), value);
    writer.used(behind >= 0);
    return behind;
  }
}

/** What the messages of a method are made of; undefined where its schemas say more than a shape does. */
export interface Shapes {
  input(): Shape | undefined;
  output(): Shape | undefined;
}

/** A method whose messages may have forms. It is given these when one end first names it to the other. */
export interface Formed {
  readonly shapes?: Shapes | undefined;
  forms?: Forms | undefined;
}

/** The forms of a method's messages, both ways, where they have some. */
export interface Forms {
  readonly input: Form | undefined;
  readonly output: Form | undefined;
}

const NO_FORMS: Forms = { input: undefined, output: undefined };

/** Once a method: what is read of it with each message is to be there already. */
export function giveForms(method: Formed): void {
  if (method.forms !== undefined || method.shapes === undefined) return;
  const input = formOf(method.shapes.input());
  const output = formOf(method.shapes.output());
  method.forms = input === undefined && output === undefined ? NO_FORMS : { input, output };
}

function formOf(shape: Shape | undefined): Form | undefined {
  return shape === undefined || !isCompilable(shape) ? undefined : new Form(shape);
}
