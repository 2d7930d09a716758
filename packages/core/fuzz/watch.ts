import { Broken } from './target.ts';

const PROTOTYPES = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Map,
  Set,
  Date,
  Error,
  RegExp,
  Promise,
];
const OBJECTS: readonly object[] = [
  ...PROTOTYPES.flatMap((of) => [of, of.prototype]),
  Uint8Array.prototype,
  Buffer.prototype,
  JSON,
  Math,
  Reflect,
];

/** Watches what no peer's bytes may touch: the prototypes of the language, and its compiler. */
export class Watch {
  readonly #before = OBJECTS.map((object) => describe(object));
  readonly #Function = globalThis.Function;
  #compiled = 0;

  constructor() {
    const compiled = (): void => void this.#compiled++;
    globalThis.Function = new Proxy(this.#Function, {
      construct(target, given) {
        compiled();
        return Reflect.construct(target, given);
      },
      apply(target, self, given) {
        compiled();
        return Reflect.apply(target, self, given);
      },
    });
  }

  /** @throws Broken where something was touched since it was looked at last. */
  look(): void {
    const { length } = Object.keys(Object.prototype);
    if (length > 0) throw new Broken('leavesPrototypesAlone: Object.prototype has a new key');
    if (this.#compiled === 0) return;
    this.#compiled = 0;
    throw new Broken('compilesNothing: a function was compiled');
  }

  /** The same, of all that is watched, which takes longer. */
  lookClosely(): void {
    this.look();
    OBJECTS.forEach((object, i) => {
      if (describe(object) !== this.#before[i])
        throw new Broken('leavesPrototypesAlone: a built-in object has changed');
    });
  }

  stop(): void {
    globalThis.Function = this.#Function;
  }
}

function describe(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  return `${OBJECTS.indexOf(prototype as object)} ${Reflect.ownKeys(object).map(String).join()}`;
}
