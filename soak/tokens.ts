/** How many tokens are remembered: at thousands a second, for longer than anybody takes to ask. */
const PLACES = 2 ** 18;

/** Remembers which tokens have run. It holds the same memory from the beginning to the end. */
export class Tokens {
  readonly #places = new Float64Array(PLACES);

  /** A token runs. Returns whether it has before. */
  add(token: number): boolean {
    const place = placeOf(token);
    const twice = this.#places[place] === token;
    this.#places[place] = token;
    return twice;
  }

  has(token: number): boolean {
    return this.#places[placeOf(token)] === token;
  }
}

/** Neighbouring tokens of one maker never share a place. */
function placeOf(token: number): number {
  const maker = Math.floor(token / 2 ** 32);
  return (token + Math.imul(maker, 0x9e37_79b1)) & (PLACES - 1);
}
