import { decodeValue, encodeSimple } from './body.ts';
import { HELLO_BYTES } from './frame.ts';
import { Malformed } from './inspect.ts';
import { DEFAULT_LIMITS, LIMIT_RANGES, type Limits, type OwnLimits } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** What each end says of itself in its first frame. */
export interface Hello {
  /** What this end takes. The other end keeps to it. */
  readonly limits: Limits;
  /** The names of the services that this end serves, for people and tools to read. Nothing is decided by them. */
  readonly services: readonly string[];
  /** The optional parts of the protocol that this end knows. A part is used where both ends name it. */
  readonly features: readonly string[];
}

/** What this end says of itself, with the limits that it does not tell. */
export interface OwnHello extends Hello {
  readonly limits: OwnLimits;
}

const NAMES = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];

/** What was stated last. Most ends state the same: an object for each connection would hold 150 bytes. */
let recent = DEFAULT_LIMITS;

/** A hello is small and comes before any limit is agreed. */
const WITHIN = { depth: 8, values: 10_000 };

/** The payload of a HELLO frame. Limits that stand at their default are left out; so is a list too long for a frame. */
export function encodeHello(hello: Hello): Uint8Array {
  const limits: Record<string, number> = {};
  for (const name of NAMES) {
    if (hello.limits[name] !== DEFAULT_LIMITS[name]) limits[name] = hello.limits[name];
  }
  const said: Record<string, unknown> = {};
  if (Object.keys(limits).length > 0) said['limits'] = limits;
  if (hello.features.length > 0) said['features'] = hello.features;
  const brief = encodeSimple(said, WITHIN);
  if (hello.services.length === 0 || hello.services.length > WITHIN.values / 2) return brief;
  const full = encodeSimple({ ...said, services: hello.services }, WITHIN);
  return full.length > HELLO_BYTES ? brief : full;
}

/**
 * Reads the payload of a HELLO frame. What it does not know it ignores, so that hellos can grow.
 *
 * @throws ProtocolError where it is no map, or states a limit out of range.
 */
export function decodeHello(bytes: Uint8Array, start: number, end: number): Hello {
  let said: unknown;
  try {
    said = decodeValue(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), start, end, WITHIN);
  } catch (error) {
    if (error instanceof Malformed) throw new ProtocolError(`a HELLO that holds ${error.message}`);
    throw error;
  }
  if (!isRecord(said)) throw new ProtocolError('a HELLO that is not a map');
  return {
    limits: readLimits(said['limits']),
    services: strings(said['services'], 'services'),
    features: strings(said['features'], 'features'),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function readLimits(stated: unknown): Limits {
  if (stated === undefined) return DEFAULT_LIMITS;
  const limits: Record<keyof Limits, number> = { ...DEFAULT_LIMITS };
  if (!isRecord(stated)) throw new ProtocolError('a HELLO whose limits are not a map');
  for (const name of NAMES) {
    if (!Object.hasOwn(stated, name)) continue;
    // Whole numbers over 32 bits may come as int64, which read as BigInt.
    const given = typeof stated[name] === 'bigint' ? Number(stated[name]) : stated[name];
    const [least, most] = LIMIT_RANGES[name];
    if (typeof given !== 'number' || !Number.isInteger(given) || given < least || given > most) {
      throw new ProtocolError(`a HELLO whose limit "${name}" is not a whole number from ${least} to ${most}`);
    }
    limits[name] = given;
  }
  if (NAMES.some((name) => limits[name] !== recent[name])) recent = limits;
  return recent;
}

function strings(value: unknown, name: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new ProtocolError(`a HELLO whose ${name} are not a list of strings`);
  }
  return value as string[];
}
