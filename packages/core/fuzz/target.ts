import type { Random } from '../sim/random.ts';

/** Says what happens in a case, where somebody wants to read it. */
export type Trace = (what: () => string) => void;

/** Something that takes a peer's bytes. */
export interface Target {
  readonly name: string;
  /** How many cases of all are its, beside the shares of the others. */
  readonly share: number;
  /**
   * Makes one case of chance and runs it. Returns how many bytes were taken.
   *
   * @throws Broken where a promise was broken. Whatever else is thrown is a find, too.
   */
  run(random: Random, trace: Trace): number | Promise<number>;
}

/** A promise that was broken. Its message begins with the name of the promise. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Holds a promise to what was seen. */
export function promise(kept: boolean, name: string, what: () => string): void {
  if (!kept) throw new Broken(`${name}: ${what()}`);
}
