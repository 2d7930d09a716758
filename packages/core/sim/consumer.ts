import { isDeepStrictEqual } from 'node:util';
import type { Side } from './agenda.ts';
import type { Stage } from './stage.ts';
import type { Track } from './track.ts';

/** When something was asked for. */
export interface Asked {
  readonly at: number;
  readonly step: number;
}

/** What a consumer depends on besides its plan. */
export interface ConsumerNeeds {
  /** It is about to ask for its first item. */
  readonly opens: () => void;
  /** It has got what it asked for: an item, the end, or an error. */
  readonly told: (asked: Asked) => void;
  /** Whether the end may come before all items. */
  readonly short: () => boolean;
  /** It is about to leave. */
  readonly leaves: () => void;
  /** Tells it when it need not stay any more, where there is somebody who knows. */
  readonly signal: (() => AbortSignal) | undefined;
}

/** How a consumer ended. */
export type Parting = { readonly how: 'done' | 'left' } | { readonly how: 'failed'; readonly error: unknown };

type Step = IteratorResult<unknown, unknown>;

/** Reads one stream, in one of the ways in which users may do that. */
export class Consumer {
  readonly #stage: Stage;
  readonly #side: Side;
  readonly #track: Track;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #needs: ConsumerNeeds;
  #asked = 0;
  /** Settles when what was asked for last has been told. */
  #told: Promise<void> = Promise.resolve();
  /** It has been told of the end, or of a failure. */
  #over = false;

  constructor(stage: Stage, side: Side, track: Track, items: AsyncIterable<unknown>, needs: ConsumerNeeds) {
    this.#stage = stage;
    this.#side = side;
    this.#track = track;
    this.#iterator = items[Symbol.asyncIterator]();
    this.#needs = needs;
  }

  /** Reads as its plan says. Never rejects. */
  async run(): Promise<Parting> {
    const track = this.#track;
    const { waits, ahead, after, habit } = track.plan.consumer;
    let stays = habit === 'stalls';
    try {
      for (let turn = 0; ; turn++) {
        if (stays && track.read >= after) {
          stays = false;
          await this.#stay();
        }
        const wait = waits[turn % waits.length];
        if (wait !== undefined) await this.#stage.sleep(this.#side, wait);
        if (habit === 'leaves' && track.read >= after) return await this.#part(ahead > 1);
        // Not more than it wants: what it had asked for besides would be lost to it.
        const most = habit === 'ends' ? ahead : Math.max(1, Math.min(ahead, after - track.read));
        const steps = await Promise.all(Array.from({ length: most }, () => this.ask()));
        if (steps.some(({ done }) => done === true)) {
          await this.#askPastTheEnd();
          return { how: 'done' };
        }
      }
    } catch (error) {
      await this.#askPastTheEnd();
      return { how: 'failed', error };
    }
  }

  /** Asks for one item. */
  async ask(): Promise<Step> {
    const track = this.#track;
    const { agenda } = this.#stage;
    if (this.#asked === 0) this.#needs.opens();
    const place = this.#asked++;
    const asked = { at: agenda.now, step: agenda.steps };
    const late = track.left;
    track.readerAsks++;
    const before = this.#told;
    let told = nothing;
    this.#told = new Promise((resolve) => {
      told = resolve;
    });
    try {
      // A failure takes longer to be told than the end behind it.
      const step = await this.#iterator.next().finally(() => before);
      this.#needs.told(asked);
      if (step.done === true) this.#finish();
      else if (this.#over || late) this.#broke('theEndIsTheEnd', 'gave an item after its end');
      else if (place !== track.read) this.#broke('itemsAreRight', `gave item ${track.read} to who asked for ${place}`);
      else track.got(step.value, isDeepStrictEqual);
      if (this.#over) track.over = true;
      return step;
    } catch (error) {
      this.#needs.told(asked);
      if (this.#over || late) this.#broke('failsOnce', `failed after its end: ${error}`);
      this.#over = true;
      track.over = true;
      throw error;
    } finally {
      track.readerAsks--;
      told();
    }
  }

  /** Wants no more. */
  async leave(): Promise<void> {
    const track = this.#track;
    const { agenda } = this.#stage;
    if (!track.over) this.#needs.leaves();
    track.left = true;
    const before = agenda.steps;
    const step = await this.#iterator.return?.();
    if (step?.done !== true || before !== agenda.steps) this.#broke('leavingIsQuick', 'was left, and went on');
  }

  /** Leaves, maybe with an item on order. */
  async #part(asking: boolean): Promise<Parting> {
    const asked = asking ? this.ask() : undefined;
    const leaving = this.leave();
    await asked;
    await leaving;
    await this.#askPastTheEnd();
    return { how: 'left' };
  }

  /** Whatever is asked for after the end is the end. */
  async #askPastTheEnd(): Promise<void> {
    if (this.#track.plan.token % 2 === 0) return;
    const { agenda } = this.#stage;
    const before = agenda.steps;
    const step = await this.#iterator.next();
    if (step.done !== true || before !== agenda.steps) this.#broke('theEndIsTheEnd', 'went on after its end');
  }

  async #stay(): Promise<void> {
    const track = this.#track;
    track.readerParked = true;
    this.#stage.note(() => `nobody reads the ${track.label} any more`);
    await this.#stage.park((wake) => {
      const signal = this.#needs.signal?.();
      if (signal?.aborted === true) wake();
      else signal?.addEventListener('abort', wake, { once: true });
    });
    track.readerParked = false;
  }

  /** The end has come; well, if it is the first that came. */
  #finish(): void {
    const { left, read, made, ended } = this.#track;
    const well = !this.#over && !left;
    this.#over = true;
    if (!well || (ended === 'done' && read === made) || this.#needs.short()) return;
    this.#broke('nothingIsLost', `ended after ${read} items, of ${made} that were made (${ended ?? 'not ended'})`);
  }

  #broke(name: string, what: string): void {
    this.#stage.broke(`${name}: the ${this.#track.label} ${what}`);
  }
}

function nothing(): void {}
