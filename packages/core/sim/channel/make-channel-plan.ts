import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import type { Random } from '../random.ts';
import type { ChannelPlan, Happening, Mood, WorkPlan } from './channel-plan.ts';
import type { WorkName } from './contract.ts';

const KIB = 1024;

const METHODS: readonly (readonly [number, WorkName])[] = [
  [5, 'ask'],
  [6, 'askAgain'],
  [2, 'list'],
  [2, 'listAgain'],
  [2, 'count'],
  [1, 'countAgain'],
  [1, 'chat'],
  [3, 'tell'],
];

/** What befalls a server that ends nothing which has begun. */
const GENTLE = ['drained', 'drained', 'up', 'up', 'up', 'busy', 'refusing'] as const;
const ROUGH = ['killed', 'killed', 'killed', 'hanging', 'down', ...GENTLE] as const;

/** Decides all about a run of one client that can be decided beforehand. */
export function makeChannelPlan(random: Random): ChannelPlan {
  const horizon = random.pick([0, 50, 400, 3000]);
  const gentle = random.chance(0.25);
  const servers = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => planMood(random));
  return {
    strict: random.chance(0.6),
    link: {
      latency: random.pick([0, 0.25, 1, 10]),
      stalls: random.pick([0, 0, 0.05]),
      stallTime: random.pick([20, 200]),
      cuts: random.pick(['none', 'some', 'tiny'] as const),
      capacity: random.pick([0, 256, 4 * KIB, 200 * KIB]),
      weight: random.pick([1, 64]),
      reuses: random.chance(0.5),
    },
    clock: {
      late: random.pick([0, 0, 1, 5]),
      early: random.pick([0, 0, 0.75]),
      start: random.pick([0, 0.25, 12_345.5]),
    },
    limits: {
      ...DEFAULT_LIMITS,
      chunk: random.pick([KIB, 4 * KIB, 64 * KIB]),
      window: random.pick([KIB, 4 * KIB, 256 * KIB]),
      events: random.pick([KIB, 4 * KIB, 256 * KIB]),
      calls: random.pick([1, 2, 8, 1024]),
    },
    handshake: random.pick([10_000, 10_000, 500, 100]),
    waitForReady: random.chance(0.5),
    first: random.pick([1, 10, 100]),
    initial: random.pick([10, 100, 1000]),
    servers,
    gentle,
    calls: Array.from({ length: random.between(3, 15) }, (_, i) => planWork(random, i + 1, horizon)).sort(
      (a, b) => a.at - b.at || a.token - b.token,
    ),
    happenings: Array.from({ length: random.between(0, random.pick([2, 5, 10])) }, () =>
      planHappening(random, servers.length, horizon, gentle),
    ),
    horizon: horizon + 100,
    closesAt: random.chance(0.25) ? random.time(horizon + 200) : undefined,
    grace: random.pick([0, random.time(100), 10_000]),
  };
}

function planMood(random: Random): Mood {
  return random.chance(0.7) ? 'up' : random.pick(['down', 'down', 'busy', 'refusing', 'hanging'] as const);
}

function planHappening(random: Random, servers: number, horizon: number, gentle: boolean): Happening {
  return {
    at: random.time(horizon + 50),
    server: random.below(servers),
    what: random.pick(gentle ? GENTLE : ROUGH),
    grace: gentle ? Number.POSITIVE_INFINITY : random.pick([0, random.time(50), 10_000]),
  };
}

function planWork(random: Random, token: number, horizon: number): WorkPlan {
  const items = random.pick([0, 1, 3, 10]);
  return {
    token,
    // Calls come in bursts of one moment.
    at: random.chance(0.4) ? random.pick([0, 1, 2, 3]) * Math.floor(horizon / 4) : random.time(horizon),
    method: random.weighted(METHODS),
    size: random.weighted<() => number>([
      [6, () => random.below(40)],
      [2, () => random.below(6000)],
    ])(),
    items,
    reads: random.chance(0.7) ? Number.POSITIVE_INFINITY : random.between(0, items) + 1,
    takes: random.pick([0, 0, random.time(20), random.time(300)]),
    fails: random.chance(0.1),
    waits: random.pick([undefined, true, true, false]),
    deadline: random.pick([undefined, undefined, Number.POSITIVE_INFINITY, random.time(100), random.time(2000)]),
    abort: random.chance(0.15) ? random.time(200) : undefined,
  };
}
