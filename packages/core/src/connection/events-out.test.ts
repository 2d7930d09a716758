import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { RpcError } from '../error/rpc-error.ts';
import { decodeBody } from '../wire/body.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../wire/frame.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { encodeMetadata } from '../wire/metadata.ts';
import { type Asked, alone, type End } from './test-by-hand.ts';
import { u64 } from './test-frames.ts';
import { creditFrame, frame, inShort, METHODS, methodFrame, packed, type Sent, u16 } from './test-stream-frames.ts';
import { TwoEnds } from './test-two-ends.ts';

const GOAWAY = frame(FRAME.GOAWAY, 0, [packed({ code: 14, message: 'Going.' })]);
const SMALL = { chunk: 1024, events: 1024 };
const { MORE, RAW, METADATA } = FLAG;

/** An end that has named its event. */
function emitting(remote: object = SMALL): End {
  const end = alone({ role: 'dialer', remote });
  expect(end.emit(undefined).outcome).toBe('answered');
  end.receive(creditFrame(EVENTS_CALL, 64));
  end.sent();
  return end;
}

/** A text whose body is so many bytes long. */
function text(bytes: number): string {
  return 'x'.repeat(bytes - 3);
}

/** The bodies of the events in some frames. */
function bodiesOf(sent: readonly Sent[]): unknown[] {
  const bodies: unknown[] = [];
  let parts: Buffer[] = [];
  let raw = false;
  for (const { type, flags, payload, call } of sent) {
    if (type !== FRAME.EVENT && (type !== FRAME.CHUNK || call !== EVENTS_CALL)) continue;
    const more = (flags & MORE) !== 0;
    if (type === FRAME.EVENT) {
      raw = (flags & RAW) !== 0;
      const metadata = (flags & METADATA) === 0 ? 0 : 2 + payload.readUInt16BE(2);
      parts = [payload.subarray(2 + metadata + (more ? 8 : 0))];
    } else parts.push(payload);
    if (more) continue;
    const body = Buffer.concat(parts);
    bodies.push(decodeBody(body, 0, body.length, raw, DEFAULT_LIMITS));
  }
  return bodies;
}

describe('an event', () => {
  test('is one frame behind the name of its method, which is sent once', () => {
    const end = alone({ role: 'dialer' });
    const events = [end.emit({ n: 1 }), end.emit(undefined), end.emit(new Uint8Array([1, 2])), end.emit('a', 'other')];
    for (const event of events) expect([event.outcomes, event.id]).toEqual([[{ value: undefined }], EVENTS_CALL]);
    const sent = end.sent();
    expect(sent.map(inShort)).toEqual([
      'METHOD 11',
      `EVENT events ${2 + packed({ n: 1 }).length}`,
      'EVENT events 2',
      'EVENT events 4',
      'METHOD 11',
      'EVENT events 4',
    ]);
    expect(sent.map(({ flags }) => flags)).toEqual([0, 0, 0, RAW, 0, 0]);
    expect([sent[0]?.payload[2], sent[3]?.payload]).toEqual([KIND.event, Buffer.of(0, 0, 1, 2)]);
    expect(bodiesOf(sent)).toEqual([{ n: 1 }, undefined, new Uint8Array([1, 2]), 'a']);
    expect(end.open).toEqual([0, 0]);
  });

  test('keeps its place between the calls that are made before and after it', () => {
    const end = alone({ role: 'dialer' });
    end.ask('unary', 1);
    end.emit(1);
    end.ask('unary', 2);
    end.emit(2);
    expect(end.leaves()).toEqual([
      'METHOD 11',
      'REQUEST 0 3',
      'METHOD 11',
      'EVENT events 3',
      'REQUEST 2 3',
      'EVENT events 3',
    ]);
  });

  test('that cannot be sent is none, and the next one can', () => {
    const end = emitting({ ...SMALL, message: 2000, bytes: 3000, metadata: 20 });
    for (const [value, code] of [
      [() => 1, 'INVALID_ARGUMENT'],
      ['\ud800', 'INVALID_ARGUMENT'],
      [text(2001), 'RESOURCE_EXHAUSTED'],
      [new Uint8Array(3001), 'RESOURCE_EXHAUSTED'],
    ] as const) {
      expect(() => end.emit(value)).toThrow(expect.objectContaining({ code, execution: 'not-sent' }));
    }
    const metadata = encodeMetadata({ key: text(50) }, DEFAULT_LIMITS);
    expect(() => end.emit(1, 'event', metadata)).toThrow('(limit "metadata")');
    expect([end.leaves(), end.connection.canEmit]).toEqual([[], true]);
    end.emit(1);
    expect(end.leaves()).toEqual(['EVENT events 3']);
  });

  test('that sends another event while it is read is refused, where that one is still on its way', () => {
    const end = emitting();
    let inner: Asked | undefined;
    const value = {
      get a() {
        inner ??= end.emit(new Uint8Array(5000));
        return 1;
      },
    };
    expect(() => end.emit(value)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect([inner?.outcome, end.leaves()]).toEqual(['none', ['EVENT+ events 970']]);
  });

  test('carries its metadata in its first frame, for no credit', () => {
    const metadata = encodeMetadata({ key: 'value', bytes: new Uint8Array([7]) }, DEFAULT_LIMITS);
    for (const length of [10, 2000]) {
      const end = emitting();
      end.emit(new Uint8Array(length), 'event', metadata);
      end.receive(creditFrame(EVENTS_CALL, 5000));
      const sent = end.sent();
      expect((sent[0] as Sent).flags & METADATA).toBe(METADATA);
      expect(sent[0]?.payload.subarray(2, 4 + metadata.length)).toEqual(
        Buffer.concat([u16(metadata.length), metadata]),
      );
      expect(bodiesOf(sent)).toEqual([new Uint8Array(length)]);
    }
    const end = emitting();
    end.emit(new Uint8Array(1024 - 64), 'event', metadata);
    expect(bodiesOf(end.sent())).toHaveLength(1);
  });
});

describe('the credit of the events', () => {
  test('is what the other end says, and exactly that is spent', () => {
    for (const [missing, leaving] of [
      [0, ['EVENT events 102']],
      [1, []],
    ] as const) {
      const end = emitting();
      end.emit(new Uint8Array(1024 - 64 - 64 - 100 + missing));
      end.sent();
      const event = end.emit(new Uint8Array(100));
      expect([end.leaves(), event.outcome]).toEqual([leaving, leaving.length === 0 ? 'none' : 'answered']);
      if (leaving.length > 0) continue;
      expect([end.connection.canEmit, end.connection.canCall]).toEqual([false, true]);
      end.receive(creditFrame(EVENTS_CALL, 1));
      expect([end.leaves(), event.outcome, end.connection.canEmit]).toEqual([['EVENT events 102'], 'answered', true]);
    }
  });

  test('is waited for by an event of half of it at most, and a longer one goes in parts', () => {
    for (const [bytes, leaving] of [
      [512 - 64, []],
      [512 - 63, ['EVENT+ events 110']],
    ] as const) {
      const end = emitting();
      end.emit(new Uint8Array(1024 - 64 - 64 - 100));
      end.sent();
      const event = end.emit(new Uint8Array(bytes));
      expect(end.leaves()).toEqual(leaving);
      end.receive(creditFrame(EVENTS_CALL, 500));
      const rest = leaving.length === 0 ? `EVENT events ${2 + bytes}` : `CHUNK events ${bytes - 100}`;
      expect([end.leaves(), event.outcome]).toEqual([[rest], 'answered']);
    }
  });

  test('lets an event begin where one byte of it is paid, and go on byte by byte', () => {
    const end = emitting();
    end.emit(new Uint8Array(1024 - 64 - 64));
    end.sent();
    const event = end.emit(new Uint8Array(900));
    expect(end.leaves()).toEqual([]);
    end.receive(creditFrame(EVENTS_CALL, 1));
    expect(end.leaves()).toEqual(['EVENT+ events 11']);
    for (const credit of [1, 2, 0, 3]) {
      end.receive(creditFrame(EVENTS_CALL, credit));
      expect(end.leaves()).toEqual(credit === 0 ? [] : [`CHUNK+ events ${credit}`]);
    }
    expect(event.outcome).toBe('none');
    end.receive(creditFrame(EVENTS_CALL, 893), creditFrame(EVENTS_CALL, 2 ** 32 - 1));
    expect([end.leaves(), event.outcome]).toEqual([['CHUNK events 893'], 'answered']);
  });

  test('is not that of any call', () => {
    const end = emitting();
    end.emit(new Uint8Array(3000));
    end.sent();
    end.receive(creditFrame(0, 5000), creditFrame(2, 5000), creditFrame(0xffff_fffe, 5000));
    expect(end.leaves()).toEqual([]);
  });

  test('is no longer needed once the other end has ended its side', () => {
    const end = emitting();
    const event = end.emit(new Uint8Array(3000));
    end.sent();
    end.connection.ended();
    expect(end.connection.finished).toBe(false);
    expect([end.leaves(), event.outcome]).toEqual([['CHUNK+ events 1024', 'CHUNK events 1016'], 'answered']);
    expect(end.connection.finished).toBe(true);
  });
});

describe('an event that is longer than a frame', () => {
  test('goes in frames that are filled, with its length behind its fields', () => {
    for (const [bytes, frames] of [
      [1021, ['EVENT events 1023']],
      [1022, ['EVENT events 1024']],
      [1023, ['EVENT+ events 1024', 'CHUNK events 9']],
      [2038, ['EVENT+ events 1024', 'CHUNK events 1024']],
      [2039, ['EVENT+ events 1024', 'CHUNK+ events 1024', 'CHUNK events 1']],
    ] as const) {
      const end = emitting({ chunk: 1024, events: 10_000 });
      const value = Uint8Array.from({ length: bytes }, (_, i) => i);
      const event = end.emit(value);
      const sent = end.sent();
      expect([sent.map(inShort), event.outcome]).toEqual([frames, 'answered']);
      if (frames.length > 1) expect(sent[0]?.payload.subarray(2, 10)).toEqual(u64(bytes));
      expect(bodiesOf(sent)).toEqual([value]);
    }
  });

  test('holds up other events, and no calls, which may overtake it', () => {
    const end = emitting();
    const event = end.emit(new Uint8Array(3000));
    expect([end.connection.canEmit, end.leaves()]).toEqual([false, ['EVENT+ events 970']]);
    end.ask('unary', 1);
    expect(end.leaves()).toEqual(['METHOD 11', 'REQUEST 0 3']);
    end.receive(creditFrame(EVENTS_CALL, 5000));
    expect([end.connection.canEmit, event.outcome]).toEqual([false, 'none']);
    end.sent();
    expect([end.connection.canEmit, event.outcome]).toEqual([true, 'answered']);
  });

  test('is whole before the event behind it, whatever else leaves in the same turn', () => {
    const end = alone({ role: 'dialer', remote: { chunk: 65_536 } });
    const calls = [end.ask('clientStream'), end.ask('clientStream')];
    end.sent();
    const event = end.emit(new Uint8Array(100_000));
    event.onOver = () => end.emit('behind');
    for (const call of calls) call.outflow?.add(new Uint8Array(60_000));
    expect(bodiesOf(end.sent()).map((body) => (body as { length: number }).length)).toEqual([100_000, 6]);
  });
});

describe('an event on its way', () => {
  test('keeps this end from ending its side until it has left', () => {
    const end = emitting();
    const event = end.emit(new Uint8Array(3000));
    end.sent();
    end.receive(GOAWAY);
    expect([end.connection.finished, end.connection.canCall]).toEqual([false, false]);
    end.receive(creditFrame(EVENTS_CALL, 5000));
    end.sent();
    expect([end.connection.finished, event.outcome, end.connection.canEmit]).toEqual([true, 'answered', true]);
  });

  test('does not keep it where it waits for its turn, and only the other end wants to leave', () => {
    for (const own of [true, false]) {
      const end = emitting();
      const first = end.emit(new Uint8Array(900));
      const event = end.emit(new Uint8Array(300));
      end.receive(GOAWAY);
      if (own) end.connection.drain();
      end.sent();
      expect([first.outcome, event.outcome, end.connection.finished]).toEqual(['answered', 'none', !own]);
      end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
      expect(event.outcome).toBe('UNAVAILABLE not-sent');
    }
  });

  test('can also begin while this end drains, and not once it has left', () => {
    const end = emitting();
    end.receive(GOAWAY);
    expect([end.connection.canCall, end.connection.canEmit]).toEqual([false, true]);
    end.connection.leave();
    expect(end.connection.canEmit).toBe(false);
  });

  test('fails when the connection is over, once', () => {
    const end = emitting();
    const event = end.emit(new Uint8Array(3000));
    end.sent();
    expect(end.connection.exchange.pending()).toEqual([event]);
    end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    expect(event.outcome.split(' ')[0]).toBe('UNAVAILABLE');
    end.receive(creditFrame(EVENTS_CALL, 5000));
    expect([end.leaves().length, event.outcomes.length, end.connection.canEmit]).toEqual([1, 1, false]);
  });

  test('does not fail when it has left before', () => {
    const end = emitting();
    const event = end.emit(new Uint8Array(3000));
    end.receive(creditFrame(EVENTS_CALL, 5000));
    end.sent();
    expect(end.connection.exchange.pending()).toEqual([]);
    end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    expect(event.outcome).toBe('answered');
  });

  test('cannot begin while too much waits to be read', () => {
    const end = emitting({});
    while (end.connection.canCall) end.ask('unary', new Uint8Array(60_000));
    expect(end.connection.canEmit).toBe(false);
    end.sent();
    expect(end.connection.canEmit).toBe(true);
  });
});

describe('events that come', () => {
  const event = (body: readonly (number | string | Uint8Array)[], number: number = KIND.event, flags = 0): Buffer =>
    frame(FRAME.EVENT, EVENTS_CALL, [u16(number), ...body], flags);

  test('are told to the host with their metadata, in order with the calls', () => {
    const end = alone();
    const metadata = encodeMetadata({ key: 'value' }, DEFAULT_LIMITS);
    end.receive(
      METHODS,
      event([5]),
      frame(FRAME.REQUEST, 0, [u16(0), 5]),
      event([u16(metadata.length), metadata, 6], KIND.event, METADATA),
      frame(FRAME.REQUEST, 2, [u16(0), u64(2), 0x91], MORE),
      event([u64(2), 0x91], KIND.event, MORE),
      frame(FRAME.CHUNK, 2, [1]),
      frame(FRAME.CHUNK, EVENTS_CALL, [2]),
    );
    expect(end.told).toEqual(['event s.event', 'request 0', 'event s.event', 'request 2', 'event s.event']);
    expect(end.events.map(({ value }) => value)).toEqual([5, 6, [2]]);
    expect(end.events.map((came) => came.metadata)).toEqual([undefined, { key: 'value' }, undefined]);
    expect([end.open, end.closed]).toEqual([[0, 2], []]);
  });

  test('hold their credit until they are settled, and no longer than that', () => {
    const end = alone({ local: SMALL });
    const full = event([new Uint8Array(192)], KIND.event, RAW);
    end.receive(METHODS, full, full, full, full);
    expect(end.leaves()).toEqual([]);
    end.events[2]?.settled();
    end.events[0]?.settled();
    expect(end.leaves()).toEqual(['CREDIT events 256', 'CREDIT events 256']);
    expect(end.wakes).toBeGreaterThan(0);
    end.receive(full, full);
    end.receive(event([], KIND.event));
    expect(end.closed[0]?.message).toContain('an EVENT for which there was no credit (limit "events")');
  });

  test('that nobody serves, or as another kind, are dropped and told of once, and give their credit back', () => {
    const end = alone({ local: SMALL });
    end.receive(METHODS, methodFrame(5, KIND.event, 'unknown'));
    for (const number of [KIND.unary, KIND.serverStream, KIND.clientStream, KIND.duplex, 5]) {
      end.receive(event([new Uint8Array(192)], number, RAW));
      expect(end.leaves()).toEqual(['CREDIT events 256']);
      end.receive(event([0xc1], number), event([u64(191), 0xc1], number, MORE));
      end.receive(frame(FRAME.CHUNK, EVENTS_CALL, [new Uint8Array(190)]));
      end.sent();
    }
    const methods = ['unary', 'serverStream', 'clientStream', 'duplex', 'unknown'];
    expect(end.told).toEqual(methods.map((name) => `event lost s.${name} UNIMPLEMENTED`));
    expect(end.closed).toEqual([]);
  });

  test('that cannot be read are told as lost, and give their credit back', () => {
    const end = alone({ local: { ...SMALL, message: 1024, bytes: 1024, depth: 2, values: 16 } });
    end.receive(METHODS);
    for (const body of [
      [new Uint8Array(192).fill(0xc1)],
      [packed([[[1]]]), 'x'.repeat(188)],
      [packed(new Array(193 - 3).fill(0)), 0],
    ]) {
      end.receive(event(body));
      expect(end.leaves()[0]).toMatch(/^CREDIT events/);
    }
    expect(end.told).toEqual(new Array(3).fill('event lost s.event INVALID_ARGUMENT'));
    for (const { message } of end.lost) expect(message).toMatch(/^The event s\.event cannot be read: its bytes hold /);
    expect(end.closed).toEqual([]);
  });

  test('are not answered, and hold no call open', () => {
    const end = alone();
    end.receive(METHODS, event([5]), GOAWAY);
    expect([end.leaves().length, end.connection.finished]).toEqual([0, true]);
    end.events[0]?.settled();
    expect(end.leaves()).toEqual([]);
  });

  test('are taken without account, and grant none, once this end has ended its side', () => {
    const end = alone({ local: SMALL });
    end.receive(METHODS);
    end.connection.drain();
    end.connection.leave();
    end.sent();
    for (let i = 0; i < 5; i++) end.receive(event([new Uint8Array(600)], KIND.event, RAW));
    for (const { settled } of end.events) settled();
    expect([end.events.length, end.leaves(), end.closed]).toEqual([5, [], []]);
  });

  test('that settle after the connection is over change nothing', () => {
    const end = alone({ local: SMALL });
    end.receive(METHODS, event([new Uint8Array(600)], KIND.event, RAW));
    end.receive(frame(0x0f, 0));
    end.sent();
    const { wakes } = end;
    end.events[0]?.settled();
    expect([end.leaves(), end.wakes]).toEqual([[], wakes]);
  });

  const wrong: readonly (readonly [string, string, ...Buffer[]])[] = [
    ['an EVENT for a number without a name', 'that has no name', event([5], 6)],
    ['an EVENT of a call', 'an EVENT outside the events', frame(FRAME.EVENT, 0, [u16(4), 5])],
    ['an EVENT of the connection', 'an EVENT outside the events', frame(FRAME.EVENT, 1, [u16(4), 5])],
    ['an EVENT without its number', 'a frame too short', frame(FRAME.EVENT, EVENTS_CALL, [0])],
    ['an EVENT in the middle of one', 'EVENT out of turn', event([u64(9), 1], 4, MORE), event([5])],
    [
      'a long EVENT in the middle of one',
      'EVENT out of turn',
      event([u64(9), 1], 4, MORE),
      event([u64(9), 1], 4, MORE),
    ],
    ['a CHUNK without an EVENT', 'CHUNK out of turn among the events', frame(FRAME.CHUNK, EVENTS_CALL, [1])],
    ['a CHUNK behind a whole EVENT', 'CHUNK out of turn', event([5]), frame(FRAME.CHUNK, EVENTS_CALL, [1])],
    ['an empty CHUNK', 'a CHUNK that is empty', event([u64(9), 1], 4, MORE), frame(FRAME.CHUNK, EVENTS_CALL, [], MORE)],
    [
      'an EVENT of another length',
      'ends before the 9 bytes',
      event([u64(9), 1], 4, MORE),
      frame(FRAME.CHUNK, EVENTS_CALL, [1]),
    ],
    ['an EVENT over the limit', '5000 bytes, where 4096 are taken (limit "message")', event([u64(5000), 1], 4, MORE)],
    ['bytes over the limit', '5000 bytes, where 4096 are taken (limit "bytes")', event([u64(5000), 1], 4, MORE | RAW)],
    ['an EVENT over the credit', '(limit "events")', event([new Uint8Array(961)], 4, RAW)],
    ['a long EVENT over the credit', '(limit "events")', event([u64(3000), new Uint8Array(961)], 4, MORE | RAW)],
    ['ITEMS of the events', 'ITEMS for the events', frame(FRAME.ITEMS, EVENTS_CALL, [0x91, 1])],
    ['an END of the events', 'END for the events', frame(FRAME.END, EVENTS_CALL)],
    ['a CANCEL of the events', 'CANCEL for the events', frame(FRAME.CANCEL, EVENTS_CALL, [1])],
    ['an ANSWER of the events', 'ANSWER for the events', frame(FRAME.ANSWER, EVENTS_CALL)],
    ['a REQUEST of the events', 'REQUEST with the call id 4294967295', frame(FRAME.REQUEST, EVENTS_CALL, [u16(0)])],
  ];

  test.each(wrong)('break the protocol by %s', (_, why, ...rest) => {
    const frames = rest as Buffer[];
    const end = alone({ local: { ...SMALL, message: 4096, bytes: 4096 } });
    end.receive(METHODS, ...frames.slice(0, -1));
    expect(end.closed).toEqual([]);
    end.receive(frames.at(-1) as Buffer);
    expect(end.closed[0]?.message).toContain(why);
    expect(end.sent().at(-1)).toMatchObject({ type: FRAME.GOAWAY, flags: 1 });
  });

  test('of a full account are taken to the last byte', () => {
    for (const whole of [
      event([new Uint8Array(960)], 4, RAW),
      event([u64(3000), new Uint8Array(960)], 4, MORE | RAW),
    ]) {
      const end = alone({ local: SMALL });
      end.receive(METHODS, whole);
      expect(end.closed).toEqual([]);
    }
  });
});

describe('events between two ends', () => {
  const size = fc.oneof(fc.constantFrom(0, 1, 446, 447, 448, 449, 957, 958, 959, 960, 961, 1022, 1023), fc.nat(4000));

  test('all come, in order, whatever their sizes and however slowly they are handled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(size, fc.boolean(), fc.boolean()), { maxLength: 30 }),
        fc.integer({ min: 1024, max: 4000 }),
        fc.integer({ min: 1024, max: 4000 }),
        fc.constantFrom(1, 50, 1_000_000),
        fc.constantFrom(1, 2, 100),
        (plans, chunk, events, most, slow) => {
          const ends = new TwoEnds({}, { local: { chunk, events } });
          const metadata = encodeMetadata({ key: 'value'.repeat(20) }, DEFAULT_LIMITS);
          const values = plans.map(([n, raw], i) => (raw ? new Uint8Array(n).fill(i) : `${i}`.padEnd(n)));
          const sent: Asked[] = [];
          let settled = 0;
          let round = 0;
          const emits = (): boolean => {
            if (sent.length === values.length || !ends.near.connection.canEmit) return false;
            const about = plans[sent.length]?.[2] === true ? metadata : undefined;
            sent.push(ends.near.emit(values[sent.length], 'event', about));
            return true;
          };
          const settles = (): boolean => {
            const next = ends.far.events[settled];
            if (next === undefined) return false;
            if (round++ % slow !== 0) return true;
            next.settled();
            settled++;
            return true;
          };
          ends.run([emits, settles], most);
          expect(sent.map(({ outcome }) => outcome)).toEqual(values.map(() => 'answered'));
          expect(
            isDeepStrictEqual(
              ends.far.events.map(({ value }) => value),
              values,
            ),
          ).toBe(true);
          expect(ends.remains).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('wait while their handlers do, and no more of them come than their credit holds', () => {
    const ends = new TwoEnds();
    let count = 0;
    const emits = (): boolean => {
      if (!ends.near.connection.canEmit) return false;
      ends.near.emit(new Uint8Array(64));
      count++;
      return true;
    };
    ends.run([emits]);
    expect([ends.far.events.length, count]).toEqual([8, 9]);
    ends.run([emits]);
    expect(ends.far.events).toHaveLength(8);
    for (const { settled } of ends.far.events.slice(0, 2)) settled();
    ends.run([emits]);
    expect(ends.far.events).toHaveLength(10);
    // Calls are not held up by that.
    const call = ends.near.ask('unary', 1);
    ends.run();
    ends.far.answer(ends.far.request(call.id), 2);
    ends.run();
    expect(call.outcomes).toEqual([{ value: 2 }]);
  });

  test('go both ways at once, each for its own credit', () => {
    const ends = new TwoEnds();
    ends.near.emit(new Uint8Array(5000).fill(1));
    ends.far.emit(new Uint8Array(5000).fill(2));
    ends.run();
    expect(ends.far.events.map(({ value }) => value)).toEqual([new Uint8Array(5000).fill(1)]);
    expect(ends.near.events.map(({ value }) => value)).toEqual([new Uint8Array(5000).fill(2)]);
    expect([ends.near.connection.canEmit, ends.far.connection.canEmit]).toEqual([true, true]);
  });
});
