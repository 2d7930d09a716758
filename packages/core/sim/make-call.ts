import type { Side } from './agenda.ts';
import type { Abort, CallPlan, Flaw, Result } from './call-plan.ts';
import type { MethodName } from './contract.ts';
import { type Bounds, badInput, goodInput, tooMuch } from './make-input.ts';
import { planTrack } from './make-track.ts';
import type { Random } from './random.ts';
import { tokenText } from './token.ts';
import type { TrackPlan } from './track-plan.ts';

/** What the calls of a run are planned by. */
export interface CallTerms {
  /** The limits as each side sees them when it calls. */
  readonly bounds: readonly [Bounds, Bounds];
  readonly methods: readonly (readonly [number, MethodName])[];
  /** How likely a handler calls its caller back. */
  readonly nests: number;
  readonly heavy: boolean;
  /** Whether streams may have no end. */
  readonly endless: boolean;
  /** The next token. */
  readonly token: () => number;
}

const FLAWS: readonly (readonly [number, Flaw])[] = [
  [86, 'none'],
  [3, 'unencodable'],
  [3, 'invalid'],
  [3, 'over'],
  [2, 'deep'],
  [2, 'missing'],
  [2, 'breaking'],
  [1, 'deadline'],
  [0.5, 'no stream'],
];

const COMMON: readonly (readonly [number, Result])[] = [
  [20, 'right'],
  [1, 'plain'],
  [1, 'rpc'],
  [1, 'rpc-long'],
  [2, 'wait'],
];

const STREAMED: readonly (readonly [number, Result])[] = [
  [30, 'right'],
  [1, 'plain'],
  [1, 'rpc'],
  [1, 'declared'],
  [1, 'wait'],
];

const RESULTS: { readonly [M in MethodName]: readonly (readonly [number, Result])[] } = {
  uppercase: [...COMMON, [1, 'declared'], [0.5, 'declared-wrong'], [0.5, 'declared-big'], [1, 'wrong'], [0.5, 'over']],
  echo: [...COMMON, [1, 'unencodable'], [1, 'over']],
  note: [...COMMON, [2, 'declared'], [1, 'wrong']],
  quick: [...COMMON, [1, 'wrong']],
  grow: [...COMMON, [2, 'over']],
  ping: [[1, 'right']],
  lines: [...STREAMED, [1, 'wrong']],
  gather: [...STREAMED, [1, 'over']],
  chat: [...STREAMED, [1, 'wrong']],
  // Nobody tells the handler of an event to stop.
  tell: [
    [10, 'right'],
    [1, 'plain'],
    [1, 'rpc'],
  ],
};

/** Decides all about one call, and about those that its handler makes. */
export function planCall(random: Random, terms: CallTerms, side: Side, at: number, depth = 0): CallPlan {
  const token = terms.token();
  const bounds = terms.bounds[side];
  const flaw = random.weighted(FLAWS);
  const method = random.weighted(terms.methods);
  const sent = flaw === 'none' ? goodInput(random, token, method, bounds) : badInput(random, token, flaw, bounds);
  const wanted = random.weighted(RESULTS[sent.method]);
  const excess = wanted === 'over' ? tooMuch(token, bounds.mine) : undefined;
  const result = wanted === 'over' && excess === undefined ? 'right' : wanted;
  const reads = sent.method === 'gather' || sent.method === 'chat';
  const gives = sent.method === 'lines' || sent.method === 'chat';
  const back = { mine: bounds.theirs, theirs: bounds.mine, cap: bounds.cap };
  const up = reads && sent.flaw !== 'no stream' ? planTrack(random, token, 'up', bounds, terms) : undefined;
  const down = gives ? planTrack(random, token, 'down', back, terms) : undefined;
  // To fill a large window with small items takes longer than a run can afford.
  const fills = up?.producer.ending === 'endless' && bounds.mine.window > 4096;
  const canEcho = result === 'right' && down?.producer.style.startsWith('async') === true && !fills;
  const echoes = up !== undefined && down !== undefined && canEcho && random.chance(0.4);
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
      [sent.method === 'tell' ? 0 : 3, () => 0],
      [1, () => random.time(30)],
    ])(),
    deadline: sent.flaw === 'deadline' ? Number.NaN : planDeadline(random),
    abort: planAbort(random),
    // A stream of items carries no token that an onlooker could read.
    metadata: reads || random.chance(0.1) ? { token: tokenText(token) } : undefined,
    up,
    down: echoes ? echoing(up, down) : down,
    echoes,
    ...planNested(random, terms, side === 0 ? 1 : 0, depth),
  };
}

/** One that ends where what it echoes does. */
function echoing(up: TrackPlan, down: TrackPlan): TrackPlan {
  const { producer, consumer } = down;
  const leaves = up.producer.ending === 'endless' && consumer.habit === 'ends';
  return {
    ...down,
    producer: { ...producer, ending: 'done', count: Number.POSITIVE_INFINITY },
    consumer: leaves ? { ...consumer, habit: 'leaves', after: 5 } : consumer,
  };
}

function planNested(random: Random, terms: CallTerms, side: Side, depth: number): Pick<CallPlan, 'nested' | 'awaits'> {
  if (depth > 4 || !random.chance(terms.nests)) return { nested: [], awaits: false };
  const at = () => (random.chance(0.6) ? 0 : random.time(20));
  const nested = Array.from({ length: random.pick([1, 1, 2, 3]) }, () =>
    planCall(random, terms, side, at(), depth + 1),
  );
  return { nested, awaits: random.chance(0.7) };
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
