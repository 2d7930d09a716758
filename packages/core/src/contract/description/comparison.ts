import { type Alternatives, alternativesOf, type Composite, isOmittable, present, type Work } from './alternatives.ts';
import type { Differences, Side } from './differences.ts';
import { couldTake, split } from './discriminate.ts';
import type { ArrayShape, Field, ObjectShape, Shape } from './shape.ts';
import { brief, fieldOf, lengthOf, oneOf, wordOf, wordsOf, wordsOfComposite } from './words.ts';

/** So deep is compared. */
const MOST_LEVELS = 400;

/**
 * Whether every value that one end may send is taken by the other. What cannot be told passes: each message is checked
 * by its schema anyway, and this is to say early, and in words, what would fail otherwise.
 */
export class Comparison {
  readonly #differences: Differences;
  readonly #work: Work;
  readonly #senderIsHere: boolean;
  /** Whether a sender may leave out what has a default: it may in an input, where the reader fills it in. */
  readonly #leavesOut: boolean;
  /** What is being compared, or was and fits: recursive schemas come back to it. */
  readonly #assumed = new Map<Composite, Set<Composite>>();
  readonly #trail: [Composite, Composite][] = [];
  readonly #sent = new Map<Shape, Alternatives>();
  readonly #read = new Map<Shape, Alternatives>();
  #silent = 0;
  #levels = 0;

  constructor(differences: Differences, work: Work, sender: 'here' | 'there', part: 'input' | 'output') {
    this.#work = work;
    this.#differences = differences;
    this.#senderIsHere = sender === 'here';
    this.#leavesOut = part === 'input';
  }

  /** Tells of each difference, by the path where it is. */
  fits(sent: Shape, read: Shape, path: string): boolean {
    if (!this.#work.spend(1) || this.#levels === MOST_LEVELS || this.#differences.enough) return true;
    const reads = this.#alternatives(read, true);
    if (reads.anything || reads.custom) return true;
    const sends = this.#alternatives(sent, false);
    if (sends.anything)
      return this.#tell(path, () => [
        ['is', 'anything'],
        ['is', this.#words(reads)],
      ]);
    const missed: string[] = [];
    for (const type of sends.types) if (!reads.types.has(type)) missed.push(wordOf(type));
    for (const [key, { type, text }] of sends.constants) {
      if (!reads.constants.has(key) && !reads.types.has(type) && !sends.types.has(type)) missed.push(brief(text));
    }
    this.#levels++;
    let fits = true;
    for (const composite of sends.composites) fits = this.#place(composite, reads, path, missed) && fits;
    this.#levels--;
    if (missed.length === 0) return fits;
    return this.#tell(path, () => {
      const [all, taken, other] = [this.#words(sends), this.#words(reads), oneOf(missed)];
      const sender: Side = other === all ? ['is', all] : ['may be', other];
      return [all === taken ? ['is', 'something that does not fit it'] : sender, ['is', taken]];
    });
  }

  /** Whether one of what is read takes this one. Where none can be meant by it, its words go to `missed`. */
  #place(sent: Composite, reads: Alternatives, path: string, missed: string[]): boolean {
    const readers = reads.composites.filter(({ kind }) => kind === sent.kind);
    const [first, second] = readers;
    if (first === undefined) {
      missed.push(wordsOfComposite(sent, this.#look));
      return true;
    }
    if (second === undefined) return this.#composite(sent, first, path);
    if (!this.#work.spend(readers.length * (sent.kind === 'object' ? 1 + sent.fields.size : 1))) return true;
    if (readers.some((reader) => this.#silently(() => this.#composite(sent, reader, path)))) return true;
    if (sent.kind === 'object') {
      const parts = split(sent, readers as ObjectShape[], this.#look);
      if (parts !== undefined) {
        let fits = true;
        for (const part of parts) fits = this.#place(part, reads, path, missed) && fits;
        return fits;
      }
      const meant = (readers as ObjectShape[]).filter((reader) => couldTake(reader, sent, this.#look));
      if (meant.length === 1) return this.#composite(sent, meant[0] as ObjectShape, path);
    }
    missed.push(wordsOfComposite(sent, this.#look));
    return true;
  }

  #composite(sent: Composite, read: Composite, path: string): boolean {
    const assumed = this.#assumed.get(sent) ?? new Set();
    if (assumed.has(read)) return true;
    this.#assumed.set(sent, assumed.add(read));
    const mark = this.#trail.push([sent, read]) - 1;
    const fits = this.#inside(sent, read, path);
    // What rested on the assumption that these fit is to be looked at anew.
    if (!fits) for (const [one, other] of this.#trail.splice(mark)) this.#assumed.get(one)?.delete(other);
    return fits;
  }

  #inside(sent: Composite, read: Composite, path: string): boolean {
    if (sent.kind === 'object') return this.#object(sent, read as ObjectShape, path);
    if (sent.kind === 'array') return this.#array(sent, read as ArrayShape, path);
    if (sent.kind === 'set') return this.fits(sent.items, (read as typeof sent).items, `${path}[]`);
    const { keys, values } = read as typeof sent;
    const fits = this.fits(sent.keys, keys, `${path}[key]`);
    return this.fits(sent.values, values, `${path}[value]`) && fits;
  }

  #object(sent: ObjectShape, read: ObjectShape, path: string): boolean {
    if (!this.#work.spend(read.fields.size + sent.fields.size)) return true;
    let fits = true;
    for (const [name, field] of read.fields) {
      const own = sent.fields.get(name);
      const at = fieldOf(path, name);
      const fit = own === undefined ? this.#absent(sent, field, at) : this.#field(own, field, at);
      fits = fit && fits;
    }
    for (const [name, field] of sent.fields) {
      if (read.fields.has(name) || read.rest === undefined) continue;
      const at = fieldOf(path, name);
      const fit =
        read.rest === 'refused'
          ? this.#tell(at, () => [field.required ? ['is', 'sent'] : ['may be', 'sent'], ['is', 'refused']])
          : this.fits(field.shape, read.rest, at);
      fits = fit && fits;
    }
    if (typeof sent.rest !== 'object' || read.rest === undefined) return fits;
    if (read.rest !== 'refused') return this.fits(sent.rest, read.rest, `${path}.*`) && fits;
    return this.#tell(`${path}.*`, () => [
      ['may be', 'sent'],
      ['is', 'refused'],
    ]);
  }

  /** A field that the sender does not name. */
  #absent({ rest }: ObjectShape, field: Field, path: string): boolean {
    const others = typeof rest === 'object' ? rest : undefined;
    if (isOmittable(field, true)) {
      // Whoever lets any field pass may mean none of this name.
      return others === undefined || others.kind === 'anything' || this.fits(others, field.shape, path);
    }
    const sender: Side = others === undefined ? ['is', 'unknown'] : ['may be', 'left out'];
    return this.#tell(path, () => [sender, ['is', 'required']]);
  }

  #field(own: Field, field: Field, path: string): boolean {
    if (isOmittable(field, true) || !isOmittable(own, this.#leavesOut)) return this.fits(own.shape, field.shape, path);
    this.#tell(path, () => [
      ['may be', 'left out'],
      ['is', 'required'],
    ]);
    this.fits(present(own.shape), field.shape, path);
    return false;
  }

  #array(sent: ArrayShape, read: ArrayShape, path: string): boolean {
    const tooFew = leastOf(sent, this.#leavesOut) < leastOf(read, true);
    const tooMany = read.rest === undefined && (sent.rest !== undefined || sent.first.length > read.first.length);
    if (tooFew || tooMany)
      return this.#tell(path, () => [
        ['holds', lengthOf(sent)],
        ['holds', lengthOf(read)],
      ]);
    let fits = true;
    for (let i = 0; i < Math.max(sent.first.length, read.first.length); i++) {
      const own = sent.first[i] ?? sent.rest;
      const item = read.first[i] ?? read.rest;
      if (own !== undefined && item !== undefined) fits = this.fits(own, item, `${path}[${i}]`) && fits;
    }
    if (sent.rest === undefined || read.rest === undefined) return fits;
    return this.fits(sent.rest, read.rest, `${path}[]`) && fits;
  }

  readonly #look = (shape: Shape): Alternatives => this.#alternatives(shape, true);

  #alternatives(shape: Shape, isRead: boolean): Alternatives {
    const known = isRead ? this.#read : this.#sent;
    let found = known.get(shape);
    if (found === undefined) {
      found = alternativesOf(shape, isRead || this.#leavesOut, this.#work);
      known.set(shape, found);
    }
    return found;
  }

  #silently(look: () => boolean): boolean {
    this.#silent++;
    try {
      return look();
    } finally {
      this.#silent--;
    }
  }

  #words(alternatives: Alternatives): string {
    return wordsOf(alternatives, this.#look);
  }

  /** What is said is made up only where it is told: not for each option that is tried. */
  #tell(path: string, say: () => readonly [sender: Side, reader: Side]): false {
    if (this.#silent > 0) return false;
    const [sender, reader] = say();
    const [here, there] = this.#senderIsHere ? [sender, reader] : [reader, sender];
    this.#differences.add(path, here, there);
    return false;
  }
}

/** How few items there may be: those at the end that have a default may be missing. */
function leastOf({ first, least }: ArrayShape, leavesOut: boolean): number {
  let fewest = least;
  while (leavesOut && fewest > 0 && first[fewest - 1]?.kind === 'default') fewest--;
  return fewest;
}
