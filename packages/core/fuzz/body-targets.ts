import type { Random } from '../sim/random.ts';
import { encodeBody } from '../src/wire/body.ts';
import { inspect, Malformed } from '../src/wire/inspect.ts';
import { countItems } from '../src/wire/items.ts';
import { DEFAULT_LIMITS, type Limits } from '../src/wire/limits.ts';
import { unpack } from '../src/wire/msgpack.ts';
import { NOT_PLAIN, readPlain, readPlainItems } from '../src/wire/plain-reader.ts';
import type { Decoders } from './decoders.ts';
import { attempt, judge } from './judged.ts';
import { makeBody, type Placed, place } from './make-body.ts';
import { MsgpackMaker } from './make-msgpack.ts';
import { mutate } from './mutate.ts';
import { REFUSED, referenceItems, referenceValue } from './reference-reader.ts';
import { same } from './same.ts';
import { promise, type Target } from './target.ts';
import { BODIES } from './vectors.ts';

/** The bodies of messages, by each of their readers, held to a reader that does nothing but follow PROTOCOL.md. */
export function bodyTarget(decoders: Decoders): Target {
  return {
    name: 'body',
    share: 40,
    run(random, trace) {
      const bytes = makeBody(random);
      const limits = makeLimits(random);
      const raw = random.chance(0.02);
      trace(() => `limits ${JSON.stringify(limits)}, raw ${raw}: ${bytes.toString('hex')}`);
      const expected = expectedBody(bytes, raw, limits);
      const at = place(random, bytes);
      const { buffer, start, end } = at;
      if (!raw && bytes.length <= limits.message) judgeReaders(at, limits, expected);
      const given = attempt(Malformed, () => decoders.body(buffer, start, end, raw, limits));
      judge(given, expected, at);
      if (given !== REFUSED) judgeRoundTrip(given);
      return bytes.length;
    },
  };
}

function makeLimits(random: Random): Limits {
  return {
    ...DEFAULT_LIMITS,
    depth: random.pick([1, 2, 3, 64, 64, 1024]),
    values: random.pick([16, 17, 40, 1000, 1_000_000]),
    message: random.pick([1024, 2 ** 24]),
    bytes: random.pick([1024, 2 ** 30]),
  };
}

function expectedBody(bytes: Buffer, raw: boolean, limits: Limits): unknown {
  if (bytes.length > (raw ? limits.bytes : limits.message)) return REFUSED;
  if (raw) return Uint8Array.from(bytes);
  return bytes.length === 0 ? undefined : referenceValue(bytes, limits);
}

/** Both readers agree on what both take: the one that checks as it reads, and the inspection with msgpackr behind it. */
function judgeReaders({ buffer, start, end }: Placed, limits: Limits, expected: unknown): void {
  if (start === end) return;
  const plain = readPlain(buffer, start, end, limits);
  promise(plain === NOT_PLAIN || same(plain, expected), 'plainReaderIsRight', () => 'readPlain read another value');
  const passed = attempt(Malformed, () => inspect(buffer, start, end, limits)) !== REFUSED;
  promise(passed === (expected !== REFUSED), 'inspectionIsRight', () => `inspect ${passed ? 'took' : 'refused'} it`);
  if (!passed) return;
  const unpacked = unpack(buffer, start, end);
  promise(same(unpacked, expected), 'unpackIsRight', () => 'msgpackr read another value');
}

/** A value that was read can be sent, and is the same when it has come. */
function judgeRoundTrip(value: unknown): void {
  const raw = value instanceof Uint8Array;
  const bytes = Buffer.from(encodeBody(value, WIDE));
  const again = raw ? value : bytes.length === 0 ? undefined : referenceValue(bytes, WIDE);
  promise(same(again, value), 'sendsWhatItRead', () => `sent again it is ${bytes.toString('hex')}`);
}

const WIDE: Limits = { ...DEFAULT_LIMITS, depth: 1024, values: 2 ** 31 - 1, message: 2 ** 31 - 1 };

/** The items of a stream that share a frame. */
export function itemsTarget(decoders: Decoders): Target {
  return {
    name: 'items',
    share: 12,
    run(random, trace) {
      const bytes = makeItems(random);
      const limits = makeLimits(random);
      trace(() => `limits ${JSON.stringify(limits)}: ${bytes.toString('hex')}`);
      const expected = bytes.length === 0 ? REFUSED : referenceItems(bytes, limits, limits.message);
      const at = place(random, bytes);
      const { buffer, start, end } = at;
      const count = countItems(buffer, start, end);
      const right = expected === REFUSED || count === (expected as unknown[]).length;
      promise(right, 'countsItems', () => `it counted ${count} items`);
      if (bytes.length > 0) {
        const plain = readPlainItems(buffer, start, end, limits, limits.message);
        const agrees = plain === NOT_PLAIN || (plain as unknown[]).length === 0 || same(plain, expected);
        promise(agrees, 'plainReaderIsRight', () => 'readPlainItems read other items');
      }
      judge(
        attempt(Malformed, () => decoders.items(buffer, start, end, limits)),
        expected,
        at,
      );
      return bytes.length;
    },
  };
}

function makeItems(random: Random): Buffer {
  if (random.chance(0.2)) return makeBody(random);
  const maker = new MsgpackMaker(random, random.pick([0, 0, 0.02, 0.1]), 20);
  const length = random.pick(random.chance(0.1) ? [15, 16, 17] : [0, 1, 2, 3]);
  const items = Array.from({ length }, () => maker.value());
  const bytes = Buffer.from(maker.list(items));
  return random.chance(0.2) ? mutate(random, bytes, BODIES) : bytes;
}
