import { expect, test } from 'vitest';
import { FRAME } from '../wire/frame.ts';
import { QUEUE_BYTES } from './outbox.ts';
import { type End, open } from './test-ends.ts';
import { drain, frame, framesOf } from './test-frames.ts';

/** An acceptor whose hello is over, and a method that has the number 0. */
function acceptor(): End {
  const end = open('acceptor', {}, {});
  end.receive(frame(FRAME.METHOD, 0, [0, 0, 0, 1, 's', 1, 'm']));
  return end;
}

function request(slot: number): Buffer {
  return frame(FRAME.REQUEST, slot * 2, [0, 0]);
}

/** The calls that were answered in what is taken now, and how many bytes waited. */
function read(end: End): { answered: number[]; errors: number[]; bytes: number } {
  const pieces = drain(end);
  const frames = framesOf(...pieces);
  const slots = (type: string): number[] => frames.filter((sent) => sent.type === type).map(({ call }) => call / 2);
  return {
    answered: slots('ANSWER'),
    errors: slots('ERROR'),
    bytes: pieces.reduce((sum, { length }) => sum + length, 0),
  };
}

const answer = 'x'.repeat(20_000);

test('answers wait unwritten for one who does not read, and hold their calls open until they are written', () => {
  const end = acceptor();
  for (let slot = 0; slot < 1024; slot++) end.receive(request(slot));
  for (const call of end.requests) end.answer(call, answer);
  const fit = Math.ceil(QUEUE_BYTES / answer.length);
  // Those that were written gave their slots back; the others have not.
  expect(end.serving).toBeGreaterThan(1024 - fit - 10);
  expect(end.serving).toBeLessThan(1024 - fit + 10);
  const { answered } = read(end);
  expect(answered).toEqual(Array.from({ length: 1024 }, (_, slot) => slot));
  expect(end.serving).toBe(0);
});

test('one who makes calls again and again and reads no answer is refused the slots that it has not read', () => {
  const end = acceptor();
  for (let round = 0; end.closed.length === 0 && round < 100; round++) {
    for (let slot = 0; slot < 100; slot++) end.receive(request(slot));
    for (const call of end.requests.splice(0)) end.answer(call, answer);
  }
  expect(end.closed[0]?.message).toContain('which is open');
  expect(read(end).bytes).toBeLessThan(QUEUE_BYTES + 100_000);
});

test('errors wait as answers do', () => {
  const end = acceptor();
  end.connection.drain();
  for (let slot = 0; slot < 1024; slot++) end.receive(request(slot));
  expect(read(end).errors).toHaveLength(1024);
});

test('an answer that waits is given up with its call', () => {
  const end = acceptor();
  for (let slot = 0; slot < 1024; slot++) end.receive(request(slot));
  for (const call of end.requests) end.answer(call, answer);
  end.receive(frame(FRAME.CANCEL, 1023 * 2, [1]));
  const { answered, errors } = read(end);
  expect([answered.length, errors]).toEqual([1023, [1023]]);
  expect(end.serving).toBe(0);
});

test('one who sends pings and reads nothing is broken off, before much memory is gone', () => {
  const end = acceptor();
  const pings = Buffer.concat(new Array<Buffer>(3000).fill(frame(FRAME.PING, 0, [new Uint8Array(8)])));
  for (let round = 0; end.closed.length === 0 && round < 1000; round++) end.receive(pings);
  expect(end.closed[0]?.message).toContain('more frames than it read the answers to');
  expect(read(end).bytes).toBeLessThan(2 * QUEUE_BYTES + 2 ** 20 + 200_000);
});
