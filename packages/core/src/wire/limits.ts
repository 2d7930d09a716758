/**
 * What one end of a connection is willing to take. Each end states its own in its hello, and the other end keeps to
 * them. Sizes are in bytes.
 */
export interface Limits {
  /** A message, encoded, that is not raw bytes. Default 16 MiB. */
  readonly message: number;
  /** A message that is one `Uint8Array`. Default 1 GiB. */
  readonly bytes: number;
  /** The payload of one frame; longer messages come in several. Default 128 KiB, at least 1 KiB. */
  readonly chunk: number;
  /** Calls that the other end may have open at once. Default 1,024. */
  readonly calls: number;
  /** What may be on its way on one stream before it was read. Default 256 KiB. */
  readonly window: number;
  /** What all events of one direction may hold before their handlers have settled. Default 256 KiB. */
  readonly events: number;
  /** The metadata of one call, encoded. Default 16 KiB. */
  readonly metadata: number;
  /** In how many calls a call may be nested, across all connections. Default 64. */
  readonly nesting: number;
  /** How deep the values of a message may nest. Default 64. */
  readonly depth: number;
  /** How many values a message may hold, keys counted too. Default 1,000,000. */
  readonly values: number;
}

/** All that bounds one end of a connection: what it states, and what the other end need not know. */
export interface OwnLimits extends Limits {
  /**
   * Bytes that wait for the other end to read them. Then further calls, answers and errors wait unwritten, and keep
   * their slots; one message alone may be longer. Streams and what is left of long messages are not counted: they are
   * written as the other end reads. Default 8 MiB, at least 64 KiB.
   */
  readonly queue: number;
  /** Messages longer than a frame that may be coming in at once; further ones wait for their turn. Default 4. */
  readonly reassembly: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** What an end takes that states nothing: as the protocol has it. */
export const DEFAULT_LIMITS: Limits = {
  message: 16 * MIB,
  bytes: 1024 * MIB,
  chunk: 64 * KIB,
  calls: 1024,
  window: 256 * KIB,
  events: 256 * KIB,
  metadata: 16 * KIB,
  nesting: 64,
  depth: 64,
  values: 1_000_000,
};

/** The least and the most that a hello may state. The least keeps the frames of the protocol itself sendable. */
export const LIMIT_RANGES: { readonly [K in keyof Limits]: readonly [least: number, most: number] } = {
  message: [KIB, 2 ** 31 - 1],
  bytes: [KIB, Number.MAX_SAFE_INTEGER],
  chunk: [KIB, 16 * MIB],
  calls: [0, 2 ** 24],
  window: [KIB, 2 ** 31 - 1],
  events: [KIB, 2 ** 31 - 1],
  metadata: [0, 65_535],
  nesting: [0, 255],
  depth: [1, 1024],
  values: [16, 2 ** 31 - 1],
};

/**
 * What an end takes that nobody has set others for. With frames of 64 KiB, 100 KB there and back took 1.6 to 2 times the
 * CPU, and 2.2 times on two CPUs, because they waited for credit. With 256 KiB, 250 KB took half as much again: a socket
 * holds some 200 KB, and of what comes in parts the beginning is copied twice.
 */
export const DEFAULT_OWN_LIMITS: OwnLimits = { ...DEFAULT_LIMITS, chunk: 128 * KIB, queue: 8 * MIB, reassembly: 4 };

/** The least of a queue leaves room for what is answered at once, such as pings, beside one message. */
const OWN_RANGES: { readonly [K in keyof OwnLimits]: readonly [least: number, most: number] } = {
  ...LIMIT_RANGES,
  queue: [64 * KIB, Number.MAX_SAFE_INTEGER],
  reassembly: [1, 2 ** 24],
};

/** The method numbers of one direction of a connection. Part of the protocol, so not a setting. */
export const MAX_METHODS = 4096;

/**
 * The defaults with the given ones in their place.
 *
 * @throws RangeError for a limit that is not a whole number in its range, or that does not exist.
 */
export function limitsWith(given: Partial<OwnLimits> = DEFAULT_OWN_LIMITS): OwnLimits {
  // Those of all connections of an end are one object: a copy each would hold 150 bytes.
  if (complete.has(given)) return given as OwnLimits;
  const limits: Record<keyof OwnLimits, number> = { ...DEFAULT_OWN_LIMITS };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(OWN_RANGES, name)) {
      const known = Object.keys(OWN_RANGES).join(', ');
      throw new RangeError(`There is no limit named "${name}". The limits are: ${known}.`);
    }
    const [least, most] = OWN_RANGES[name as keyof OwnLimits];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`The limit "${name}" is ${value}; it must be a whole number from ${least} to ${most}.`);
    }
    limits[name as keyof OwnLimits] = value;
  }
  complete.add(Object.freeze(limits));
  return limits;
}

/** Those that have been checked, and cannot be changed. */
const complete = new WeakSet<object>([DEFAULT_OWN_LIMITS]);
