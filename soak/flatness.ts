/** One measured thing of one process, over the run. */
export interface Series {
  /** Of what, for people. */
  readonly name: string;
  readonly values: readonly number[];
}

/** By how much a thing may be more in the end than it was before. */
export interface Margin {
  /** So many of its unit. */
  readonly most: number;
  /** Or this part of what there was, where that is more. */
  readonly part: number;
}

/** What became of a series. */
export interface Flatness {
  readonly name: string;
  readonly early: number;
  readonly late: number;
  readonly margin: number;
  readonly flat: boolean;
}

/**
 * Compares the last quarter of a series with the second: what is made once and kept is there after the first. The lower
 * quartile of each, because what is under way just then only adds, and what leaks is in every sample.
 *
 * @throws RangeError for fewer than 8 values: two a quarter are the least.
 */
export function flatness({ name, values }: Series, { most, part }: Margin): Flatness {
  if (values.length < 8) throw new RangeError(`${name} has ${values.length} samples; 8 are the least.`);
  const quarter = values.length / 4;
  const early = low(values.slice(Math.ceil(quarter), Math.ceil(2 * quarter)));
  const late = low(values.slice(Math.floor(3 * quarter)));
  const margin = Math.max(most, early * part);
  return { name, early, late, margin, flat: late - early <= margin };
}

/** The lower quartile of each of so many parts of a series, to see whether it still grows in the end. */
export function course(values: readonly number[], parts: number): number[] {
  const length = values.length / parts;
  return Array.from({ length: parts }, (_, i) => values.slice(Math.floor(i * length), Math.ceil((i + 1) * length))).map(
    low,
  );
}

/** The lower quartile. */
function low(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 4)] as number;
}
