import { type Client, clientOf, RpcError } from '@nearcall/core';
import { type BackoffOptions, backoffOptions } from '../src/backoff.ts';
import { Channel } from '../src/channel.ts';
import type { ChannelOptions } from '../src/channel-options.ts';
import type { Target } from '../src/subchannel.ts';
import { work } from './contract.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeServer, type Mood } from './fake-server.ts';

/** A client and its servers, within one process and in a time of their own. */
export interface ClientWorld {
  readonly clock: FakeClock;
  readonly server: FakeServer;
  readonly servers: readonly FakeServer[];
  readonly channel: Channel;
  readonly client: Client<typeof work.methods>;
  /** Each state that the client has told of, without those that are as the one before. */
  readonly states: string[];
  /** What `onError` heard. */
  readonly reported: [error: unknown, where: string][];
}

export interface ClientSetting extends Partial<Omit<ChannelOptions, 'backoff'>> {
  readonly backoff?: Partial<BackoffOptions>;
  readonly reconnect?: boolean;
  /** One for each server: how the client first meets it. Default: one that is up. */
  readonly moods?: readonly Mood[];
  /** Stands for the servers. */
  readonly target?: Target;
}

export function clientWorld(setting: ClientSetting = {}): ClientWorld {
  const { backoff, reconnect = true, moods = ['up'], target, ...options } = setting;
  const clock = new FakeClock();
  const servers = moods.map((mood, i) => new FakeServer(clock, `fake:${'abc'[i]}`, mood));
  const reported: [unknown, string][] = [];
  const channel = new Channel(target === undefined ? servers : [target], {
    peer: { onError: (error, where) => void reported.push([error, where]) },
    clock,
    backoff: reconnect ? backoffOptions({ jitter: 0, ...backoff }) : undefined,
    waitForReady: false,
    deadline: undefined,
    onConnect: undefined,
    ...options,
  });
  const states: string[] = [channel.connectivity];
  channel.watch(() => {
    if (states.at(-1) !== channel.connectivity) states.push(channel.connectivity);
  });
  const client = clientOf(channel.invoker, work) as Client<typeof work.methods>;
  return { clock, server: servers[0] as FakeServer, servers, channel, client, states, reported };
}

/** What becomes of a call: its result, or its error in short. */
export interface Fate {
  /** Nothing while it is open. */
  outcome: unknown;
  error: RpcError | undefined;
}

export function fateOf(call: PromiseLike<unknown>): Fate {
  const fate: Fate = { outcome: undefined, error: undefined };
  call.then(
    (value) => {
      fate.outcome = value ?? 'done';
    },
    (error: unknown) => {
      if (!(error instanceof RpcError)) throw error;
      fate.error = error;
      fate.outcome = `${error.code} ${error.execution}`;
    },
  );
  return fate;
}
