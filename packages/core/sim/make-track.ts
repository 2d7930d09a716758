import { costOf, itemAt } from './item.ts';
import { type Bounds, size, tooMuch } from './make-input.ts';
import type { Random } from './random.ts';
import type { ConsumerPlan, Ending, Form, ProducerPlan, Style, TrackPlan } from './track-plan.ts';

const STYLES: readonly (readonly [number, Style])[] = [
  [1, 'array'],
  [2, 'sync'],
  [1, 'sync bare'],
  [2, 'generator'],
  [3, 'async'],
  [1, 'async bare'],
  [4, 'async generator'],
];

const ENDINGS: readonly (readonly [number, Ending])[] = [
  [20, 'done'],
  [2, 'plain'],
  [2, 'rpc'],
  [1, 'declared'],
  [1, 'wrong'],
  [1, 'unencodable'],
  [1, 'over'],
  [1, 'hangs'],
  [3, 'endless'],
];

/** The bytes of a whole stream that a run can afford, more or less. */
const AFFORDABLE = 24_000;
/** An endless stream fills its window, which is to take no more items than this. */
const FILLING = 24;

/** Decides all about one stream. `bounds` are those of the end that makes it. */
export function planTrack(
  random: Random,
  token: number,
  way: 'up' | 'down',
  bounds: Bounds,
  { heavy, endless }: { readonly heavy: boolean; readonly endless: boolean },
): TrackPlan {
  const style = random.weighted(STYLES);
  const excess = tooMuch(token, bounds.theirs);
  const ending = planEnding(random, style, way, { over: excess !== undefined, endless });
  const least = ending === 'endless' ? Math.floor(bounds.theirs.window / FILLING) : 0;
  const forms = Array.from({ length: random.between(1, 3) }, () => planForm(random, bounds, least, heavy));
  const wanted = random.pick([0, 1, random.between(2, 8), random.between(2, 8), random.between(5, 60)]);
  const count = ending === 'endless' ? Number.POSITIVE_INFINITY : wanted;
  const waits = style.startsWith('async') ? planWaits(random) : [undefined];
  const cleanup = random.chance(0.2) ? random.time(30) : undefined;
  const producer: ProducerPlan = { style, ending, count, forms, waits, cleanup };
  const consumer = planConsumer(random, ending === 'endless' ? random.between(1, 30) : count, ending === 'endless');
  const plan: TrackPlan = { token, way, producer, consumer, excess };
  return { ...plan, producer: { ...producer, count: affordable(plan, heavy) } };
}

function planEnding(
  random: Random,
  style: Style,
  way: 'up' | 'down',
  can: { readonly over: boolean; readonly endless: boolean },
): Ending {
  const ending = random.weighted(ENDINGS);
  if (style === 'array') return 'done';
  if (ending === 'hangs' && !style.startsWith('async')) return 'done';
  if ((ending === 'over' && !can.over) || (ending === 'endless' && !can.endless)) return 'done';
  return ending === 'declared' && way === 'up' ? 'rpc' : ending;
}

function planForm(random: Random, { theirs, cap }: Bounds, least: number, heavy: boolean): Form {
  const kind = random.weighted<Form['kind']>([
    [5, 'text'],
    [3, 'bytes'],
    [2, 'object'],
    [least > 0 ? 0 : 1, 'nothing'],
  ]);
  const limit = Math.min(cap, kind === 'bytes' ? theirs.bytes : theirs.message - 60);
  // Bytes that are worth it are not copied on their way.
  const huge = heavy && random.chance(0.3) ? random.between(16_000, 70_000) : 0;
  // Some items are longer than the window.
  const wanted =
    huge > 0
      ? huge
      : random.chance(0.1)
        ? random.between(1, 3) * theirs.window + random.between(-80, 80)
        : size(random, theirs.chunk, random.chance(0.7) ? 300 : limit);
  return { kind, size: Math.min(limit, Math.max(wanted, least)) };
}

function affordable(plan: TrackPlan, heavy: boolean): number {
  const { count } = plan.producer;
  if (count === Number.POSITIVE_INFINITY) return count;
  let cost = 0;
  for (let i = 0; i < count; i++) {
    cost += costOf(itemAt(plan, i));
    if (cost > (heavy ? 10 * AFFORDABLE : AFFORDABLE)) return i;
  }
  return count;
}

function planWaits(random: Random): (number | undefined)[] {
  return random.weighted<() => (number | undefined)[]>([
    [4, () => [undefined]],
    [1, () => [0]],
    [1, () => [random.time(5)]],
    // Bursts.
    [2, () => [random.time(60), undefined, undefined, undefined, undefined]],
    [1, () => [undefined, undefined, undefined, random.time(400)]],
  ])();
}

function planConsumer(random: Random, count: number, endless: boolean): ConsumerPlan {
  return {
    waits: planWaits(random),
    ahead: random.pick([1, 1, 1, 2, 5]),
    habit: random.weighted<ConsumerPlan['habit']>([
      [endless ? 0 : 12, 'ends'],
      [3, 'leaves'],
      [1, 'stalls'],
    ]),
    after: random.below(count + 2),
  };
}
