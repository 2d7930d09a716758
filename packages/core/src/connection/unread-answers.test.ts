/** Long requests where earlier answers have not been read. */
import { expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { ENOUGH_BYTES } from './responder.ts';
import { alone, type End } from './test-by-hand.ts';
import { u64 } from './test-frames.ts';
import { chunkFrame, creditFrame, frame, METHODS, u16 } from './test-stream-frames.ts';

/** The id of the dialer's call in this slot. */
const theirs = (slot: number): number => 2 * slot;

const short = (slot: number): Buffer => frame(FRAME.REQUEST, theirs(slot), [u16(KIND.unary)]);

/** A request of 1,000 bytes, of which one has come. */
function long(slot: number): Buffer {
  return frame(FRAME.REQUEST, theirs(slot), [u16(KIND.unary), u64(1000), 1], FLAG.MORE | FLAG.RAW);
}

function credits(end: End): string[] {
  return end.leaves().filter((frame) => frame.startsWith('CREDIT'));
}

/** One of whose answers as much waits as is enough: three, together. */
function behind(): End {
  const end = alone({ remote: { message: 2 * ENOUGH_BYTES } });
  end.receive(METHODS, short(0), short(1), short(2));
  for (const call of [...end.requests]) end.answer(call, 'x'.repeat(ENOUGH_BYTES / 3));
  return end;
}

test('one who does not read its long answers has no further long request let on, until it does', () => {
  const end = behind();
  end.receive(long(3), long(4));
  expect(credits(end)).toEqual([]);
  end.receive(creditFrame(theirs(0), 2 ** 30));
  expect(credits(end)).toEqual(['CREDIT 6 999', 'CREDIT 8 999']);
  expect(end.closed).toEqual([]);
});

test('a long request that has been let on goes on, whatever waits by then', () => {
  const end = alone({ remote: { message: 2 * ENOUGH_BYTES } });
  end.receive(METHODS, long(0), long(1));
  expect(credits(end)).toEqual(['CREDIT 0 999', 'CREDIT 2 999']);
  end.receive(short(2), chunkFrame(theirs(0), 999, false));
  end.answer(end.request(theirs(2)), 'x'.repeat(ENOUGH_BYTES));
  end.receive(long(3), chunkFrame(theirs(1), 999, false));
  expect(end.told).toEqual(['request 4', 'request 0', 'request 2']);
  expect(credits(end)).toEqual([]);
});

test('long answers to calls of this end are let on meanwhile, as handlers may wait for them', () => {
  const end = behind();
  const own = end.ask('unary');
  end.receive(long(3));
  end.receive(frame(FRAME.ANSWER, own.id, [u64(1000), 1], FLAG.MORE | FLAG.RAW));
  expect(credits(end)).toEqual([`CREDIT ${own.id} 999`]);
});

test('a request is let on once answers are not wanted any more', () => {
  const end = behind();
  end.receive(long(3));
  expect(credits(end)).toEqual([]);
  end.receive(frame(FRAME.CANCEL, theirs(1), [1]));
  expect(credits(end)).toEqual(['CREDIT 6 999']);
});
