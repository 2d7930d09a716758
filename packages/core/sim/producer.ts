import type { Side } from './agenda.ts';
import type { Stage } from './stage.ts';
import type { Track } from './track.ts';

/** What a producer depends on besides its plan. */
export interface ProducerNeeds {
  /** What it throws or gives, where its plan says so. */
  readonly fault: () => { readonly thrown: unknown } | { readonly item: unknown };
  /** Tells it when nobody wants its items any more, where there is somebody who knows. */
  readonly signal: (() => AbortSignal) | undefined;
  /** Something that it needs for each item: false means that there are no more. */
  readonly each: (() => Promise<boolean>) | undefined;
  /** It has been told to stop. */
  readonly stopped: () => void;
}

type Step = IteratorResult<unknown, undefined>;
type Steps = { next(): Step | Promise<Step>; return?(value: undefined): unknown };

const DONE: Step = { done: true, value: undefined };

/** Makes the items of one stream, in one of the ways in which users may write that. */
export class Producer {
  readonly #stage: Stage;
  readonly #side: Side;
  readonly #track: Track;
  readonly #needs: ProducerNeeds;
  #turns = 0;
  #wake: (() => void) | undefined = undefined;

  constructor(stage: Stage, side: Side, track: Track, needs: ProducerNeeds) {
    this.#stage = stage;
    this.#side = side;
    this.#track = track;
    this.#needs = needs;
  }

  /** What a user would hand over. */
  items(): unknown {
    const { style, count } = this.#track.plan.producer;
    switch (style) {
      case 'array': {
        const items = Array.from({ length: count }, () => this.#track.make());
        this.#track.end('done');
        return items;
      }
      case 'sync':
        return atOnce(() => this.#watched({ next: () => this.#step(), return: () => DONE }));
      case 'sync bare':
        return atOnce(() => this.#watched({ next: () => this.#step() }));
      case 'generator':
        return atOnce(() => this.#watched(this.#generator()));
      case 'async':
        return inTime(() => this.#watched({ next: () => this.#stepLater(), return: () => this.#cleanUp() }));
      case 'async bare':
        return inTime(() => this.#watched({ next: () => this.#stepLater() }));
      case 'async generator':
        return inTime(() => this.#watched(this.#asyncGenerator()));
    }
  }

  /** The next item, or what stands in its place. */
  #step(): Step {
    const track = this.#track;
    const { count, ending } = track.plan.producer;
    if (track.made < count) return { done: false, value: track.make() };
    if (ending === 'done' || ending === 'hangs' || track.ended === 'faulty') {
      track.end('done');
      return DONE;
    }
    const fault = this.#needs.fault();
    if ('thrown' in fault) {
      track.end('threw');
      throw fault.thrown;
    }
    track.end('faulty');
    return { done: false, value: fault.item };
  }

  async #stepLater(): Promise<Step> {
    const track = this.#track;
    const { waits, count, ending } = track.plan.producer;
    const wait = waits[this.#turns++ % waits.length];
    if (wait !== undefined) await this.#stage.sleep(this.#side, wait);
    try {
      if ((await this.#needs.each?.()) === false) {
        track.end('done');
        return DONE;
      }
    } catch (error) {
      track.end('threw');
      throw error;
    }
    if (ending === 'hangs' && track.made >= count && track.returns === 0) await this.#hang();
    if (track.returns > 0) return DONE;
    return this.#step();
  }

  async #hang(): Promise<void> {
    const track = this.#track;
    track.makerParked = true;
    await this.#stage.park((wake) => {
      this.#wake = wake;
      const signal = this.#needs.signal?.();
      if (signal?.aborted === true) wake();
      else signal?.addEventListener('abort', wake, { once: true });
    });
    track.makerParked = false;
  }

  *#generator(): Generator<unknown, undefined> {
    for (;;) {
      const { done, value } = this.#step();
      if (done === true) return;
      yield value;
    }
  }

  async *#asyncGenerator(): AsyncGenerator<unknown, undefined> {
    try {
      for (;;) {
        const { done, value } = await this.#stepLater();
        if (done === true) return;
        yield value;
      }
    } finally {
      // Of its own accord it has nothing to clean up.
      if (this.#track.returns > 0) await this.#cleanUp();
    }
  }

  async #cleanUp(): Promise<Step> {
    this.#wake?.();
    const { cleanup } = this.#track.plan.producer;
    if (cleanup !== undefined) await this.#stage.sleep(this.#side, cleanup);
    return DONE;
  }

  /** The same steps, with an eye on how they are asked for. */
  #watched(steps: Steps): Steps {
    const track = this.#track;
    track.opened++;
    if (track.opened > 1) this.#stage.broke(`opensOnce: the ${track.label} was opened twice`);
    const next = () => {
      track.drawn();
      track.making = true;
      const made = () => {
        track.making = false;
      };
      try {
        const step = steps.next();
        if (step instanceof Promise) step.then(made, made);
        else made();
        return step;
      } catch (error) {
        made();
        throw error;
      }
    };
    if (steps.return === undefined) return { next };
    const cleaned = () => {
      track.cleaned = true;
    };
    return {
      next,
      return: () => {
        track.returned();
        this.#needs.stopped();
        const result = steps.return?.(undefined);
        if (result instanceof Promise) result.then(cleaned, cleaned);
        else cleaned();
        return result;
      },
    };
  }
}

function atOnce(steps: () => Steps): unknown {
  return { [Symbol.iterator]: steps };
}

function inTime(steps: () => Steps): unknown {
  return { [Symbol.asyncIterator]: steps };
}
