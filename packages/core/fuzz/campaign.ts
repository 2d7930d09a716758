import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Random } from '../sim/random.ts';
import { Broken, type Target, type Trace } from './target.ts';
import { Watch } from './watch.ts';

/** What a case may take: so much, for the engine itself takes some MiB as it likes, and so much more for each byte. */
const MOST_MILLISECONDS = { floor: 100, each: 0.01 };
const MOST_BYTES = { floor: 16 * 1024 * 1024, each: 1024 };

/**
 * A case over its bounds is run so often again, by the time of the processor and behind a collection: a busy machine, or
 * a collector at work, is none of its fault.
 */
const AGAIN = 3;

/** After so many cases everything is looked at closely. */
const CLOSELY = 256;

export interface Find {
  readonly case: number;
  readonly what: string;
}

interface Cost {
  readonly milliseconds: number;
  readonly bytes: number;
  /** The bytes that the case fed. */
  readonly fed: number;
}

/** What one target has gone through. */
export class Campaign {
  readonly target: Target;
  readonly finds: Find[] = [];
  readonly #seed: number;
  readonly #watch = new Watch();
  cases = 0;
  /** The bytes that were fed. */
  fed = 0;
  milliseconds = 0;
  slowest = { case: 0, milliseconds: 0 };
  /** What a case has allocated at most, what its making and judging took included. */
  most = { case: 0, bytes: 0 };

  constructor(target: Target, seed: number) {
    this.target = target;
    this.#seed = seed;
  }

  /** Runs one case. Never rejects. */
  async run(number: number, trace: Trace = silent): Promise<void> {
    const began = performance.now();
    try {
      await this.#run(number, trace);
      this.#watch.look();
      if (++this.cases % CLOSELY === 0) this.#watch.lookClosely();
    } catch (error) {
      const what = error instanceof Broken ? error.message : String(error instanceof Error ? error.stack : error);
      this.finds.push({ case: number, what });
    }
    this.milliseconds += performance.now() - began;
  }

  stop(): void {
    this.#watch.stop();
  }

  async #run(number: number, trace: Trace): Promise<void> {
    let cost = await this.#measure(number, trace);
    this.fed += cost.fed;
    for (let left = AGAIN; left > 0 && isMuch(cost); left--) {
      collect();
      const before = process.cpuUsage();
      const again = await this.#measure(number, silent);
      const { user, system } = process.cpuUsage(before);
      cost = lesser(cost, { ...again, milliseconds: (user + system) / 1000 });
    }
    if (cost.milliseconds > this.slowest.milliseconds) this.slowest = { case: number, ...cost };
    if (cost.bytes > this.most.bytes) this.most = { case: number, ...cost };
    if (cost.milliseconds > most(MOST_MILLISECONDS, cost)) {
      throw new Broken(`timeIsBounded: ${cost.milliseconds.toFixed(0)} ms for ${cost.fed} bytes`);
    }
    if (cost.bytes > most(MOST_BYTES, cost)) {
      throw new Broken(`memoryIsBounded: ${cost.bytes} bytes of memory for ${cost.fed} of input`);
    }
  }

  async #measure(number: number, trace: Trace): Promise<Cost> {
    const before = held();
    const began = performance.now();
    // biome-ignore format: prime numbers, so that cases of one seed are none of another's
    const random = new Random((Math.imul(this.#seed, 0x01000193) ^ number) + Math.imul(this.target.name.length, 0x9e3779b1));
    const fed = await this.target.run(random, trace);
    return { milliseconds: performance.now() - began, bytes: held() - before, fed };
  }
}

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Frees what is garbage, buffers too: they are given back on the side, which the second collection waits for. */
function collect(): void {
  gc();
  gc();
}

const silent: Trace = () => {};

/** The bytes that are held now, garbage included: what a collection frees in between makes the difference smaller. */
function held(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

function most({ floor, each }: { readonly floor: number; readonly each: number }, { fed }: Cost): number {
  return floor + each * fed;
}

function isMuch(cost: Cost): boolean {
  return cost.milliseconds > most(MOST_MILLISECONDS, cost) || cost.bytes > most(MOST_BYTES, cost);
}

function lesser(one: Cost, other: Cost): Cost {
  const { min } = Math;
  return { ...one, milliseconds: min(one.milliseconds, other.milliseconds), bytes: min(one.bytes, other.bytes) };
}
