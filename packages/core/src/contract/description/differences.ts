import { escaped } from './words.ts';

/** One thing that is so at one end, and otherwise at the other: a verb and what follows it. */
export type Side = readonly [verb: 'is' | 'may be' | 'holds' | 'are', what: string];

/** So many differences are told in words. */
const MOST = 8;

/** The ways in which two contracts differ that keep calls from working, in words. */
export class Differences {
  readonly #told: string[] = [];
  #more = 0;

  /** Whether nothing was found. */
  get none(): boolean {
    return this.#told.length === 0;
  }

  /** Whether it is of no use to look for more. */
  get enough(): boolean {
    return this.#more > 0;
  }

  /** `path` is in one way at the end that compares, and in another at the other end. */
  add(path: string, here: Side, there: Side): void {
    if (this.#told.length === MOST) {
      this.#more++;
      return;
    }
    const verb = here[0] === there[0] ? '' : `${there[0]} `;
    this.#told.push(`${path} ${here[0]} ${here[1]} here and ${verb}${there[1]} there`);
  }

  /** All of them, as a sentence about a method; undefined where there are none. */
  sentence(method: string): string | undefined {
    if (this.none) return undefined;
    return escaped(`${method}: ${this.#told.join('; ')}${this.#more > 0 ? '; and there is more' : ''}.`);
  }
}
