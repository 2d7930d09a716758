/** What an option is checked for: `time` is more than 0 milliseconds, and `any` is checked where it is used. */
export type OptionKind = 'time' | 'flag' | 'function' | 'object' | 'any';

/** What each option is checked for. All are named, so that none is forgotten. */
export type OptionKinds<O> = { readonly [K in keyof O]-?: OptionKind };

interface Check {
  is(value: unknown): boolean;
  readonly must: string;
}

const CHECKS: { readonly [K in OptionKind]: Check } = {
  time: { is: (value) => typeof value === 'number', must: 'a number of milliseconds' },
  flag: { is: (value) => typeof value === 'boolean', must: 'true or false' },
  function: { is: (value) => typeof value === 'function', must: 'a function' },
  object: { is: isObject, must: 'an object' },
  any: { is: () => true, must: 'anything' },
};

/**
 * Sees to it that options are what they can be: what is wrong would show much later, or never. `of`: the function that
 * they are given to. Undefined stands for the default.
 *
 * @throws TypeError for an option of the wrong kind, or one that does not exist.
 * @throws RangeError for a time that is not more than 0.
 */
export function checkOptions<O extends object>(of: string, options: O, kinds: OptionKinds<O>): void {
  if (!isObject(options)) throw new TypeError(`The options of ${of} are ${shown(options)}; they must be an object.`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) {
      const known = Object.keys(kinds).join(', ');
      throw new TypeError(`There is no option "${name}" of ${of}. Its options are: ${known}.`);
    }
    if (value === undefined) continue;
    const kind: OptionKind = kinds[name as keyof O];
    const { is, must } = CHECKS[kind];
    if (!is(value)) throw new TypeError(`The option "${name}" of ${of} is ${shown(value)}; it must be ${must}.`);
    if (kind === 'time' && !((value as number) > 0)) {
      throw new RangeError(`The option "${name}" of ${of} is ${shown(value)}; it must be more than 0 milliseconds.`);
    }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
