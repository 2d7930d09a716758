import { DEFAULT_LIMITS, type Limits } from '../src/wire/limits.ts';
import type { Side } from './agenda.ts';
import type { CallPlan } from './call-plan.ts';
import type { MethodName } from './contract.ts';
import type { LinkStyle } from './link-style.ts';
import { type CallTerms, planCall } from './make-call.ts';
import type { Allowance, Disturbance, Plan } from './plan.ts';
import type { Random } from './random.ts';

const KIB = 1024;
const UNLIMITED = Number.POSITIVE_INFINITY;

const MESSAGES: readonly (readonly [number, MethodName])[] = [
  [5, 'uppercase'],
  [4, 'echo'],
  [2, 'note'],
  [1, 'quick'],
  [2, 'grow'],
  [1, 'ping'],
];
const STREAMS: readonly (readonly [number, MethodName])[] = [
  [3, 'lines'],
  [2, 'gather'],
  [2, 'chat'],
];
const EVENTS: readonly (readonly [number, MethodName])[] = [[5, 'tell']];

/** What a run is about: messages, streams, events, calls inside calls, or all of it. */
const TOPICS: readonly { readonly methods: CallTerms['methods']; readonly nests: number }[] = [
  { methods: MESSAGES, nests: 0 },
  { methods: STREAMS, nests: 0 },
  { methods: STREAMS, nests: 0 },
  { methods: [...EVENTS, [1, 'uppercase'], [1, 'lines']], nests: 0.05 },
  { methods: [...MESSAGES, ...STREAMS, ...EVENTS], nests: 0.35 },
  { methods: [...MESSAGES, ...STREAMS, ...EVENTS], nests: 0.1 },
];

/** Decides all about a run that can be decided beforehand. */
export function makePlan(random: Random): Plan {
  // A few runs carry messages so long that they can afford little else.
  const heavy = random.chance(0.04);
  const limits = [planLimits(random, heavy), planLimits(random, heavy)] as const;
  const acceptedAt = random.chance(0.8) ? 0 : random.time(60);
  // The time within which calls are made: all at once, or spread.
  const horizon = random.pick([0, 10, 100, 800]);
  const disturbances = planDisturbances(random, horizon);
  // Who has been muted cannot say that enough has come.
  const endless = !disturbances.some(({ kind }) => kind === 'mute');
  return {
    strict: random.chance(0.6),
    limits,
    allowances: [planAllowance(random), planAllowance(random)],
    serves: random.chance(0.9) ? [true, true] : random.pick([[true, false] as const, [false, true] as const]),
    handshake: [planHandshake(random), planHandshake(random)],
    link: planLink(random, heavy),
    clock: {
      late: random.pick([0, 0, 1, 5, 40]),
      early: random.pick([0, 0, 0.75]),
      start: random.pick([0, 0.25, 12_345.5, 2 ** 40]),
    },
    acceptedAt,
    calls: planCalls(random, limits, horizon, acceptedAt, { heavy, endless }),
    disturbances,
    closers: planClosers(random),
    changes: [random.chance(0.3), random.chance(0.3)],
  };
}

function planLimits(random: Random, heavy: boolean): Limits {
  return {
    ...DEFAULT_LIMITS,
    message: random.pick([KIB, 4 * KIB, 16 * KIB, DEFAULT_LIMITS.message, DEFAULT_LIMITS.message]),
    bytes: random.pick([KIB, 8 * KIB, DEFAULT_LIMITS.bytes, DEFAULT_LIMITS.bytes]),
    chunk: heavy && random.chance(0.5) ? 64 * KIB : random.pick([KIB, KIB, KIB, 1025, 1500, 4 * KIB, 64 * KIB]),
    window: random.pick([KIB, KIB, 1500, 4 * KIB, 256 * KIB]),
    calls: random.chance(0.01) ? 0 : random.pick([1, 2, 3, 8, 1024]),
    events: random.pick([KIB, KIB, 1500, 4 * KIB, 256 * KIB]),
    nesting: random.pick([0, 1, 2, 64, 64, 64]),
    depth: random.pick([8, 64]),
  };
}

function planAllowance(random: Random): Allowance {
  return {
    concurrency: random.chance(0.1) ? random.between(1, 3) : UNLIMITED,
    calls: random.chance(0.1) ? random.between(1, 4) : UNLIMITED,
    queued: random.chance(0.1) ? random.pick([KIB, 4 * KIB]) : UNLIMITED,
  };
}

function planHandshake(random: Random): number {
  return random.chance(0.9) ? 10_000 : random.pick([1, 20, 200]);
}

function planLink(random: Random, heavy: boolean): LinkStyle {
  return {
    latency: random.pick([0, 0.25, 1, 10]),
    stalls: random.pick([0, 0, 0.02, 0.1]),
    stallTime: random.pick([20, 200, 3000]),
    cuts: random.pick(heavy ? ['none', 'some'] : ['none', 'some', 'some', 'tiny']),
    capacity: random.pick([0, 256, 4 * KIB, 200 * KIB]),
    weight: random.pick([1, 64, 1024]),
    reuses: random.chance(0.5),
  };
}

function planCalls(
  random: Random,
  limits: readonly [Limits, Limits],
  horizon: number,
  from: number,
  { heavy, endless }: Pick<CallTerms, 'heavy' | 'endless'>,
): CallPlan[] {
  const cap = heavy ? 300 * KIB : 10 * KIB;
  const [near, far] = limits;
  let tokens = 0;
  const terms: CallTerms = {
    ...random.pick(TOPICS),
    bounds: [
      { mine: near, theirs: far, cap },
      { mine: far, theirs: near, cap },
    ],
    heavy,
    endless,
    token: () => ++tokens,
  };
  const count = random.between(5, heavy ? 8 : random.pick([8, 15, 30]));
  // How many of the calls the accepting end makes.
  const share = random.pick([0, 0.3, 0.5]);
  const calls: CallPlan[] = [];
  let at = 0;
  while (tokens < count) {
    // Calls come in bursts of one moment.
    if (random.chance(0.4)) at = random.time(horizon);
    const side: Side = random.chance(share) ? 1 : 0;
    calls.push(planCall(random, terms, side, side === 1 ? Math.max(at, from) : at));
  }
  return calls.sort((a, b) => a.at - b.at || a.token - b.token);
}

function planDisturbances(random: Random, horizon: number): Disturbance[] {
  const count = random.weighted([
    [55, 0],
    [37, 1],
    [8, 2],
  ]);
  return Array.from({ length: count }, () => planDisturbance(random, horizon));
}

function planDisturbance(random: Random, horizon: number): Disturbance {
  // Some come at the very beginning; most when calls are under way.
  const at = random.chance(0.15) ? random.time(3) : random.time(horizon + 60) + Math.floor(horizon / 3);
  const side: Side = random.chance(0.5) ? 1 : 0;
  switch (random.pick(['close', 'close', 'kill', 'cut', 'mute'] as const)) {
    case 'close':
      return { kind: 'close', at, side, grace: planGrace(random) };
    case 'kill':
      return { kind: 'kill', at, side };
    case 'cut':
      return { kind: 'cut', at, waits: [random.time(10), random.time(10)], error: random.chance(0.5) };
    case 'mute':
      return { kind: 'mute', at, side };
  }
}

function planGrace(random: Random): number {
  return random.pick([0, random.time(20), random.time(500), 10_000]);
}

function planClosers(random: Random): (readonly [Side, number])[] {
  const first = [random.chance(0.5) ? 1 : 0, planGrace(random)] as const;
  if (random.chance(0.6)) return [first];
  return [first, [first[0] === 0 ? 1 : 0, planGrace(random)]];
}
