/** How long a client waits between its attempts to connect. */
export interface BackoffOptions {
  /** Before the second attempt in a row, in milliseconds: a local server is often back at once. Default: 100. */
  readonly first: number;
  /** Before the third, in milliseconds. Default: 1,000. */
  readonly initial: number;
  /** How much longer each later wait is than the one before. Default: 1.6. */
  readonly multiplier: number;
  /** How much a wait may differ at random, as a part of it, so that clients do not come all at once. Default: 0.2. */
  readonly jitter: number;
  /** The longest wait, in milliseconds. Default: 120,000. */
  readonly max: number;
}

const DEFAULT_BACKOFF: BackoffOptions = { first: 100, initial: 1000, multiplier: 1.6, jitter: 0.2, max: 120_000 };

/** A connection that has lived so long, in milliseconds, is made again without a wait. */
const SETTLED = 1000;

/**
 * The defaults with the given ones in their place.
 *
 * @throws RangeError for a number out of its range, or an option that does not exist.
 */
export function backoffOptions(given: Partial<BackoffOptions> = {}): BackoffOptions {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_BACKOFF, name)) {
      const known = Object.keys(DEFAULT_BACKOFF).join(', ');
      throw new RangeError(`The backoff has no option "${name}". Its options are: ${known}.`);
    }
    const [least, most] = RANGES[name as keyof BackoffOptions];
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw new RangeError(`The backoff's "${name}" is ${value}; it must be a number from ${least} to ${most}.`);
    }
  }
  return { ...DEFAULT_BACKOFF, ...given };
}

/** A wait of none at all would let a client dial without a pause. */
const RANGES: { readonly [K in keyof BackoffOptions]: readonly [number, number] } = {
  first: [1, 2 ** 31],
  initial: [1, 2 ** 31],
  multiplier: [1, 100],
  jitter: [0, 1],
  max: [1, 2 ** 31],
};

/** The waits between the attempts to connect to one address, as gRPC has them, after one that is short. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;
  #busy = 0;
  /** How many connections in a row did not live long. */
  #short = 0;

  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** How many attempts in a row have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** An attempt has failed: the milliseconds until the next. */
  failed(): number {
    const { first, initial, multiplier, max } = this.#options;
    const wait = Math.min(max, this.#failures === 0 ? first : initial * multiplier ** (this.#failures - 1));
    this.#failures++;
    return this.#jittered(wait);
  }

  /** The server has more new connections than it can take at once: the milliseconds until the next attempt. */
  busy(): number {
    return this.#soon(this.#busy++);
  }

  /** A connection is over that had been made, and had lived for so long: the milliseconds until the next attempt. */
  lost(lived: number): number {
    this.#failures = 0;
    if (lived < SETTLED) return this.#soon(this.#short++);
    this.#short = 0;
    return 0;
  }

  /** The server has spoken. */
  reset(): void {
    this.#failures = 0;
    this.#busy = 0;
  }

  /** The wait after so many that were not failures: it grows, but no longer than the first that is gRPC's. */
  #soon(times: number): number {
    const { first, initial, multiplier, max } = this.#options;
    return this.#jittered(Math.min(max, initial, first * multiplier ** times));
  }

  #jittered(wait: number): number {
    return wait * (1 + this.#options.jitter * (2 * this.#random() - 1));
  }
}
