import { RpcError } from '../src/error/rpc-error.ts';
import type { Clock } from '../src/peer/clock.ts';
import { answering } from './answering.ts';
import type { Breakage, Invoke } from './breakage.ts';
import type { Distort } from './link-style.ts';
import type { Random } from './random.ts';

/** Worlds that are broken on purpose, to show that the checks see it. */
export const MUTANTS = {
  losesBytes: { bytes: distorting(() => []) },
  doublesBytes: { bytes: distorting((bytes) => [bytes, Buffer.from(bytes)]) },
  swapsBytes: {
    bytes: distorting((bytes) => {
      const middle = bytes.length >> 1;
      return [Buffer.from(bytes.subarray(middle)), Buffer.from(bytes.subarray(0, middle))];
    }),
  },
  changesAByte: {
    bytes: distorting((bytes, random) => {
      const place = random.below(bytes.length);
      bytes[place] = (bytes[place] as number) ^ 1;
      return [bytes];
    }),
  },
  stopsTheClock: { clock: (clock) => ({ ...bound(clock), timer: () => () => {}, repeat: () => () => {} }) },
  swapsResults: { invoke: swapping },
  settlesTwice: {
    invoke: answering((promise) => {
      const twice = {
        // biome-ignore lint/suspicious/noThenProperty: a thenable, which is broken on purpose
        then: (ok: (value: unknown) => unknown, failed: (error: unknown) => unknown) =>
          promise.then(
            (value) => [ok(value), ok(value)],
            (error: unknown) => failed(error),
          ),
      };
      return twice as unknown as PromiseLike<unknown>;
    }),
  },
  neverSettles: {
    invoke: answering((promise) => {
      const lost = new Promise<never>(() => {});
      return promise.then((value) => (value === undefined ? lost : value));
    }),
  },
  runsTwice: { handler: (handler) => [handler(), handler()][0] },
  // The handler runs in a later turn, so that others overtake it.
  runsOutOfOrder: {
    handler: alternating((handler) => Promise.resolve().then(handler)),
  },
  liesAboutExecution: {
    invoke: answering((promise) =>
      promise.then(undefined, (error: RpcError) => {
        const { code, message, name, data, method } = error;
        throw new RpcError(code, message, { name, data, method, execution: 'not-sent' });
      }),
    ),
  },
  ignoresAborts: {
    invoke:
      (invoke) =>
      (service, method, input, { signal: _, ...options } = {}) =>
        invoke(service, method, input, options),
  },
  forgetsListeners: {
    invoke: (invoke) => (service, method, input, options) => {
      options?.signal?.addEventListener('abort', () => {});
      return invoke(service, method, input, options);
    },
  },
} as const satisfies { readonly [name: string]: Breakage };

/** Does something once to the bytes of one delivery, some time after the handshake. */
function distorting(how: (bytes: Buffer, random: Random) => readonly Buffer[]): (random: Random) => Distort {
  return (random) => {
    let left = random.between(3, 12);
    return (bytes) => (--left === 0 ? how(bytes, random) : [bytes]);
  };
}

function bound(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    timer: (action, milliseconds) => clock.timer(action, milliseconds),
    repeat: (action, milliseconds) => clock.repeat(action, milliseconds),
    defer: (action, of) => clock.defer(action, of),
    turn: (action) => clock.turn(action),
    hold: () => clock.hold(),
  };
}

/** Gives each second success the result of the one before. */
function swapping(invoke: Invoke): Invoke {
  let kept: unknown;
  let full = false;
  return answering((promise) =>
    promise.then((value) => {
      const given = full ? kept : value;
      kept = value;
      full = !full;
      return given;
    }),
  )(invoke);
}

/** Treats every second handler in another way. */
function alternating(how: (handler: () => unknown) => unknown): (handler: () => unknown) => unknown {
  let odd = false;
  return (handler) => {
    odd = !odd;
    return odd ? how(handler) : handler();
  };
}
