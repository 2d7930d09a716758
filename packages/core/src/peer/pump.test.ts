import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outflow } from '../connection/outflow.ts';
import { FaultyItem, Pump, type Thrown } from './pump.ts';

/** Where a pump's items go, with as much room as it is given. */
class Sink {
  room: number;
  readonly items: unknown[] = [];
  readonly ends: (Thrown | undefined)[] = [];
  /** Set by the pump. */
  onRoom: () => void = () => {};
  quota = 1;

  constructor(room: number) {
    this.room = room;
  }

  get roomy(): boolean {
    return this.room > 0;
  }

  add(item: unknown): void {
    if (this.room <= 0) throw new Error('There was no room.');
    this.room--;
    this.items.push(item);
  }

  /** What leaves makes room. */
  makeRoom(more: number): void {
    const had = this.roomy;
    this.room += more;
    if (!had) this.onRoom();
  }
}

const owner = {
  schedule(): void {},
  now: () => 0,
  breathe: (action: () => void) => void setImmediate(action),
};

const asItIs = (value: unknown): unknown => value;

function pumpInto(sink: Sink, items: unknown, check = asItIs): Pump {
  return new Pump(items, sink as unknown as Outflow, check, owner, (thrown) => sink.ends.push(thrown));
}

/** All that can happen without anything from outside has happened. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

type Step = IteratorResult<unknown>;

interface Deferred {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: unknown) => void;
}

/** An iterator that gives what it is told to, when it is told to. */
class Puppet {
  readonly asked: Deferred[] = [];
  readonly left: Deferred[] = [];
  /** How many times it was asked while it had not answered yet. */
  impatient = 0;
  readonly next = (): Promise<Step> => {
    if (this.asked.length > 0) this.impatient++;
    return new Promise((resolve, reject) => this.asked.push({ resolve, reject }));
  };
  return: (() => Promise<Step>) | undefined;

  constructor(returns = true) {
    this.return = returns
      ? () => new Promise((resolve, reject) => this.left.push({ resolve, reject }))
      : (undefined as never);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

const DONE: Step = { done: true, value: undefined };

describe('a pump', () => {
  test('asks for no more than there is room for', async () => {
    let asked = 0;
    function* counting(): Generator<number> {
      for (;;) yield asked++;
    }
    const sink = new Sink(3);
    pumpInto(sink, counting());
    await settle();
    expect([sink.items, asked]).toEqual([[0, 1, 2], 3]);
    sink.makeRoom(2);
    await settle();
    expect([sink.items, asked]).toEqual([[0, 1, 2, 3, 4], 5]);
  });

  test('does not ask again before it has been answered', async () => {
    const puppet = new Puppet();
    const sink = new Sink(5);
    pumpInto(sink, puppet);
    await settle();
    sink.makeRoom(5);
    await settle();
    expect([puppet.asked.length, puppet.impatient]).toEqual([1, 0]);
  });

  test('is over when its producer is, once', async () => {
    const sink = new Sink(5);
    const pump = pumpInto(sink, [1, 2]);
    await settle();
    pump.stop();
    await settle();
    expect([sink.items, sink.ends]).toEqual([[1, 2], [undefined]]);
  });

  test('that is stopped waits for its producer to clean up, and drops what still comes of it', async () => {
    const puppet = new Puppet();
    const sink = new Sink(5);
    const pump = pumpInto(sink, puppet);
    await settle();
    pump.stop();
    pump.stop();
    await settle();
    expect([puppet.left.length, sink.ends]).toEqual([1, []]);
    puppet.asked[0]?.resolve({ done: false, value: 'late' });
    await settle();
    expect([puppet.asked.length, sink.items, sink.ends]).toEqual([1, [], []]);
    puppet.left[0]?.resolve(DONE);
    await settle();
    expect(sink.ends).toEqual([undefined]);
  });

  test('that is stopped waits for the item that is being made where its producer cannot be told', async () => {
    const puppet = new Puppet(false);
    const sink = new Sink(5);
    const pump = pumpInto(sink, puppet);
    await settle();
    pump.stop();
    await settle();
    expect(sink.ends).toEqual([]);
    puppet.asked[0]?.resolve({ done: false, value: 'late' });
    await settle();
    expect([sink.items, sink.ends, puppet.asked.length]).toEqual([[], [undefined], 1]);
  });

  test('that is stopped while it waits for room is over as soon as its producer is', async () => {
    let returned = 0;
    function* counting(): Generator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        returned++;
      }
    }
    const sink = new Sink(1);
    const pump = pumpInto(sink, counting());
    await settle();
    pump.stop();
    await settle();
    sink.makeRoom(5);
    await settle();
    expect([sink.items, sink.ends, returned]).toEqual([[0], [undefined], 1]);
  });

  test('that its own producer stops, while it makes an item, is over once that has cleaned up', async () => {
    let returned = 0;
    function* stopping(): Generator<number> {
      try {
        yield 1;
        pump.stop();
        yield 2;
        yield 3;
      } finally {
        returned++;
      }
    }
    const sink = new Sink(1);
    const pump = pumpInto(sink, stopping());
    await settle();
    sink.makeRoom(5);
    await settle();
    expect([sink.items, sink.ends, returned]).toEqual([[1], [undefined], 1]);
  });

  test('that is stopped does not tell what its producer throws then', async () => {
    for (const returns of [true, false]) {
      const puppet = new Puppet(returns);
      const sink = new Sink(5);
      const pump = pumpInto(sink, puppet);
      await settle();
      pump.stop();
      puppet.asked[0]?.reject(new Error('asked in vain'));
      puppet.left[0]?.reject(new Error('left in anger'));
      await settle();
      expect(sink.ends).toEqual([undefined]);
    }
  });

  test('tells what its producer throws, in whatever way', async () => {
    const error = new Error('no');
    const throwing = (): never => {
      throw error;
    };
    for (const producer of [
      { next: throwing },
      { next: () => Promise.reject(error) },
      (function* () {
        yield 1;
        throwing();
      })(),
      (async function* () {
        yield 1;
        throwing();
      })(),
    ]) {
      const sink = new Sink(5);
      pumpInto(sink, Symbol.iterator in producer || Symbol.asyncIterator in producer ? producer : iterable(producer));
      await settle();
      expect(sink.ends).toEqual([{ error }]);
    }
  });

  test('tells of an item that cannot go which one it was, once its producer has cleaned up', async () => {
    const check = (value: unknown): unknown => {
      if (value === 'bad') throw new Error('It is bad.');
      return value;
    };
    const order: string[] = [];
    async function* producing(): AsyncGenerator<string> {
      try {
        yield* ['a', 'b', 'bad', 'c'];
      } finally {
        await Promise.resolve();
        order.push('cleaned up');
      }
    }
    const sink = new Sink(5);
    sink.ends.push = (...thrown) => {
      order.push('over');
      return Array.prototype.push.apply(sink.ends, thrown);
    };
    pumpInto(sink, producing(), check);
    await settle();
    const error = sink.ends[0]?.error as FaultyItem;
    expect(error).toBeInstanceOf(FaultyItem);
    expect([error.message, sink.items, order]).toEqual(['item 2: It is bad.', ['a', 'b'], ['cleaned up', 'over']]);
  });

  test('throws for what cannot be iterated', () => {
    for (const items of [undefined, null, 5, 'text', {}, () => []]) {
      expect(() => pumpInto(new Sink(1), items)).toThrow(TypeError);
    }
  });

  test('takes an object that can be iterated in both ways in time', async () => {
    const sink = new Sink(5);
    pumpInto(sink, {
      [Symbol.iterator]: () => [1][Symbol.iterator](),
      async *[Symbol.asyncIterator]() {
        yield 2;
      },
    });
    await settle();
    expect(sink.items).toEqual([2]);
  });
});

describe('a producer', () => {
  /** Where items gather until they leave together. */
  class Frames extends Sink {
    readonly frames: unknown[][] = [];

    override get roomy(): boolean {
      return this.items.length < this.quota;
    }

    override add(item: unknown): void {
      this.items.push(item);
    }

    leave(): void {
      this.frames.push(this.items.splice(0));
      this.onRoom();
    }
  }

  /** Makes numbers, and takes so many milliseconds for each. */
  function making(took: (n: number) => number): { readonly frames: Frames; readonly turns: (() => void)[] } {
    let time = 0;
    const frames = new Frames(0);
    const turns: (() => void)[] = [];
    function* numbers(): Generator<number> {
      for (let n = 0; ; n++) {
        time += took(n);
        yield n;
      }
    }
    const slowed = { schedule(): void {}, now: () => time, breathe: (action: () => void) => void turns.push(action) };
    new Pump(numbers(), frames as unknown as Outflow, asItIs, slowed, () => {});
    return { frames, turns };
  }

  test('that is fast sends its first item at once, and then twice as many each time', async () => {
    const { frames, turns } = making(() => 0.001);
    for (let i = 0; i < 6; i++) {
      await settle();
      frames.leave();
    }
    expect(frames.frames.map(({ length }) => length)).toEqual([1, 2, 4, 8, 16, 32]);
    expect(turns).toEqual([]);
  });

  test('that is slow lets others have their turn behind each item', async () => {
    const { frames, turns } = making(() => 5);
    for (let i = 0; i < 4; i++) {
      await settle();
      frames.leave();
      await settle();
      expect([turns.length, frames.items.length]).toEqual([1, 0]);
      turns.pop()?.();
    }
    expect(frames.frames).toEqual([[0], [1], [2], [3]]);
  });

  test('that becomes slow sends less at a time, as much as it makes in a millisecond', async () => {
    const { frames, turns } = making((n) => (n < 63 ? 0 : 0.25));
    for (let i = 0; i < 10; i++) {
      await settle();
      frames.leave();
      await settle();
      turns.pop()?.();
    }
    expect(frames.frames.map(({ length }) => length)).toEqual([1, 2, 4, 8, 16, 32, 64, 4, 8, 4]);
  });

  test('that is stopped while others have their turn is asked for nothing more', async () => {
    const frames = new Frames(0);
    const turns: (() => void)[] = [];
    let time = 0;
    let made = 0;
    function* numbers(): Generator<number> {
      for (;;) {
        time += 5;
        yield made++;
      }
    }
    const slowed = { schedule(): void {}, now: () => time, breathe: (action: () => void) => void turns.push(action) };
    const pump = new Pump(numbers(), frames as unknown as Outflow, asItIs, slowed, (thrown) =>
      frames.ends.push(thrown),
    );
    await settle();
    frames.leave();
    await settle();
    pump.stop();
    turns.pop()?.();
    await settle();
    expect([made, frames.ends]).toEqual([1, [undefined]]);
  });
});

function iterable(iterator: { next(): unknown }): AsyncIterable<unknown> {
  return { [Symbol.asyncIterator]: () => iterator as AsyncIterator<unknown> };
}

const EVENTS = ['item', 'bad item', 'done', 'throw', 'stop', 'room', 'returned', 'return throws', 'wait'] as const;

test('whatever happens in whatever order, it is over once, and only when its producer can do no more', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...EVENTS), { maxLength: 25 }),
      fc.boolean(),
      fc.nat({ max: 3 }),
      async (events, returns, room) => {
        const puppet = new Puppet(returns);
        const sink = new Sink(room);
        const pump = pumpInto(sink, puppet, (value) => {
          if (value === 'bad') throw new Error('bad');
          return value;
        });
        const wanted: unknown[] = [];
        let stopped = false;
        let finished = false;
        const happen: Record<(typeof EVENTS)[number], () => void> = {
          item() {
            const asked = puppet.asked.shift();
            if (asked === undefined) return;
            if (!stopped) wanted.push(wanted.length);
            asked.resolve({ done: false, value: wanted.length - 1 });
          },
          'bad item'() {
            const asked = puppet.asked.shift();
            asked?.resolve({ done: false, value: 'bad' });
            if (asked !== undefined && !stopped) finished = true;
          },
          done() {
            const asked = puppet.asked.shift();
            asked?.resolve(DONE);
            if (asked !== undefined && !stopped) finished = true;
          },
          throw() {
            const asked = puppet.asked.shift();
            asked?.reject(new Error('thrown'));
            if (asked !== undefined && !stopped) finished = true;
          },
          stop() {
            pump.stop();
            stopped = true;
          },
          room: () => sink.makeRoom(1),
          returned: () => puppet.left.shift()?.resolve(DONE),
          'return throws': () => puppet.left.shift()?.reject(new Error('thrown')),
          wait: () => {},
        };
        for (const event of events) {
          happen[event]();
          if (event === 'wait' || event.endsWith('item')) await settle();
          expect(sink.ends.length).toBeLessThanOrEqual(1);
        }
        await settle();
        expect(puppet.impatient).toBe(0);
        expect(sink.items).toEqual(wanted.slice(0, sink.items.length));
        if (!stopped) expect(sink.items).toEqual(wanted);
        if (sink.ends.length > 0) expect(finished || stopped).toBe(true);
        // Let everything end that can: then it is over, exactly once.
        happen.stop();
        await settle();
        for (let i = 0; i < 3; i++) {
          happen.done();
          happen.returned();
          await settle();
        }
        expect(sink.ends).toHaveLength(1);
      },
    ),
    { numRuns: 500 },
  );
});
