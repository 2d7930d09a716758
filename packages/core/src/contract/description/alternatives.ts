import type { ArrayShape, Field, ObjectShape, Shape } from './shape.ts';

export type Constant = Extract<Shape, { kind: 'constant' }>;

/** A shape that holds others. */
export type Composite = ObjectShape | ArrayShape | Extract<Shape, { kind: 'map' | 'set' }>;

/** The values that a shape takes, as one flat choice. */
export interface Alternatives {
  anything: boolean;
  custom: boolean;
  readonly types: Set<string>;
  /** By their types and texts. */
  readonly constants: Map<string, Constant>;
  readonly composites: Composite[];
}

/** So deep is looked: names that stand for names are bounded by nothing else, and the stack is. */
const MOST_LEVELS = 256;

/** How many objects an intersection of unions may come to. */
const MOST_PRODUCTS = 64;

/** The steps that one comparison may take. What is not found within them is left to validation. */
export class Work {
  #left = 100_000;

  /** Returns whether so many steps were left. */
  spend(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }

  get done(): boolean {
    return this.#left < 0;
  }
}

/** `fills`: whether what has a default may be undefined, as it may but where an output is sent. */
export function alternativesOf(shape: Shape, fills: boolean, work: Work): Alternatives {
  const found = none();
  new Collector(fills, work).collect(shape, found, new Set());
  if (BOOLEANS.every((key) => found.constants.has(key))) found.types.add('boolean');
  return found;
}

const BOOLEANS = ['boolean true', 'boolean false'] as const;

function none(): Alternatives {
  return { anything: false, custom: false, types: new Set(), constants: new Map(), composites: [] };
}

class Collector {
  readonly #fills: boolean;
  readonly #work: Work;
  #levels = 0;

  constructor(fills: boolean, work: Work) {
    this.#fills = fills;
    this.#work = work;
  }

  collect(shape: Shape, found: Alternatives, seen: Set<Shape>): void {
    if (!this.#work.spend(1) || this.#levels === MOST_LEVELS) {
      found.custom = true;
      return;
    }
    this.#levels++;
    this.#collect(shape, found, seen);
    this.#levels--;
  }

  #collect(shape: Shape, found: Alternatives, seen: Set<Shape>): void {
    switch (shape.kind) {
      case 'anything':
        found.anything = true;
        return;
      case 'custom':
        found.custom = true;
        return;
      case 'type':
        found.types.add(shape.type);
        return;
      case 'constant':
        found.constants.set(`${shape.type} ${shape.text}`, shape);
        return;
      case 'default':
        if (this.#fills) found.types.add('undefined');
        return this.collect(shape.inner, found, seen);
      case 'union':
      case 'reference':
      case 'all':
        // A name that stands for itself, at once or through others, says nothing.
        if (seen.has(shape)) return;
        seen.add(shape);
        if (shape.kind === 'reference') return this.collect(shape.to, found, seen);
        if (shape.kind === 'all') return this.#intersect(shape.members, found, seen);
        for (const option of shape.options) this.collect(option, found, seen);
        return;
      default:
        found.composites.push(shape);
    }
  }

  /** What all members take, where that can be told: objects with the fields of all, or values of the same types. */
  #intersect(members: readonly Shape[], found: Alternatives, seen: Set<Shape>): void {
    const all = members.map((member) => {
      const own = none();
      this.#work.spend(seen.size);
      this.collect(member, own, new Set(seen));
      return own;
    });
    const telling = all.filter(({ anything }) => !anything);
    const [first, ...others] = telling;
    if (first === undefined) {
      found.anything = true;
      return;
    }
    const products = telling.reduce((count, { composites }) => count * Math.max(1, composites.length), 1);
    const unclear = telling.some(
      ({ custom, composites }) => custom || composites.some(({ kind }) => kind !== 'object'),
    );
    if (unclear || products > MOST_PRODUCTS) {
      found.custom = true;
      return;
    }
    let objects = first.composites as ObjectShape[];
    for (const { composites } of others) {
      objects = objects.flatMap((one) => (composites as ObjectShape[]).map((other) => this.#merge(one, other)));
    }
    found.composites.push(...objects);
    for (const type of first.types) if (others.every(({ types }) => types.has(type))) found.types.add(type);
    for (const { constants } of telling) {
      for (const [key, constant] of constants) {
        if (telling.every((own) => own.constants.has(key) || own.types.has(constant.type))) {
          found.constants.set(key, constant);
        }
      }
    }
  }

  /** What is an object of both. A field that one of them refuses may be the other's. */
  #merge(one: ObjectShape, other: ObjectShape): ObjectShape {
    this.#work.spend(one.fields.size + other.fields.size);
    const fields = new Map<string, Field>();
    for (const name of new Set([...one.fields.keys(), ...other.fields.keys()])) {
      const own = [one.fields.get(name), other.fields.get(name)];
      const shapes = [one, other].map(({ rest }, i) => own[i]?.shape ?? (typeof rest === 'object' ? rest : undefined));
      const [left, right] = shapes.filter((shape) => shape !== undefined);
      if (left === undefined) continue;
      fields.set(name, {
        shape: right === undefined ? left : { kind: 'all', members: [left, right] },
        required: own.some((field) => field?.required === true),
      });
    }
    const { rest } = one;
    if (rest === undefined || other.rest === undefined) {
      // Whoever drops what it does not know leaves it to the other.
      return {
        kind: 'object',
        fields,
        rest: rest === 'refused' || other.rest === 'refused' ? undefined : (rest ?? other.rest),
      };
    }
    if (rest === 'refused') return { kind: 'object', fields, rest: other.rest };
    if (other.rest === 'refused') return { kind: 'object', fields, rest };
    return { kind: 'object', fields, rest: { kind: 'all', members: [rest, other.rest] } };
  }
}

/** Whether a reader may find nothing in its place. */
export function isOmittable({ shape, required }: Field, fills: boolean): boolean {
  return !required || (fills && shape.kind === 'default');
}

/** The field less `undefined`, which is not meant where it says only that the field may be left out. */
export function present(shape: Shape): Shape {
  if (shape.kind === 'default') return shape.inner;
  if (shape.kind !== 'union') return shape;
  const options = shape.options.filter((option) => option.kind !== 'type' || option.type !== 'undefined');
  return { kind: 'union', options };
}
