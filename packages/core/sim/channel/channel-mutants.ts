import { RpcError } from '../../src/error/rpc-error.ts';
import { answering } from '../answering.ts';
import type { Invoke } from '../breakage.ts';
import type { ChannelBreakage } from './channel-breakage.ts';

/** Clients and servers that are broken on purpose, to show that the checks see it. */
export const CHANNEL_MUTANTS = {
  repeatsWhatMayHaveRun: {
    channel: (channel) => {
      channel.repeats = (call, { code }) => code === 'UNAVAILABLE' && call.repeatable;
    },
  },
  repeatsNothing: {
    channel: (channel) => {
      channel.repeats = () => false;
    },
  },
  waitsForNothing: {
    channel: (channel) => {
      const { refusal } = channel;
      channel.refusal = (call) => refusal.call(channel, Object.assign(call, { waits: false }));
    },
  },
  neverDialsAgain: { clock: (clock) => bound(clock, { timer: () => () => {} }) },
  forgetsTheTime: {
    channel: (channel) => {
      channel.invoker.late = () => {};
    },
    clock: (clock) =>
      bound(clock, { timer: (action, milliseconds) => clock.timer(action, milliseconds > 1500 ? 1e9 : milliseconds) }),
  },
  neverCloses: {
    channel: (channel) => {
      channel.emptied = () => {};
    },
  },
  saysTooEarlyThatItIsClosed: {
    channel: (channel) => {
      const { close } = channel;
      channel.close = (options) => {
        void close.call(channel, options);
        return Promise.resolve();
      };
    },
  },
  letsTheProcessGo: { clock: (clock) => bound(clock, { hold: () => () => {} }) },
  keepsTheProcess: {
    channel: (channel) => {
      channel.finished = () => {};
    },
  },
  liesAboutExecution: {
    invoke: answering((promise) =>
      promise.then(undefined, (error: RpcError) => {
        throw new RpcError(error.code, error.message, { execution: 'not-sent' });
      }),
    ),
  },
  settlesTwice: {
    invoke: answering(
      (promise) =>
        ({
          // biome-ignore lint/suspicious/noThenProperty: a thenable, which is broken on purpose
          then: (ok: (value: unknown) => unknown, failed: (error: unknown) => unknown) =>
            promise.then((value) => [ok(value), ok(value)], failed),
        }) as unknown as PromiseLike<unknown>,
    ),
  },
  neverSettles: {
    invoke: answering((promise) => promise.then((value) => (value === undefined ? new Promise(() => {}) : value))),
  },
  swapsResults: { invoke: swapping },
  ignoresAborts: {
    invoke: (invoke) => (service, method, input, options) =>
      invoke(service, method, input, { ...options, signal: undefined }),
  },
  forgetsListeners: {
    invoke: (invoke) => (service, method, input, options) => {
      options?.signal?.addEventListener('abort', () => {});
      return invoke(service, method, input, options);
    },
  },
  runsTwice: { handler: (handler) => [handler(), handler()][0] },
} as const satisfies { readonly [name: string]: ChannelBreakage };

type Clock = Parameters<NonNullable<ChannelBreakage['clock']>>[0];

/** A clock of which some things are done in another way. */
function bound(clock: Clock, other: Partial<Clock>): Clock {
  return {
    now: () => clock.now(),
    timer: (action, milliseconds) => clock.timer(action, milliseconds),
    repeat: (action, milliseconds) => clock.repeat(action, milliseconds),
    defer: (action, of) => clock.defer(action, of),
    turn: (action) => clock.turn(action),
    hold: () => clock.hold(),
    ...other,
  };
}

/** Gives each success the result of the one before. */
function swapping(invoke: Invoke): Invoke {
  let kept: unknown;
  return answering((promise) =>
    promise.then((value) => {
      const given = kept ?? value;
      kept = value;
      return given;
    }),
  )(invoke);
}
