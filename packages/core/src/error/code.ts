/**
 * The status codes of an {@link RpcError}: gRPC's names with gRPC's numbers. The set is closed; the numbers are what
 * crosses the wire.
 */
export const CODES = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** The name of a status code, such as `'NOT_FOUND'`. */
export type Code = keyof typeof CODES;

/** Whether a text is the name of a status code. */
export function isCode(name: string): name is Code {
  return Object.hasOwn(CODES, name);
}

const NAMES = new Map<number, Code>(Object.entries(CODES).map(([name, number]) => [number, name as Code]));

/** The name of a code's number. A number that nobody has defined reads as `UNKNOWN`, as gRPC has it. */
export function codeFromNumber(number: unknown): Code {
  return (typeof number === 'number' ? NAMES.get(number) : undefined) ?? 'UNKNOWN';
}
