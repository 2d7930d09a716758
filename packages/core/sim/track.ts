import type { Side } from './agenda.ts';
import { costOf, itemAt } from './item.ts';
import type { Stage } from './stage.ts';
import type { TrackPlan } from './track-plan.ts';

/** What one stream may hold: its bound depends on the end that reads it. */
export interface TrackTerms {
  /** The reader's limits. */
  readonly window: number;
  readonly chunk: number;
  /** Whether what its producer is asked for is bounded still: it is read, and nothing has befallen the connection. */
  readonly bounded: () => boolean;
}

/** What has become of one stream, at both ends. */
export class Track {
  readonly plan: TrackPlan;
  readonly #stage: Stage;
  readonly #terms: TrackTerms;
  /** How often its items were begun to be drawn. */
  opened = 0;
  /** How many items were made, and how many were read. */
  made = 0;
  read = 0;
  #unread = 0;
  #longest = 0;
  #endedStep = -1;
  /** Whether an item is being made now, and whether it will never be on its own. */
  making = false;
  makerParked = false;
  /** How the producer ended by itself, and when. */
  ended: 'done' | 'threw' | 'faulty' | undefined = undefined;
  endedAt = Number.POSITIVE_INFINITY;
  /** How often it was told that nobody wants more, and whether it has cleaned up. */
  returns = 0;
  cleaned = false;
  /** Whether its reader has stopped for good, waits for an item, has left, or knows of the end. */
  readerParked = false;
  readerAsks = 0;
  left = false;
  over = false;

  constructor(stage: Stage, plan: TrackPlan, terms: TrackTerms) {
    this.#stage = stage;
    this.plan = plan;
    this.#terms = terms;
  }

  /** Its producer is asked for an item. */
  drawn(): void {
    const { window, chunk, bounded } = this.#terms;
    if (this.returns > 0) this.#broke('nothingIsDrawnAfter', 'was asked for more after it was told to stop');
    if (this.ended !== undefined && this.ended !== 'faulty') this.#broke('nothingIsDrawnAfter', 'was asked for more');
    if (this.making) this.#broke('drawnOneByOne', 'was asked for an item before it had given the last one');
    // What does not fit gets what it lacks when its turn comes, so that it may be on its way beside a window.
    const besides = this.#longest > Math.min(window / 2, chunk) ? this.#longest : 0;
    if (this.#unread < window + besides || this.left || !bounded()) return;
    this.#broke('drawIsBounded', `was asked for more where ${this.#unread} bytes wait, and a window is ${window}`);
  }

  /** The next item. */
  make(): unknown {
    const item = itemAt(this.plan, this.made++);
    const cost = costOf(item);
    this.#unread += cost;
    this.#longest = Math.max(this.#longest, cost);
    return item;
  }

  end(how: 'done' | 'threw' | 'faulty'): void {
    this.ended = how;
    this.endedAt = this.#stage.agenda.now;
    this.#endedStep = this.#stage.agenda.steps;
    this.#stage.note(() => `the ${this.label} ends: ${how}, after ${this.made} items`);
  }

  /** Its producer is told that nobody wants more. */
  returned(): void {
    this.returns++;
    this.#stage.note(() => `the ${this.label} is told to stop, after ${this.made} items`);
    if (this.returns > 1) this.#broke('returnsOnce', 'was told twice to stop');
    if (this.ended !== 'done' && this.ended !== 'threw') return;
    // Whoever tells it may not have heard yet of an end that was promised.
    const unheard = this.plan.producer.style.startsWith('async') && this.#endedStep === this.#stage.agenda.steps;
    if (!unheard) this.#broke('returnsOnce', 'was told to stop after its end');
  }

  /** Its reader has got an item. */
  got(item: unknown, same: (a: unknown, b: unknown) => boolean): void {
    const index = this.read++;
    const expected = itemAt(this.plan, index);
    this.#unread -= costOf(expected);
    if (index < this.made && same(item, expected)) return;
    this.#broke('itemsAreRight', `was read: ${brief(item)} as item ${index}, of ${this.made} that were made`);
  }

  /** Whether its producer is at work, or would be if it were asked. */
  get producing(): boolean {
    if (this.returns > 0) return !this.cleaned;
    if (this.ended === 'done' || this.ended === 'threw' || (this.ended === 'faulty' && this.idle)) return false;
    return this.opened > 0;
  }

  /** Whether its producer should have learnt that nobody wants more, and has not. */
  get unheard(): boolean {
    const { style } = this.plan.producer;
    return this.left && this.producing && this.returns === 0 && !style.endsWith('bare') && style !== 'array';
  }

  /** Whether its producer cannot be told to stop, and is not making anything. */
  get idle(): boolean {
    return this.plan.producer.style.endsWith('bare') && !this.making;
  }

  get label(): string {
    const { way, token, producer } = this.plan;
    return `${way}stream of #${token} (${producer.style}, ${producer.ending} after ${producer.count})`;
  }

  #broke(name: string, what: string): void {
    this.#stage.broke(`${name}: the ${this.label} ${what}`);
  }
}

/** At which end a stream is made. */
export function makerSide(caller: Side, way: 'up' | 'down'): Side {
  return way === 'up' ? caller : caller === 0 ? 1 : 0;
}

function brief(item: unknown): string {
  if (item instanceof Uint8Array) return `bytes ${Buffer.from(item.subarray(0, 20)).toString('latin1')}`;
  return JSON.stringify(item)?.slice(0, 60) ?? 'undefined';
}
