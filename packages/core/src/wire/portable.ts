/**
 * The pass over a value before it is packed: it refuses what cannot cross, with the path to it, and puts stand-ins
 * where msgpackr alone would lose a value's kind. What needs neither is returned as it is.
 */
import { RpcError } from '../error/rpc-error.ts';
import type { Limits } from './limits.ts';
import { NegativeZero, PackedMap, PackedSet } from './msgpack.ts';

const NEGATIVE_ZERO = new NegativeZero();

/** BigInts beyond this would take the receiver quadratic time to read. */
const MAX_BIGINT = 1n << 8191n;

// The walk keeps its place in these rather than in arguments: an array store a level is cheaper than a path each.
let path: (string | number)[] = [];
let inside = false;
let values = 0;
let limits: Pick<Limits, 'depth' | 'values'>;

/**
 * The value in the form that `pack` takes.
 *
 * @throws RpcError INVALID_ARGUMENT, not sent, for what cannot be encoded; RESOURCE_EXHAUSTED for one that is too deep
 * or holds too many values.
 */
export function portable(value: unknown, within: Pick<Limits, 'depth' | 'values'>): unknown {
  // A getter of the value's may encode another value in between.
  const outer = inside ? { path, values, limits } : undefined;
  if (outer !== undefined) path = [];
  values = 0;
  limits = within;
  inside = true;
  try {
    return prepare(value, 0);
  } finally {
    inside = outer !== undefined;
    if (outer !== undefined) ({ path, values, limits } = outer);
  }
}

function prepare(value: unknown, depth: number): unknown {
  if (++values > limits.values) throw tooMuch(depth, `more than ${limits.values} values`, 'values');
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) {
        throw refusal(depth, 'a string with half of a surrogate pair, which UTF-8 cannot hold');
      }
      return value;
    case 'number':
      return value === 0 && Object.is(value, -0) ? NEGATIVE_ZERO : value;
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      if (value >= MAX_BIGINT || value < -MAX_BIGINT) throw refusal(depth, 'a BigInt of more than 8,192 bits');
      return value;
    case 'object':
      return value === null ? null : prepareObject(value, depth);
    default:
      throw refusal(depth, `a ${typeof value}`);
  }
}

function prepareObject(value: object, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return prepareFields(value, depth);
  if (Array.isArray(value)) return prepareList(value, depth);
  if (value instanceof Uint8Array) return value;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refusal(depth, 'an invalid Date');
    return value;
  }
  if (value instanceof Map) return new PackedMap(prepareList([...value].flat(1), depth));
  if (value instanceof Set) return new PackedSet(prepareList([...value], depth));
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag !== 'Object') throw refusal(depth, `an instance of ${tag}`);
  // An instance of the user's own class crosses as its fields, as structuredClone has it.
  return prepareFields(value, depth);
}

function enter(depth: number): void {
  if (depth < limits.depth) return;
  throw tooMuch(depth, `nested deeper than ${limits.depth} levels, or in a circle`, 'depth');
}

function prepareFields(value: object, depth: number): object {
  enter(depth);
  const fields = value as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(fields)) {
    path[depth] = key;
    if (key === '__proto__') throw refusal(depth + 1, 'a key named "__proto__"');
    if (!key.isWellFormed()) throw refusal(depth + 1, 'a key with half of a surrogate pair');
    values++;
    const field = fields[key];
    const prepared = prepare(field, depth + 1);
    if (prepared !== field) {
      copy ??= { ...fields };
      copy[key] = prepared;
    }
  }
  return copy ?? fields;
}

function prepareList(list: readonly unknown[], depth: number): readonly unknown[] {
  enter(depth);
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    path[depth] = i;
    const item = list[i];
    const prepared = prepare(item, depth + 1);
    if (prepared !== item) {
      copy ??= list.slice();
      copy[i] = prepared;
    }
  }
  return copy ?? list;
}

/** Where the walk stands, as JavaScript would write it: `.user.tags[3]`, or nothing at the top. */
function place(depth: number): string {
  const steps = path.slice(0, depth);
  return steps.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
}

function refusal(depth: number, what: string): RpcError {
  return new RpcError('INVALID_ARGUMENT', `value${place(depth)} is ${what}; it cannot be encoded`, {
    execution: 'not-sent',
  });
}

function tooMuch(depth: number, what: string, limit: string): RpcError {
  return new RpcError('RESOURCE_EXHAUSTED', `value${place(Math.min(depth, 8))} is ${what} (limit "${limit}")`, {
    execution: 'not-sent',
  });
}
