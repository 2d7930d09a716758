import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EVENTS_CALL, FLAG, FRAME } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { type Limits, limitsWith } from '../wire/limits.ts';
import { Events } from './events.ts';
import { Fields } from './fields.ts';
import { Outbox } from './outbox.ts';

/** What an event costs besides its bytes. */
const COST = 64;
const WINDOW = 2000;
/** How many methods have a number. */
const NAMED = 3;

interface End {
  /** An EVENT with a body of so many bytes. */
  event(body: number): void;
  /** The first frame of an EVENT that goes on. */
  begin(total: number, body: number, raw?: boolean): void;
  chunk(body: number, more: boolean): void;
  receive(type: number, flags: number, payload: Uint8Array): void;
  /** The credit that came back since it was last asked. */
  credit(): number;
}

function endWith(limits: Partial<Limits> = {}): End {
  const outbox = new Outbox();
  const events = new Events(limitsWith({ events: WINDOW, ...limits }), outbox);
  const fields = new Fields();
  const receive = (type: number, flags: number, payload: Uint8Array): void =>
    events.receive(type, flags, fields.reset(Buffer.from(payload), 0, payload.length), NAMED);
  return {
    receive,
    event: (body) => receive(FRAME.EVENT, 0, Buffer.alloc(2 + body)),
    begin(total, body, raw = false) {
      const payload = Buffer.alloc(10 + body);
      payload.writeBigUInt64BE(BigInt(total), 2);
      receive(FRAME.EVENT, FLAG.MORE | (raw ? FLAG.RAW : 0), payload);
    },
    chunk: (body, more) => receive(FRAME.CHUNK, more ? FLAG.MORE : 0, Buffer.alloc(body)),
    credit() {
      let credit = 0;
      const decoder = new FrameDecoder(100, (type, _flags, call, bytes, start) => {
        expect([type, call]).toEqual([FRAME.CREDIT, EVENTS_CALL]);
        credit += bytes.readUInt32BE(start);
      });
      for (let piece = outbox.take(100); piece !== undefined; piece = outbox.take(100))
        decoder.push(Buffer.from(piece));
      return credit;
    },
  };
}

test('events are dropped and their credit comes back, once half of it is used', () => {
  const end = endWith();
  end.event(WINDOW / 2 - COST - 1);
  expect(end.credit()).toBe(0);
  end.event(0);
  expect(end.credit()).toBe(WINDOW / 2 - 1 + COST);
});

test('an event over its credit is refused, and one that takes all of it is not', () => {
  const whole = endWith();
  whole.event(WINDOW - COST);
  expect(whole.credit()).toBe(WINDOW);
  expect(() => endWith().event(WINDOW - COST + 1)).toThrow('an EVENT for which there was no credit (limit "events")');
  const second = endWith();
  second.event(900 - COST);
  expect(second.credit()).toBe(0);
  expect(() => second.event(WINDOW - 900 - COST + 1)).toThrow('no credit');
});

test('a sender that keeps to its credit is never refused and never stuck, whatever it sends', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }), (sizes) => {
      const end = endWith();
      let credit = WINDOW;
      for (const size of sizes) {
        let left = size;
        const first = Math.min(left, credit - COST);
        expect(first).toBeGreaterThanOrEqual(0);
        credit -= COST + first;
        left -= first;
        if (left === 0) end.event(size);
        else end.begin(size, first);
        credit += end.credit();
        while (left > 0) {
          const part = Math.min(left, credit, 700);
          expect(part).toBeGreaterThan(0);
          credit -= part;
          left -= part;
          end.chunk(part, left > 0);
          credit += end.credit();
        }
        expect(credit).toBeGreaterThan(WINDOW / 2);
        expect(credit).toBeLessThanOrEqual(WINDOW);
      }
    }),
    { numRuns: 100 },
  );
});

test('metadata of an event is passed over', () => {
  const end = endWith();
  end.receive(FRAME.EVENT, FLAG.METADATA, Buffer.from([0, 0, 0, 2, 0x80, 0x80, 0xc0]));
  expect(() => end.receive(FRAME.EVENT, FLAG.METADATA, Buffer.from([0, 0, 0, 9, 0x80]))).toThrow('too short');
});

test('an event that is longer than what is taken is refused when it is announced', () => {
  endWith({ message: 3000, bytes: 4000 }).begin(3000, 10);
  endWith({ message: 3000, bytes: 4000 }).begin(4000, 10, true);
  expect(() => endWith({ message: 3000, bytes: 4000 }).begin(3001, 10)).toThrow(
    'an event of 3001 bytes, where 3000 are taken (limit "message")',
  );
  expect(() => endWith({ message: 3000, bytes: 4000 }).begin(4001, 10, true)).toThrow('(limit "bytes")');
});

test('an event of another length than it announced is refused', () => {
  for (const parts of [
    (end: End) => end.begin(10, 10),
    (end: End) => end.begin(10, 11),
    (end: End) => {
      end.begin(10, 5);
      end.chunk(4, false);
    },
    (end: End) => {
      end.begin(10, 5);
      end.chunk(5, true);
    },
    (end: End) => {
      end.begin(10, 5);
      end.chunk(6, false);
    },
  ]) {
    expect(() => parts(endWith())).toThrow('an event of another length than it announced');
  }
});

test('one event is under way at a time', () => {
  const interleaved = endWith();
  interleaved.begin(100, 10);
  expect(() => interleaved.event(1)).toThrow('EVENT out of turn among the events');
  expect(() => endWith().chunk(1, false)).toThrow('CHUNK out of turn among the events');
  const over = endWith();
  over.begin(100, 10);
  over.chunk(90, false);
  over.event(1);
  expect(() => over.chunk(1, false)).toThrow('CHUNK out of turn among the events');
});

test('other frames are none of the events', () => {
  for (const type of [
    FRAME.ANSWER,
    FRAME.ERROR,
    FRAME.HEADER,
    FRAME.ITEMS,
    FRAME.ITEM,
    FRAME.END,
    FRAME.CANCEL,
    FRAME.STOP,
  ]) {
    expect(() => endWith().receive(type, 0, Buffer.alloc(20))).toThrow('for the events, which are none');
  }
});

test('an event for a method that has no name is refused', () => {
  endWith().receive(FRAME.EVENT, 0, Uint8Array.of(0, NAMED - 1, 0xc0));
  expect(() => endWith().receive(FRAME.EVENT, 0, Uint8Array.of(0, NAMED, 0xc0))).toThrow(
    'an EVENT for a method number that has no name',
  );
});

test('an event without the number of its method is refused', () => {
  for (const length of [0, 1])
    expect(() => endWith().receive(FRAME.EVENT, 0, Buffer.alloc(length))).toThrow('too short');
  for (const length of [2, 9])
    expect(() => endWith().receive(FRAME.EVENT, FLAG.MORE, Buffer.alloc(length))).toThrow('too short');
});
