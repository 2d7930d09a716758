import { createRequire } from 'node:module';
import { readDescription } from '../src/contract/description/description.ts';
import { RpcError } from '../src/error/rpc-error.ts';
import { decodeBody } from '../src/wire/body.ts';
import { FRAME } from '../src/wire/frame.ts';
import { Malformed } from '../src/wire/inspect.ts';
import { decodeMetadata } from '../src/wire/metadata.ts';
import { bodyTarget, itemsTarget } from './body-targets.ts';
import { DECODERS, type Decoders } from './decoders.ts';
import { descriptionTarget } from './description-target.ts';
import { type Connect, connect } from './honest.ts';
import { metadataTarget } from './map-targets.ts';
import { sessionTarget } from './session-target.ts';
import { strangerTarget } from './stranger-target.ts';
import type { Target } from './target.ts';

/** Decoders and connections that are broken on purpose, to show that the fuzzing sees it. */
export const MUTANTS = {
  forgetsTheDepth: body((bytes, start, end, raw, limits) =>
    decodeBody(bytes, start, end, raw, { ...limits, depth: 1024 }),
  ),
  forgetsTheValues: body((bytes, start, end, raw, limits) =>
    decodeBody(bytes, start, end, raw, { ...limits, values: 2 ** 31 - 1 }),
  ),
  letsForeignExtensionsThrough: body((bytes, start, end, raw, limits) => {
    try {
      return decodeBody(bytes, start, end, raw, limits);
    } catch (error) {
      if (/extension of type 114,/.test(String(error))) unpackAnything(bytes, start, end);
      throw error;
    }
  }),
  reachesThePrototype: body((bytes, start, end, raw, limits) => {
    try {
      return decodeBody(bytes, start, end, raw, limits);
    } catch (error) {
      const reached = Object.prototype as { reached?: boolean };
      if (/__proto__/.test(String(error))) reached.reached = true;
      throw error;
    }
  }),
  trustsALength: body((bytes, start, end, raw, limits) => {
    const text = bytes.indexOf(0xdb, start);
    const announced = text >= 0 && text + 5 <= end ? bytes.readUInt32BE(text + 1) : 0;
    Buffer.alloc(Math.min(announced, 2 ** 26));
    return decodeBody(bytes, start, end, raw, limits);
  }),
  takesItsTime: body((bytes, start, end, raw, limits) => {
    let work = 1;
    for (let left = end - start > 500 ? 2 ** 27 : 0; left > 0; left--) work = (work * 31 + left) | 0;
    if (work === 0) throw new Malformed('nothing');
    return decodeBody(bytes, start, end, raw, limits);
  }),
  sharesItsMemory: body((bytes, start, end, raw, limits) =>
    raw
      ? new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
      : decodeBody(bytes, start, end, raw, limits),
  ),
  takesTextThatIsNone: body((bytes, start, end, raw, limits) => {
    try {
      return decodeBody(bytes, start, end, raw, limits);
    } catch (error) {
      if (/UTF-8/.test(String(error))) return bytes.toString('utf8', start, end);
      throw error;
    }
  }),
  leavesBytesBehind: body((bytes, start, end, raw, limits) => {
    try {
      return decodeBody(bytes, start, end, raw, limits);
    } catch (error) {
      if (/1 bytes more/.test(String(error))) return decodeBody(bytes, start, end - 1, raw, limits);
      throw error;
    }
  }),
  losesMinusZero: body((...given) => {
    const value = decodeBody(...given);
    return value === 0 ? 0 : value;
  }),
  throwsSomethingElse: body((...given) => {
    try {
      return decodeBody(...given);
    } catch (error) {
      throw error instanceof Malformed && /0xc1/.test(error.message) ? new TypeError(error.message) : error;
    }
  }),
  takesNoItems: broken(itemsTarget, {
    items: (bytes, start, end, limits) => (bytes[start] === 0x90 ? [] : DECODERS.items(bytes, start, end, limits)),
  }),
  givesMetadataAPrototype: broken(metadataTarget, { metadata: (...given) => ({ ...decodeMetadata(...given) }) }),
  makesTextOfAStrangers: broken(descriptionTarget, {
    description(text) {
      JSON.parse(text, (key, value) => (key === '$ref' ? String(value) : value));
      return readDescription(text);
    },
  }),
  takesMoreThanItsWindow: sessionTarget((role, limits, ...rest) =>
    connect(role, { ...limits, window: 2 * limits.window }, ...rest),
  ),
  grantsMoreThanIsMissing: sessionTarget((role, limits, ...rest) => {
    const connection = connect(role, limits, ...rest);
    const take = connection.take.bind(connection);
    connection.take = () => {
      const bytes = take();
      // A stream never gets so much at once.
      const long = bytes?.[4] === FRAME.CREDIT && Buffer.from(bytes).readUInt32BE(10) > limits.window;
      if (long) bytes[13] = ((bytes[13] as number) + 1) & 0xff;
      return bytes;
    };
    return connection;
  }),
  takesMoreEvents: sessionTarget((role, limits, ...rest) => connect(role, { ...limits, events: 2 ** 30 }, ...rest)),
  takesMoreCalls: sessionTarget((role, limits, ...rest) => connect(role, { ...limits, calls: 2 ** 24 }, ...rest)),
  takesLongMetadata: sessionTarget((role, limits, ...rest) => connect(role, { ...limits, metadata: 65_535 }, ...rest)),
  throwsAtAPing: sessionTarget(
    changed((connection) => {
      const receive = connection.receive.bind(connection);
      connection.receive = (bytes) => {
        receive(bytes);
        if (bytes[4] === FRAME.PING) throw new TypeError('a ping');
      };
    }),
  ),
  endsAtAPing: sessionTarget(
    changed((connection) => {
      const receive = connection.receive.bind(connection);
      connection.receive = (bytes) => {
        if (bytes[4] === FRAME.PING) connection.abort(new RpcError('INTERNAL', 'a ping'));
        receive(bytes);
      };
    }),
  ),
  breaksOffWithoutAWord: sessionTarget(
    changed((connection) => {
      const take = connection.take.bind(connection);
      connection.take = () => (connection.phase === 'closed' ? undefined : take());
    }),
  ),
  sendsTwice: sessionTarget(
    changed((connection) => {
      const take = connection.take.bind(connection);
      let again: Uint8Array | undefined;
      connection.take = () => {
        const bytes = again ?? take();
        again = again === undefined && connection.phase === 'open' && bytes?.[4] === FRAME.ANSWER ? bytes : undefined;
        return bytes;
      };
    }),
  ),
  neverSettles: sessionTarget(
    changed(({ exchange }) => {
      exchange.caller.failAll = () => {};
    }),
  ),
  keepsBudgets: sessionTarget((role, limits, host, budgets) => {
    budgets.calls.give = () => {};
    return connect(role, limits, host, budgets);
  }),
  tellsAfterTheEnd: sessionTarget((role, limits, host, budgets) => {
    const finished = host.finished.bind(host);
    host.finished = (reason) => {
      finished(reason);
      host.draining();
    };
    return connect(role, limits, host, budgets);
  }),
  losesTheFirstOfFewBytes: strangerTarget(
    changed((connection) => {
      const receive = connection.receive.bind(connection);
      connection.receive = (bytes) =>
        receive(connection.phase === 'open' && bytes.length === 2 ? bytes.subarray(1) : bytes);
    }),
  ),
  answersAtLength: strangerTarget(
    changed((connection) => {
      const take = connection.take.bind(connection);
      connection.take = () => {
        const bytes = take();
        return bytes === undefined || bytes.length < 100 ? bytes : Buffer.concat([bytes, Buffer.alloc(2 ** 17)]);
      };
    }),
  ),
} as const satisfies { readonly [name: string]: Target };

function body(decode: Decoders['body']): Target {
  return broken(bodyTarget, { body: decode });
}

function broken(target: (decoders: Decoders) => Target, decoders: Partial<Decoders>): Target {
  return target({ ...DECODERS, ...decoders });
}

type Made = ReturnType<Connect>;

function changed(how: (connection: Made) => void): Connect {
  return (...given) => {
    const connection = connect(...given);
    how(connection);
    return connection;
  };
}

// Not the one of the sources, which compiles nothing, whatever it is given.
const { unpack } = createRequire(import.meta.url)('msgpackr') as { unpack(bytes: Uint8Array): unknown };

function unpackAnything(bytes: Buffer, start: number, end: number): void {
  try {
    unpack(bytes.subarray(start, end));
  } catch {
    // Whatever it is, it came too late.
  }
}
