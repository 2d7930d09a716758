import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EVENTS_CALL, FLAG, FRAME } from '../wire/frame.ts';
import { FrameWriter } from '../wire/frame-writer.ts';
import { ITEM_COST, Parcel } from './parcel.ts';
import { drain, framesOf, type Sent, u64 } from './test-frames.ts';

const WINDOW = 2000;
const CHUNK = 1024;

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7) % 251);
}

function item(body: Uint8Array, flags = 0): Parcel {
  return new Parcel(FRAME.ITEM, flags, 6, new Uint8Array(0), body);
}

function write(parcel: Parcel, credit: number, chunk = CHUNK): { cost: number; frame: Sent } {
  const frames = new FrameWriter();
  const cost = parcel.write(frames, chunk, credit);
  const [frame, ...more] = framesOf(...drain(frames));
  expect(more).toEqual([]);
  return { cost, frame: frame as Sent };
}

test('what fits a frame and its credit goes in one', () => {
  const parcel = item(bytes(100), FLAG.RAW);
  expect(parcel.fits(100 + ITEM_COST, CHUNK)).toBe(true);
  expect(parcel.affordable(100 + ITEM_COST, WINDOW, CHUNK)).toBe(true);
  expect([parcel.begun, parcel.done]).toEqual([false, false]);
  const { cost, frame } = write(parcel, 100 + ITEM_COST);
  expect(cost).toBe(100 + ITEM_COST);
  expect(frame).toEqual({ type: 'ITEM', flags: FLAG.RAW, call: 6, payload: Buffer.from(bytes(100)) });
  expect([parcel.begun, parcel.done]).toEqual([true, true]);
});

test('what is longer than a frame goes in several, with its length first', () => {
  const parcel = item(bytes(2500));
  const first = write(parcel, 10_000);
  expect(first.cost).toBe(CHUNK - 8 + ITEM_COST);
  expect(first.frame).toEqual({
    type: 'ITEM',
    flags: FLAG.MORE,
    call: 6,
    payload: Buffer.concat([u64(2500), bytes(2500).subarray(0, 1016)]),
  });
  const second = write(parcel, 10_000);
  expect([second.cost, second.frame.type, second.frame.flags]).toEqual([CHUNK, 'CHUNK', FLAG.MORE]);
  expect(parcel.done).toBe(false);
  const third = write(parcel, 10_000);
  expect([third.cost, third.frame.type, third.frame.flags]).toEqual([460, 'CHUNK', 0]);
  expect(parcel.done).toBe(true);
});

test('its prologue stands in the first frame alone, before its length, and costs nothing', () => {
  const prologue = Uint8Array.of(0, 7);
  const one = new Parcel(FRAME.EVENT, 0, EVENTS_CALL, prologue, bytes(1022));
  expect(one.fits(10_000, CHUNK)).toBe(true);
  expect(write(one, 10_000)).toMatchObject({ cost: 1022 + ITEM_COST, frame: { type: 'EVENT', call: EVENTS_CALL } });
  const two = new Parcel(FRAME.EVENT, 0, EVENTS_CALL, prologue, bytes(1023));
  expect(two.fits(10_000, CHUNK)).toBe(false);
  const { cost, frame } = write(two, 10_000);
  expect(cost).toBe(1014 + ITEM_COST);
  expect([...frame.payload.subarray(0, 10)]).toEqual([0, 7, ...u64(1023)]);
  expect(frame.payload).toHaveLength(CHUNK);
});

test('what its receiver is sure to have room for waits until it goes whole', () => {
  const parcel = item(bytes(WINDOW / 2 - ITEM_COST));
  for (const credit of [0, 1, ITEM_COST, ITEM_COST + 1, WINDOW / 2 - 1]) {
    expect(parcel.affordable(credit, WINDOW, CHUNK), `${credit}`).toBe(false);
  }
  expect(parcel.affordable(WINDOW / 2, WINDOW, CHUNK)).toBe(true);
});

test('what is longer than that goes in parts, as soon as there is credit for more than beginning', () => {
  for (const parcel of [item(bytes(WINDOW / 2 - ITEM_COST + 1)), item(bytes(50_000))]) {
    expect(parcel.affordable(ITEM_COST, WINDOW, CHUNK)).toBe(false);
    expect(parcel.affordable(ITEM_COST + 1, WINDOW, CHUNK)).toBe(true);
    expect(write(parcel, ITEM_COST + 1)).toMatchObject({ cost: ITEM_COST + 1, frame: { flags: FLAG.MORE } });
    expect(parcel.affordable(0, WINDOW, CHUNK)).toBe(false);
    expect(parcel.affordable(1, WINDOW, CHUNK)).toBe(true);
  }
});

test('an empty one has a frame, too', () => {
  const parcel = item(new Uint8Array(0));
  expect(parcel.affordable(ITEM_COST - 1, WINDOW, CHUNK)).toBe(false);
  expect(parcel.affordable(ITEM_COST, WINDOW, CHUNK)).toBe(true);
  expect(write(parcel, ITEM_COST)).toMatchObject({ cost: ITEM_COST, frame: { flags: 0, payload: Buffer.alloc(0) } });
  expect(parcel.done).toBe(true);
});

test('however credit comes, it arrives whole within it, and is never stuck with a window of credit', () => {
  fc.assert(
    fc.property(
      fc.nat(6000),
      fc.nat(60),
      fc.array(fc.nat(900), { maxLength: 12 }),
      fc.integer({ min: 1024, max: 4000 }),
      (length, before, grants, window) => {
        const body = bytes(length);
        const parcel = new Parcel(FRAME.EVENT, 0, EVENTS_CALL, new Uint8Array(before).fill(9), body);
        let credit = 0;
        let arrived = Buffer.alloc(0);
        const queue = [...grants];
        while (!parcel.done) {
          // At the end its receiver has read everything and grants all that it may.
          credit = Math.min(window, credit + (queue.shift() ?? window));
          while (!parcel.done && parcel.affordable(credit, window, CHUNK)) {
            const { cost, frame } = write(parcel, credit);
            credit -= cost;
            expect(credit).toBeGreaterThanOrEqual(0);
            expect(frame.payload.length).toBeLessThanOrEqual(CHUNK);
            expect((frame.flags & FLAG.MORE) === 0).toBe(parcel.done);
            const head = frame.type === 'EVENT' ? before + (parcel.done ? 0 : 8) : 0;
            if (frame.type === 'CHUNK') expect(frame.payload.length).toBeGreaterThan(0);
            arrived = Buffer.concat([arrived, frame.payload.subarray(head)]);
          }
          if (queue.length === 0 && credit === window) expect(parcel.done).toBe(true);
        }
        expect(arrived.equals(body)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
