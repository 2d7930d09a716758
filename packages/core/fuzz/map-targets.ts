import type { Random } from '../sim/random.ts';
import { FATAL, readGoaway } from '../src/connection/control.ts';
import { readError } from '../src/connection/error-body.ts';
import { Fields } from '../src/connection/fields.ts';
import { CODES } from '../src/error/code.ts';
import type { Failure } from '../src/error/rpc-error.ts';
import { FLAG } from '../src/wire/frame.ts';
import { Malformed } from '../src/wire/inspect.ts';
import { DEFAULT_LIMITS, LIMIT_RANGES, type Limits } from '../src/wire/limits.ts';
import { ProtocolError } from '../src/wire/protocol-error.ts';
import type { Decoders } from './decoders.ts';
import { attempt, judge } from './judged.ts';
import { makeBody, place } from './make-body.ts';
import { MsgpackMaker } from './make-msgpack.ts';
import { mutate } from './mutate.ts';
import { REFUSED, referenceValue } from './reference-reader.ts';
import { promise, type Target } from './target.ts';
import { PAYLOADS } from './vectors.ts';

/** What a HELLO says. */
export function helloTarget(decoders: Decoders): Target {
  return {
    name: 'hello',
    share: 6,
    run(random, trace) {
      const bytes = makeMap(random, makeHello);
      trace(() => bytes.toString('hex'));
      const at = place(random, bytes);
      const given = attempt(ProtocolError, () => decoders.hello(at.buffer, at.start, at.end));
      judge(given, expectedHello(referenceValue(bytes, { depth: 8, values: 10_000 })), at);
      return bytes.length;
    },
  };
}

type Fields_ = Record<string, unknown>;

function makeHello(random: Random, maker: MsgpackMaker): number[] {
  const some = <T>(list: readonly T[]): T[] => list.filter(() => random.chance(0.3));
  const limits = some(Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]).map((name) => {
    const [least, most] = LIMIT_RANGES[name];
    const value = Buffer.alloc(9, 0xd3);
    value.writeBigInt64BE(BigInt(random.pick([least, most, least, most, most + 1, least - 1])), 1);
    return [name, random.chance(0.9) ? [...value] : maker.value()] as const;
  });
  const texts = () => maker.list(some(['a', 'b', 'c']).map((text) => maker.text([...Buffer.from(text)])));
  const entries: [string, number[]][] = [
    ['limits', random.chance(0.9) ? maker.map(limits) : maker.value()],
    ['services', random.chance(0.9) ? texts() : maker.value()],
    ['features', random.chance(0.9) ? texts() : maker.value()],
    ['constructor', maker.value()],
  ];
  return maker.map(some(entries));
}

function expectedHello(said: unknown): unknown {
  if (!isFields(said)) return REFUSED;
  const limits: Record<string, unknown> = { ...DEFAULT_LIMITS };
  const stated = own(said, 'limits') ?? (Object.hasOwn(said, 'limits') && said['limits'] === null ? null : {});
  if (!isFields(stated)) return REFUSED;
  for (const [name, [least, most]] of Object.entries(LIMIT_RANGES)) {
    if (!Object.hasOwn(stated, name)) continue;
    const value = typeof stated[name] === 'bigint' ? Number(stated[name]) : stated[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) return REFUSED;
    limits[name] = value;
  }
  const [services, features] = [texts(said, 'services'), texts(said, 'features')];
  return services === undefined || features === undefined ? REFUSED : { limits, services, features };
}

function texts(said: Fields_, name: string): unknown[] | undefined {
  const list = own(said, name);
  if (list === undefined) return [];
  return Array.isArray(list) && list.every((text) => typeof text === 'string') ? list : undefined;
}

function own(fields: Fields_, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function isFields(value: unknown): value is Fields_ {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** What goes along with calls. */
export function metadataTarget(decoders: Decoders): Target {
  return {
    name: 'metadata',
    share: 6,
    run(random, trace) {
      const bytes = makeMap(random, (_, maker) => {
        const keys = ['a', 'b', 'trace', 'constructor', 'toString', 'then', 'a'].filter(() => random.chance(0.4));
        const value = () => (random.chance(0.5) ? maker.text([0x61]) : maker.bytes([1, 2, 3]));
        return maker.map(keys.map((key) => [key, random.chance(0.95) ? value() : maker.value()]));
      });
      trace(() => bytes.toString('hex'));
      const at = place(random, bytes);
      const given = attempt(Malformed, () => decoders.metadata(at.buffer, at.start, at.end));
      const said = referenceValue(bytes, { depth: 1, values: 131_072 });
      const sound =
        isFields(said) &&
        Object.values(said).every((value) => typeof value === 'string' || value instanceof Uint8Array);
      if (given !== REFUSED) promise(Object.getPrototypeOf(given) === null, 'hasNoPrototype', () => 'metadata has one');
      judge(given === REFUSED ? REFUSED : { ...given }, sound ? said : REFUSED, at);
      return bytes.length;
    },
  };
}

/** What ERROR and GOAWAY say, which reads as something, whatever it is. */
export const errorTarget: Target = {
  name: 'error',
  share: 6,
  run(random, trace) {
    const bytes = makeMap(random, (_, maker) => {
      const number = () => [random.below(20)];
      const text = () => maker.text([...Buffer.from('no')]);
      const flag = () => [random.pick([0xc2, 0xc3])];
      const parts = { code: number, message: text, ran: flag, name: text, data: () => maker.value() };
      const entries = Object.entries(parts).filter(() => random.chance(0.7));
      return maker.map(entries.map(([key, make]) => [key, random.chance(0.8) ? make() : maker.value()]));
    });
    trace(() => bytes.toString('hex'));
    const { buffer, start, end } = place(random, bytes);
    const limits = { ...DEFAULT_LIMITS, depth: random.pick([1, 2, 64]), values: random.pick([16, 1000]) };
    const error = readError(new Fields().reset(buffer, start, end), undefined, limits);
    judgeFailure(error);
    const said = bytes.length === 0 ? undefined : referenceValue(bytes, limits);
    const goaway = attempt(ProtocolError, () => readGoaway(new Fields().reset(buffer, start, end), limits));
    promise((goaway === REFUSED) === (said === REFUSED), 'goawayIsRead', () => 'GOAWAY was judged otherwise');
    if (goaway !== REFUSED) judgeFailure(goaway);
    return bytes.length;
  },
};

function judgeFailure({ code, message, execution, name }: Failure): void {
  promise(Object.hasOwn(CODES, code), 'codeIsKnown', () => `the code is ${String(code)}`);
  promise(typeof message === 'string', 'messageIsText', () => `the message is a ${typeof message}`);
  const fate = execution === undefined || execution === 'rejected' || execution === 'unknown';
  promise(fate, 'executionIsSaid', () => `execution is ${String(execution)}`);
  promise(name === undefined || typeof name === 'string', 'nameIsText', () => `the name is a ${typeof name}`);
}

/** The fields of frames, one after the other, in any order. */
export const fieldsTarget: Target = {
  name: 'fields',
  share: 4,
  run(random, trace) {
    const bytes = random.chance(0.5) ? mutate(random, random.pick(PAYLOADS), PAYLOADS) : makeBody(random, PAYLOADS);
    trace(() => bytes.toString('hex'));
    const { buffer, start, end } = place(random, bytes);
    const fields = new Fields().reset(buffer, start, end);
    const flags = random.pick([0, FLAG.METADATA, FATAL]);
    const limits = { metadata: random.pick([0, 100, 65_535]) };
    const steps: (() => unknown)[] = [
      () => fields.u8(),
      () => fields.u16(),
      () => fields.u32(),
      () => fields.length(),
      () => fields.view(random.below(10)),
      () => fields.name(),
      () => fields.metadata(flags, limits),
      () => fields.header(limits),
    ];
    for (let left = 8; left > 0; left--) {
      const before = fields.left;
      const given = attempt(ProtocolError, random.pick(steps));
      promise(fields.left >= 0 && fields.left <= before, 'staysInside', () => `${fields.left} bytes are left`);
      if (given === REFUSED) break;
      if (typeof given === 'number') promise(Number.isSafeInteger(given) && given >= 0, 'isANumber', () => `${given}`);
    }
    return bytes.length;
  },
};

function makeMap(random: Random, make: (random: Random, maker: MsgpackMaker) => number[]): Buffer {
  if (random.chance(0.3)) return makeBody(random, PAYLOADS);
  const bytes = Buffer.from(make(random, new MsgpackMaker(random, random.pick([0, 0, 0.02, 0.1]), 30)));
  return random.chance(0.2) ? mutate(random, bytes, PAYLOADS) : bytes;
}
