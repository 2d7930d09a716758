import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { FRAME } from '../wire/frame.ts';
import type { Call, IncomingCall } from './call.ts';
import { HALF } from './half.ts';
import type { Asked, End } from './test-by-hand.ts';
import { frame } from './test-stream-frames.ts';
import { Feeder, Reader } from './test-streams.ts';
import { type Part, TwoEnds } from './test-two-ends.ts';

type StreamKind = 'serverStream' | 'clientStream' | 'duplex';

/** Both halves of one call between two ends, and what has been read of its streams. */
interface Joined {
  readonly call: Asked;
  readonly request: IncomingCall<string>;
  /** What the callee reads of the input. */
  readonly input: Reader | undefined;
  /** What the caller reads of the output. */
  readonly output: Reader | undefined;
}

function join(ends: TwoEnds, kind: StreamKind, caller: End = ends.near): Joined {
  const callee = caller === ends.near ? ends.far : ends.near;
  const call = caller.ask(kind, 'input');
  ends.run();
  const request = callee.request(call.id);
  const reader = ({ inflow }: Call): Reader | undefined => (inflow === undefined ? undefined : new Reader(inflow));
  return { call, request, input: reader(request), output: reader(call) };
}

/** Reads, in each round, what came in so many frames. */
function reads(reader: Reader | undefined, pace = Number.POSITIVE_INFINITY): Part {
  return () => {
    let read = 0;
    while (read < pace && reader?.read() === true) read++;
    return read > 0;
  };
}

function feeds(feeder: Feeder, pace?: number): Part {
  return () => feeder.feed(pace);
}

/** Sends all of it both ways, as far as the call has such streams, and answers when the input is read. */
function transfer(
  ends: TwoEnds,
  { call, request, input, output }: Joined,
  items: { readonly there: readonly unknown[]; readonly back: readonly unknown[] },
  pace: { readonly put?: number; readonly read?: number; readonly bytes?: number } = {},
): void {
  const parts: Part[] = [];
  const waits = { input: input !== undefined, output: output !== undefined };
  if (waits.input) parts.push(feeds(new Feeder(call.outflow, items.there, () => ends.near.end(call)), pace.put));
  if (waits.output) {
    const back = new Feeder(request.outflow, items.back, () => {
      waits.output = false;
    });
    parts.push(feeds(back, pace.put));
  }
  parts.push(reads(input, pace.read), reads(output, pace.read), () => {
    if (waits.input) waits.input = !ends.far.told.includes(`input ended ${call.id}`) || input?.readAll() === undefined;
    if (waits.input || waits.output || request.sending === HALF.CLOSED || request.decided) return false;
    ends.far.answer(request, output === undefined ? 'done' : undefined);
    return true;
  });
  ends.run(parts, pace.bytes);
}

describe('a call of each kind', () => {
  test('server stream: its input goes there, its items come back, and then it is answered', () => {
    const ends = new TwoEnds();
    const { call, request, output } = join(ends, 'serverStream');
    expect([request.input, request.inflow, call.outflow]).toEqual(['input', undefined, undefined]);
    const feeder = new Feeder(request.outflow, [1, 'two', new Uint8Array(3)], () => ends.far.answer(request));
    ends.run([feeds(feeder), reads(output)]);
    expect(output?.items).toEqual([1, 'two', new Uint8Array(3)]);
    expect(call.outcomes).toEqual([{ value: undefined }]);
    expect(ends.forget()).toEqual({
      near: ['METHOD 18', 'REQUEST 0 8'],
      far: ['ITEMS 0 6', 'ITEM 0 3', 'ANSWER 0 0'],
    });
    expect(ends.remains).toEqual([]);
  });

  test('client stream: its items go there, and the answer comes back', () => {
    const ends = new TwoEnds();
    const { call, request, input } = join(ends, 'clientStream');
    expect([request.input, request.outflow, call.inflow]).toEqual([undefined, undefined, undefined]);
    const feeder = new Feeder(call.outflow, [1, 2, 3], () => ends.near.end(call));
    ends.run([feeds(feeder), reads(input)]);
    expect(ends.far.told).toEqual(['request 0', 'input ended 0']);
    ends.far.answer(request, { sum: 6 });
    ends.run();
    expect([input?.items, call.outcomes]).toEqual([[1, 2, 3], [{ value: { sum: 6 } }]]);
    expect(ends.forget().near).toEqual(['METHOD 18', 'REQUEST 0 2', 'ITEMS 0 4', 'END 0 0']);
    expect(ends.remains).toEqual([]);
  });

  test('both ways: items go and come side by side', () => {
    const ends = new TwoEnds();
    const { call, request, input, output } = join(ends, 'duplex');
    for (let i = 0; i < 5; i++) {
      call.outflow?.add(`ask ${i}`);
      ends.run([reads(input)]);
      request.outflow?.add(`tell ${input?.items.at(-1)}`);
      ends.run([reads(output)]);
    }
    expect(output?.items).toEqual([0, 1, 2, 3, 4].map((i) => `tell ask ${i}`));
    ends.near.end(call);
    ends.run();
    expect(ends.far.told.at(-1)).toBe('input ended 0');
    ends.far.answer(request);
    ends.run();
    expect(call.outcome).toBe('answered');
    expect(ends.remains).toEqual([]);
  });

  test('goes the other way as well, at the same time', () => {
    const ends = new TwoEnds();
    const joined = [join(ends, 'duplex'), join(ends, 'duplex', ends.far)];
    expect(joined.map(({ call }) => call.id)).toEqual([0, 1]);
    for (const [i, { call, request }] of joined.entries()) {
      call.outflow?.add(`there ${i}`);
      request.outflow?.add(`back ${i}`);
    }
    ends.run(joined.flatMap(({ input, output }) => [reads(input), reads(output)]));
    for (const [i, { input, output }] of joined.entries()) {
      expect([input?.items, output?.items]).toEqual([[`there ${i}`], [`back ${i}`]]);
    }
  });

  test('ends with an error behind the items that came before it', () => {
    for (const kind of ['serverStream', 'duplex'] as const) {
      const ends = new TwoEnds();
      const { call, request, output } = join(ends, kind);
      const feeder = new Feeder(request.outflow, ['a', new Uint8Array(5000), 'b'], () =>
        ends.far.fail(request, new RpcError('NOT_FOUND', 'No more.')),
      );
      ends.run([feeds(feeder), reads(output)]);
      expect(output?.items).toEqual(['a', new Uint8Array(5000), 'b']);
      expect(call.outcomes).toMatchObject([{ code: 'NOT_FOUND', message: 'No more.', execution: 'unknown' }]);
      expect(ends.remains).toEqual([]);
    }
  });
});

// Around all that changes how an item goes: nothing, the lengths of texts, half of a window, a chunk, a window.
const edges = [0, 31, 32, 63, 64, 447, 448, 449, 959, 960, 961, 1015, 1016, 1017, 1023, 1024, 1025, 2047, 2048, 4097];
const anySize = fc.oneof(
  fc.constantFrom(...edges),
  fc.nat(40),
  fc.integer({ min: 400, max: 520 }),
  fc.integer({ min: 900, max: 1100 }),
  fc.nat(6000),
);
const anyItem: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(anySize, fc.nat(255)).map(([n, byte]) => new Uint8Array(n).fill(byte)) },
  { weight: 4, arbitrary: fc.tuple(anySize, fc.constantFrom('x', 'y')).map(([n, char]) => char.repeat(n)) },
  { weight: 1, arbitrary: fc.tuple(anySize, fc.nat(255)).map(([n, byte]) => ({ held: new Uint8Array(n).fill(byte) })) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(undefined, null, 0, -0, 1n, true, [], {}, 'é😀', new Date(0)) },
);
const anyLimit = fc.oneof(
  fc.constant(1024),
  fc.integer({ min: 1024, max: 1200 }),
  fc.integer({ min: 1024, max: 9000 }),
);
const anyLimits = fc.record({ chunk: anyLimit, window: anyLimit });
/** How much happens in a round: items that are put in, frames that are read, bytes that arrive. */
const anyPace = fc.record({
  put: fc.constantFrom(1, 2, 7, 1000),
  read: fc.constantFrom(1, 2, 1000),
  bytes: fc.constantFrom(1, 7, 64, 700, 5000, 1_000_000),
});

describe('any items', () => {
  test('arrive whole and in order, whatever their sizes, the limits and the pace of both ends', () => {
    fc.assert(
      fc.property(
        fc.array(anyItem, { maxLength: 30 }),
        fc.array(anyItem, { maxLength: 30 }),
        anyLimits,
        anyLimits,
        anyPace,
        fc.constantFrom<StreamKind>('serverStream', 'clientStream', 'duplex'),
        (there, back, near, far, pace, kind) => {
          const ends = new TwoEnds({ local: near }, { local: far });
          const joined = join(ends, kind);
          const { call, input, output } = joined;
          transfer(ends, joined, { there, back }, pace);
          expect(call.outcome).toBe('answered');
          if (input !== undefined) expect(isDeepStrictEqual(input.items, there)).toBe(true);
          if (output !== undefined) expect(isDeepStrictEqual(output.items, back)).toBe(true);
          expect(ends.remains).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('of one size arrive with the least of windows and chunks, for every size around the borders', () => {
    for (const size of [...edges, 446, 958, 962, 1014, 1018, 1022, 1026, 1087, 1088, 1089, 3000]) {
      for (const window of [1024, 1025, 2048]) {
        const ends = new TwoEnds({ local: { window } });
        const { call, request, output } = join(ends, 'serverStream');
        const items = Array.from({ length: 7 }, (_, i) => new Uint8Array(size).fill(i));
        const feeder = new Feeder(request.outflow, items, () => ends.far.answer(request));
        ends.run([feeds(feeder), reads(output)]);
        expect(isDeepStrictEqual(output?.items, items), `${size} ${window}`).toBe(true);
        expect(call.outcome).toBe('answered');
      }
    }
  });

  test('arrive byte by byte as they do at once', () => {
    const items = ['short', new Uint8Array(1500).fill(9), { long: 'x'.repeat(2500) }, undefined, new Uint8Array(0)];
    for (const most of [1, 3]) {
      const ends = new TwoEnds();
      const joined = join(ends, 'duplex');
      const { call, input, output } = joined;
      transfer(ends, joined, { there: items, back: items }, { bytes: most });
      expect([input?.items, output?.items, call.outcome]).toEqual([items, items, 'answered']);
      expect(ends.remains).toEqual([]);
    }
  });
});

describe('a reader that stops reading', () => {
  test('stops his sender, within a window and a message, and no one else', () => {
    const ends = new TwoEnds({ local: { window: 4096 } });
    const stuck = join(ends, 'serverStream');
    const other = join(ends, 'serverStream');
    const many = new Array(500).fill('x'.repeat(100));
    const feeder = new Feeder(stuck.request.outflow, many);
    const others = new Feeder(other.request.outflow, many, () => ends.far.answer(other.request));
    ends.run([feeds(feeder), feeds(others), reads(other.output)]);
    expect([other.output?.items.length, other.call.outcome]).toEqual([500, 'answered']);
    // An item costs 102 bytes and 64, and its frame some more.
    expect(feeder.fed).toBeLessThanOrEqual(4096 / 166 + 1);
    expect(feeder.fed).toBeGreaterThanOrEqual(4096 / 172 - 1);
    // Once he reads, all goes on.
    ends.run([feeds(feeder), reads(stuck.output)]);
    expect(stuck.output?.items).toHaveLength(500);
  });

  test('lets calls of other kinds go on, with long messages, too', () => {
    const ends = new TwoEnds();
    const stuck = Array.from({ length: 6 }, () => join(ends, 'duplex'));
    for (const { call, request } of stuck) {
      call.outflow?.add(new Uint8Array(10_000));
      request.outflow?.add(new Uint8Array(10_000));
    }
    ends.run();
    const call = ends.near.ask('unary', new Uint8Array(10_000));
    ends.run();
    ends.far.answer(ends.far.request(call.id), new Uint8Array(20_000));
    ends.run();
    expect(call.outcomes).toEqual([{ value: new Uint8Array(20_000) }]);
  });
});

describe('more than four long items', () => {
  test('all arrive, though only four are on their way at a time', () => {
    const ends = new TwoEnds();
    const all = Array.from({ length: 9 }, () => join(ends, 'clientStream'));
    for (const [i, { call }] of all.entries()) {
      call.outflow?.add(new Uint8Array(8000).fill(i));
      ends.near.end(call);
    }
    for (const { input } of all) input?.read();
    ends.run();
    for (const [i, { input }] of all.entries()) {
      const items = input?.readAll() as Uint8Array[];
      expect([items.length, items[0]?.length, items[0]?.every((byte) => byte === i)]).toEqual([1, 8000, true]);
    }
  });
});

describe('a caller that cancels', () => {
  test('at any moment ends the call at both ends, and its slot serves the next one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<StreamKind>('serverStream', 'clientStream', 'duplex'),
        fc.nat(60),
        fc.constantFrom(1, 64, 500, 1_000_000),
        fc.constantFrom('answer', 'fail'),
        fc.array(fc.constantFrom(1, 100, 900, 3000), { minLength: 1, maxLength: 8 }),
        (kind, moment, most, ending, sizes) => {
          const ends = new TwoEnds();
          const { call, request, input, output } = join(ends, kind);
          const items = sizes.map((size) => new Uint8Array(size));
          const parts = [reads(input, 1), reads(output, 1)];
          const { outflow } = request;
          if (call.outflow !== undefined)
            parts.push(feeds(new Feeder(call.outflow, items, () => ends.near.end(call)), 1));
          if (outflow !== undefined) parts.push(feeds(new Feeder(outflow, items, () => ends.far.answer(request)), 1));
          // Some steps of both, and then the caller changes his mind.
          let steps = 0;
          const stop = (): boolean => {
            if (steps++ === moment) ends.near.cancel(call, 'DEADLINE_EXCEEDED');
            return steps <= moment;
          };
          ends.run([...parts, stop], most);
          const cancelled = ends.far.told.includes('cancelled 0 DEADLINE_EXCEEDED');
          if (ending === 'answer') ends.far.answer(request, 1);
          else ends.far.fail(request, new RpcError('INTERNAL', 'Its words.'));
          ends.run(parts);
          expect(ends.remains).toEqual([]);
          expect(call.outcomes).toHaveLength(1);
          if (cancelled && ending === 'fail') expect(call.outcome).toBe('DEADLINE_EXCEEDED unknown');
          // The next one in the slot works.
          const next = join(ends, 'duplex');
          expect(next.call.id).toBe(0);
          next.call.outflow?.add('hello');
          next.request.outflow?.add('back');
          ends.run([reads(next.input), reads(next.output)]);
          expect([next.input?.items, next.output?.items]).toEqual([['hello'], ['back']]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('while the END, the answer or the STOP is on its way leaves nothing behind', () => {
    for (const first of ['end', 'answer', 'stop'] as const) {
      const ends = new TwoEnds();
      const { call, request } = join(ends, 'clientStream');
      if (first === 'end') ends.near.end(call);
      if (first === 'answer') ends.far.answer(request, 1);
      if (first === 'stop') ends.far.stop(request);
      ends.near.cancel(call);
      ends.run();
      if (first !== 'answer') ends.far.answer(request, 1);
      ends.run();
      expect(call.outcome).toBe(first === 'answer' ? 'answered' : 'CANCELLED unknown');
      expect(ends.remains).toEqual([]);
    }
  });
});

describe('a handler that reads no more', () => {
  test('at any moment ends the input, and answers when it likes', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.constantFrom(1, 100, 1_000_000),
        fc.array(fc.constantFrom(1, 400, 900, 5000), { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        (moment, most, sizes, answersAtOnce) => {
          const ends = new TwoEnds();
          const { call, request, input } = join(ends, 'clientStream');
          const items = sizes.map((size, i) => new Uint8Array(size).fill(i));
          const feeder = new Feeder(call.outflow, items, () => ends.near.end(call));
          let steps = 0;
          let stopped = false;
          const stop = (): boolean => {
            if (steps++ === moment) {
              ends.far.stop(request);
              stopped = true;
              if (answersAtOnce) ends.far.answer(request, new Uint8Array(3000));
            }
            return steps <= moment;
          };
          const read = (): boolean => !stopped && input?.read() === true;
          ends.run([feeds(feeder, 1), read, stop], most);
          if (!answersAtOnce) {
            expect([call.sending, request.receiving]).toEqual([HALF.CLOSED, HALF.CLOSED]);
            expect(ends.far.told).toEqual(['request 0', 'input ended 0']);
            ends.far.answer(request, 'enough');
            ends.run();
          }
          expect(call.outcome).toBe('answered');
          expect(isDeepStrictEqual(items.slice(0, input?.items.length), input?.items)).toBe(true);
          expect(ends.remains).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('slots', () => {
  test('of streams are free at once, and never mixed up, whatever ends their calls', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            kind: fc.constantFrom<StreamKind>('serverStream', 'clientStream', 'duplex'),
            other: fc.boolean(),
            ending: fc.constantFrom('answer', 'long answer', 'fail', 'cancel', 'stop'),
            size: fc.constantFrom(1, 500, 2000),
            settles: fc.boolean(),
          }),
          { minLength: 1, maxLength: 25 },
        ),
        fc.constantFrom(1, 50, 1_000_000),
        (plans, most) => {
          const ends = new TwoEnds({ local: { calls: 4 } }, { local: { calls: 4 } });
          const calls: Asked[] = [];
          for (const [i, { kind, other, ending, size, settles }] of plans.entries()) {
            const [caller, callee] = other ? [ends.far, ends.near] : [ends.near, ends.far];
            if (!caller.connection.canCall) ends.run();
            const call = caller.ask(kind, i);
            calls.push(call);
            call.outflow?.add(new Uint8Array(size).fill(i));
            ends.run([], most);
            const request = callee.request(call.id);
            const fed = callee.told.filter((line) => line === `request ${call.id}`).length;
            request.outflow?.add(`${i}`);
            if (request.inflow !== undefined && ending !== 'stop' && size < 1000) {
              expect(request.inflow.next()).toEqual([new Uint8Array(size).fill(i)]);
            }
            if (ending === 'cancel') caller.cancel(call);
            if (ending === 'stop') callee.stop(request);
            if (ending === 'fail') callee.fail(request, new RpcError('ABORTED', `${i}`));
            else callee.answer(request, ending === 'long answer' ? new Uint8Array(3000) : i);
            expect(fed).toBeGreaterThan(0);
            if (settles) ends.run([], most);
          }
          ends.run([], most);
          for (const call of calls) expect(call.outcomes).toHaveLength(1);
          expect(ends.remains).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('an end that leaves while streams are under way', () => {
  test('has its input ended with a reason, and its call is answered all the same', () => {
    const ends = new TwoEnds();
    const { call, request, input } = join(ends, 'clientStream');
    call.outflow?.add('one');
    call.outflow?.add(new Uint8Array(5000));
    ends.nearLeaves();
    expect(ends.far.told).toEqual(['request 0', 'input ended 0 UNAVAILABLE', 'draining']);
    expect(input?.readAll()).toEqual(['one']);
    ends.far.answer(request, 'half of it');
    while (ends.back.take());
    ends.back.deliver();
    expect(call.outcomes).toEqual([{ value: 'half of it' }]);
    expect(ends.far.open).toEqual([0, 0]);
  });

  test('fails the streams of the other end, which may have run, and stops what they send', () => {
    const ends = new TwoEnds();
    const sending = join(ends, 'clientStream', ends.far);
    const reading = join(ends, 'serverStream', ends.far);
    sending.call.outflow?.add(new Uint8Array(5000));
    reading.request.outflow?.add('here');
    ends.nearLeaves();
    expect([sending.call.outcome, reading.call.outcome]).toEqual(['UNAVAILABLE unknown', 'UNAVAILABLE unknown']);
    expect([sending.call.stops, sending.call.outflow?.over]).toEqual([1, true]);
    expect(reading.output?.readAll()).toEqual(['here']);
    ends.forget();
    while (ends.back.take());
    expect(ends.forget().far).toEqual(['CANCEL 1 1', 'CANCEL 3 1']);
    expect([ends.far.open, ends.far.connection.finished]).toEqual([[0, 0], true]);
    ends.back.deliver();
    expect(ends.near.told.slice(-2)).toEqual(['cancelled 1 CANCELLED', 'cancelled 3 CANCELLED']);
  });

  test('lets those streams finish that are open when it only says that it is going', () => {
    const ends = new TwoEnds();
    const joined = join(ends, 'duplex');
    const { call, input, output } = joined;
    ends.near.connection.drain();
    ends.run();
    expect([ends.near.connection.finished, ends.far.connection.finished]).toEqual([false, false]);
    const items = [new Uint8Array(5000), 'last'];
    transfer(ends, joined, { there: items, back: items });
    expect([input?.items, output?.items, call.outcome]).toEqual([items, items, 'answered']);
    expect([ends.near.connection.finished, ends.far.connection.finished]).toEqual([false, true]);
    ends.near.connection.ended();
    expect(ends.near.connection.finished).toBe(true);
  });

  test('takes no new streams, and drops what comes of them', () => {
    const ends = new TwoEnds();
    ends.far.connection.drain();
    const call = ends.near.ask('clientStream');
    call.outflow?.add('on its way');
    ends.run();
    expect(call.outcome).toBe('UNAVAILABLE rejected');
    expect(call.stops).toBe(1);
    ends.run();
    expect(ends.remains).toEqual([]);
  });
});

describe('a connection that breaks while streams are under way', () => {
  test('fails its calls and tells its handlers, at both ends', () => {
    const ends = new TwoEnds();
    const { call, request, output } = join(ends, 'duplex');
    call.outflow?.add(new Uint8Array(5000));
    request.outflow?.add('here');
    ends.run();
    ends.near.receive(frame(FRAME.ITEMS, 4000, [0x91, 1]));
    expect(call.outcome).toBe('UNAVAILABLE unknown');
    expect(output?.readAll()).toEqual(['here']);
    ends.run();
    expect(ends.far.told).toEqual(['request 0', 'cancelled 0 CANCELLED', 'closed INTERNAL']);
    expect([ends.near.open, ends.far.open]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    ends.far.answer(request);
    ends.far.stop(request);
    expect(ends.back.take()).toBe(false);
  });
});
