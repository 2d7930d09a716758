import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { declared } from '../packages/core/src/connection/test-declared.ts';
import { Asked, type End, endOf } from '../packages/core/src/connection/test-ends.ts';
import { drain } from '../packages/core/src/connection/test-frames.ts';
import { event } from '../packages/core/src/contract/event.ts';
import { KIND } from '../packages/core/src/contract/kind.ts';
import { method } from '../packages/core/src/contract/method.ts';
import { namedMethod, service } from '../packages/core/src/contract/service.ts';
import { stream } from '../packages/core/src/contract/stream.ts';
import type { Failure } from '../packages/core/src/error/rpc-error.ts';
import { decodeBody, encodeBody } from '../packages/core/src/wire/body.ts';
import { FLAG, FRAME, frameName } from '../packages/core/src/wire/frame.ts';
import { FrameDecoder } from '../packages/core/src/wire/frame-decoder.ts';
import { Malformed } from '../packages/core/src/wire/inspect.ts';
import { DEFAULT_LIMITS } from '../packages/core/src/wire/limits.ts';
import { readPreface } from '../packages/core/src/wire/preface.ts';

interface Vector {
  readonly name: string;
  readonly hex: string;
}
interface FrameVector extends Vector {
  readonly type: string;
  readonly flags: readonly string[];
  readonly call: number;
  readonly fields: Readonly<Record<string, string | number>>;
}
interface Vectors {
  readonly descriptions: readonly {
    readonly name: string;
    readonly description: string;
    readonly fingerprint: string;
  }[];
  readonly prefaces: readonly (Vector & {
    readonly from: 'dialer' | 'acceptor';
    readonly result: string;
    readonly at?: number;
    readonly why?: string;
  })[];
  readonly bodies: readonly (Vector & { readonly value: unknown })[];
  readonly malformedBodies: readonly Vector[];
  readonly frames: readonly FrameVector[];
  readonly conversations: readonly {
    readonly name: string;
    readonly steps: readonly { readonly from: 'dialer' | 'acceptor'; readonly hex: string; readonly meaning: string }[];
  }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../protocol/vectors.json', import.meta.url), 'utf8'));

function fromHex(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** The value that a vector's notation stands for. */
function readValue(notation: unknown): unknown {
  if (Array.isArray(notation)) return notation.map(readValue);
  if (typeof notation !== 'object' || notation === null) return notation;
  const { $: kind, is } = notation as { $: string; is: never };
  switch (kind) {
    case 'undefined':
      return undefined;
    case 'number':
      return Number(is);
    case 'bigint':
      return BigInt(is);
    case 'bytes':
      return new Uint8Array(fromHex(is));
    case 'date':
      return new Date(is);
    case 'object':
      return Object.fromEntries((readValue(is) as [string, unknown][]).map(([key, value]) => [key, value]));
    case 'map':
      return new Map(readValue(is) as [unknown, unknown][]);
    case 'set':
      return new Set(readValue(is) as unknown[]);
    default:
      throw new Error(`The vectors know no kind ${kind}.`);
  }
}

describe('prefaces', () => {
  test.each(vectors.prefaces)('$name', ({ from, hex, result, at, why }) => {
    const read = readPreface(fromHex(hex), from, false);
    expect(read.kind).toBe(result);
    if (read.kind === 'foreign') expect(read.at).toBe(at);
    if (read.kind === 'refused') expect(read.why).toBe(why);
  });
});

describe('bodies', () => {
  test.each(vectors.bodies)('$name encodes to these bytes, and they decode to it', ({ value, hex }) => {
    const meant = readValue(value);
    expect(toHex(encodeBody(meant, DEFAULT_LIMITS))).toBe(hex);
    const bytes = fromHex(hex);
    expect(decodeBody(bytes, 0, bytes.length, false, DEFAULT_LIMITS)).toStrictEqual(meant);
  });

  test.each(vectors.malformedBodies)('$name is malformed', ({ hex }) => {
    const bytes = fromHex(hex);
    expect(() => decodeBody(bytes, 0, bytes.length, false, DEFAULT_LIMITS)).toThrow(Malformed);
  });
});

const Tree = z.object({
  name: z.string().min(1),
  size: z.int().default(0),
  get children() {
    return z.array(Tree);
  },
});

/** The methods that the vectors describe. */
const described = service('text', {
  uppercase: method({ input: z.string(), output: z.string() }),
  parse: method({
    input: z.object({ source: z.string(), strict: z.boolean().optional() }),
    output: Tree,
    errors: { syntax: z.object({ line: z.number().int() }) },
  }),
  lines: method({ input: z.strictObject({ from: z.date(), to: z.date().nullable() }), output: stream(z.string()) }),
  pack: method({
    input: z.map(z.string(), z.union([z.bigint(), z.instanceof(Uint8Array), z.set(z.literal(['a', 1, 2n]))])),
    output: z.tuple([z.string(), z.nan().optional()], z.record(z.string(), z.unknown())),
  }),
  pick: method({
    input: z.discriminatedUnion('é', [z.object({ é: z.literal('\u{1f600}') }), z.object({ é: z.literal('\uffff') })]),
    output: z.coerce.number(),
  }),
  log: event(z.object({ line: z.string() }).and(z.looseObject({ at: z.date() }))),
});

describe('descriptions', () => {
  test.each(vectors.descriptions)('$name', ({ name, description, fingerprint }) => {
    const known = namedMethod(described, name.replace('text.', ''));
    expect([known.description, toHex(known.fingerprint)]).toEqual([description, fingerprint]);
  });

  test('every method has a vector', () => {
    const names = Object.keys(described.methods).map((name) => `text.${name}`);
    expect(vectors.descriptions.map(({ name }) => name)).toEqual(names);
  });
});

/** A payload rebuilt from a vector's fields, in the order in which PROTOCOL.md lists them. */
function payloadOf({ type, flags, fields }: FrameVector): Buffer {
  const parts: Buffer[] = [];
  const number = (name: string, bytes: number): void => {
    const value = fields[name];
    if (typeof value !== 'number') return;
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(BigInt(value));
    parts.push(part.subarray(8 - bytes));
  };
  const text = (name: string): void => {
    const value = fields[name];
    if (typeof value === 'string') parts.push(Buffer.from([Buffer.byteLength(value)]), Buffer.from(value));
  };
  const bytes = (name: string): void => {
    const value = fields[name];
    if (typeof value === 'string') parts.push(fromHex(value));
  };
  number('number', 2);
  number('kind', 1);
  text('service');
  text('method');
  bytes('fingerprint');
  bytes('part');
  number('deadline', 4);
  number('nesting', 1);
  if (flags.includes('METADATA')) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(fromHex(String(fields['metadata'])).length);
    parts.push(length);
  }
  bytes('metadata');
  number('total', 8);
  number('bytes', 4);
  number('code', 1);
  bytes('carried');
  bytes('body');
  return type === '0x7e' ? Buffer.from([1, 2]) : Buffer.concat(parts);
}

const FLAGS: Readonly<Record<string, number>> = { ...FLAG, FATAL: FLAG.MORE, PART: FLAG.MORE };

describe('frames', () => {
  test.each(vectors.frames)('$name', (vector) => {
    const seen: { type: string; flags: number; call: number; payload: string }[] = [];
    const decoder = new FrameDecoder(DEFAULT_LIMITS.chunk, {
      frame: (type, flags, call, bytes, start, end) => {
        seen.push({ type: frameName(type), flags, call, payload: toHex(bytes.subarray(start, end)) });
      },
    });
    decoder.push(fromHex(vector.hex));
    const flags = vector.flags.reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
    expect(seen).toEqual([{ type: vector.type, flags, call: vector.call, payload: toHex(payloadOf(vector)) }]);
  });

  test('every frame type has a vector', () => {
    const shown = new Set(vectors.frames.map(({ type }) => type));
    expect(Object.keys(FRAME).filter((type) => !shown.has(type))).toEqual([]);
  });
});

/** One end that does its part of the uppercase conversation and no more. */
function end(role: 'dialer' | 'acceptor'): End {
  class Call extends Asked {
    override answered(): void {
      one.connection.drain();
    }
    override failed(failure: Failure): void {
      throw new Error(failure.message);
    }
  }
  const one: End = endOf(role, DEFAULT_LIMITS, {
    services: role === 'acceptor' ? ['text'] : [],
    opened() {
      const route = declared('text', 'uppercase', KIND.unary);
      if (role === 'dialer') one.connection.exchange.request(new Call(), route, 'hello world', 30_000);
    },
    request: (call) => one.answer(call, String(call.input).toUpperCase()),
  });
  return one;
}

describe('conversations', () => {
  test.each(vectors.conversations)('$name', ({ steps }) => {
    const ends = { dialer: end('dialer'), acceptor: end('acceptor') };
    for (const { from, hex, meaning } of steps) {
      expect(toHex(Buffer.concat(drain(ends[from]))), meaning).toBe(hex);
      ends[from === 'dialer' ? 'acceptor' : 'dialer'].receive(fromHex(hex));
    }
    // Whoever was told of the end ends its side, and then so does the other.
    expect([ends.dialer.connection.finished, ends.acceptor.connection.finished]).toEqual([false, true]);
    ends.dialer.connection.ended();
    expect(ends.dialer.connection.finished).toBe(true);
  });
});
