/** What all clients of a server together may take. */
export interface ServerLimits {
  /** Clients that are connected at once. Further ones are turned away with UNAVAILABLE. Default 1,024. */
  readonly connections: number;
  /** Calls that are open at once. Further ones fail with RESOURCE_EXHAUSTED before they run. Default 16,384. */
  readonly calls: number;
  /**
   * Bytes of answers that are encoded and wait for clients to read them. An answer beyond that fails with
   * RESOURCE_EXHAUSTED, as does one beyond 128 MiB for its client alone. One answer may be longer; answers that are one
   * `Uint8Array` are not counted, because they are not copied. Default 256 MiB.
   */
  readonly queued: number;
}

const DEFAULT_SERVER_LIMITS: ServerLimits = { connections: 1024, calls: 16_384, queued: 256 * 1024 * 1024 };

/**
 * The defaults with the given ones in their place.
 *
 * @throws RangeError for a limit that is no whole number above 0, or that does not exist.
 */
export function serverLimits(given: Partial<ServerLimits> = {}): ServerLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_SERVER_LIMITS, name)) {
      const known = Object.keys(DEFAULT_SERVER_LIMITS).join(', ');
      throw new RangeError(`A server has no limit named "${name}". Its limits are: ${known}.`);
    }
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`The server's limit "${name}" is ${value}; it must be a whole number above 0.`);
    }
  }
  return { ...DEFAULT_SERVER_LIMITS, ...given };
}
