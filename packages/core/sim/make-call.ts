import type { Side } from './agenda.ts';
import type { MethodName } from './contract.ts';
import { type Bounds, badInput, goodInput, tooMuch } from './make-input.ts';
import type { Abort, CallPlan, Flaw, Result } from './plan.ts';
import type { Random } from './random.ts';

const FLAWS: readonly (readonly [number, Flaw])[] = [
  [86, 'none'],
  [3, 'unencodable'],
  [3, 'invalid'],
  [3, 'over'],
  [2, 'deep'],
  [2, 'missing'],
  [1, 'deadline'],
];

const METHODS: readonly (readonly [number, MethodName])[] = [
  [5, 'uppercase'],
  [4, 'echo'],
  [2, 'note'],
  [1, 'quick'],
  [2, 'grow'],
  [1, 'ping'],
];

const COMMON: readonly (readonly [number, Result])[] = [
  [20, 'right'],
  [1, 'plain'],
  [1, 'rpc'],
  [1, 'rpc-long'],
  [2, 'wait'],
];

const RESULTS: { readonly [M in MethodName]: readonly (readonly [number, Result])[] } = {
  uppercase: [...COMMON, [1, 'declared'], [0.5, 'declared-wrong'], [0.5, 'declared-big'], [1, 'wrong'], [0.5, 'over']],
  echo: [...COMMON, [1, 'unencodable'], [1, 'over']],
  note: [...COMMON, [2, 'declared'], [1, 'wrong']],
  quick: [...COMMON, [1, 'wrong']],
  grow: [...COMMON, [2, 'over']],
  ping: [[1, 'right']],
};

/** Decides all about one call. */
export function planCall(random: Random, token: number, side: Side, at: number, bounds: Bounds): CallPlan {
  const flaw = random.weighted(FLAWS);
  const sent =
    flaw === 'none'
      ? goodInput(random, token, random.weighted(METHODS), bounds)
      : badInput(random, token, flaw, bounds);
  const wanted = random.weighted(RESULTS[sent.method]);
  const excess = wanted === 'over' ? tooMuch(token, bounds) : undefined;
  const result = wanted === 'over' && excess === undefined ? 'right' : wanted;
  return {
    ...sent,
    token,
    side,
    at,
    result,
    answer: excess ?? sent.answer,
    takes: random.weighted<() => number | undefined>([
      [5, () => undefined],
      [2, () => 0],
      [3, () => random.time(6)],
      [3, () => random.time(60)],
      [0.3, () => random.time(900)],
    ])(),
    looks: random.weighted<() => number | undefined>([
      [result === 'wait' ? 0 : 4, () => undefined],
      [3, () => 0],
      [1, () => random.time(30)],
    ])(),
    deadline: sent.flaw === 'deadline' ? Number.NaN : planDeadline(random),
    abort: planAbort(random),
  };
}

function planDeadline(random: Random): number | undefined {
  return random.weighted<() => number | undefined>([
    [40, () => undefined],
    [20, () => Number.POSITIVE_INFINITY],
    [15, () => 0.25 + random.time(10)],
    [20, () => 0.25 + random.time(200)],
    [2, () => 5000],
    [2, () => -random.time(5)],
  ])();
}

function planAbort(random: Random): Abort {
  return random.weighted<() => Abort>([
    [75, () => 'never'],
    [2, () => 'before'],
    [3, () => 'at once'],
    [3, () => 'on start'],
    [10, () => random.time(20)],
    [6, () => random.time(200)],
  ])();
}
