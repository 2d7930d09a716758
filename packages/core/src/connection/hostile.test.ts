/** What a hostile other end may send, frame by frame, and what it costs this one. */
import { expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { FRAME } from '../wire/frame.ts';
import { Budget } from './budget.ts';
import { HELD_BYTES } from './responder.ts';
import { open } from './test-ends.ts';
import { drain, frame } from './test-frames.ts';

const METHOD = frame(FRAME.METHOD, 0, [0, 0, 0, 1, 's', 1, 'm']);

test('a request that fails costs no more memory than its error is long', () => {
  const end = open('acceptor', {}, {});
  end.receive(METHOD);
  const malformed = frame(FRAME.REQUEST, 0, [0, 0, 0xc1]);
  end.receive(Buffer.concat(new Array<Buffer>(5000).fill(malformed)));
  const pieces = drain(end.connection);
  const memory = new Set(pieces.map(({ buffer }) => buffer));
  const held = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const said = pieces.reduce((sum, { length }) => sum + length, 0);
  expect(said).toBeGreaterThan(5000 * 50);
  expect(held).toBeLessThan(2 * said);
});

test('one who reads no answers has 128 MiB of them held, of which others lose nothing, and gets no more', () => {
  const budgets = { calls: new Budget(1000), queued: new Budget(2 * HELD_BYTES) };
  const end = open('acceptor', {}, { message: 2 ** 30 }, { budgets });
  const other = open('acceptor', {}, {}, { budgets });
  const answer = 'x'.repeat(16_000_000);
  const ask = (to: typeof end, slot: number): void => to.receive(frame(FRAME.REQUEST, slot * 2, [0, 0]));
  for (const one of [end, other]) one.receive(METHOD);
  for (let slot = 0; slot < 9; slot++) ask(end, slot);
  for (const call of end.requests.slice(0, 8)) end.answer(call, answer);
  expect(() => end.answer(end.requests[8], answer)).toThrow('would wait on this connection');
  ask(other, 0);
  other.answer(other.requests[0], answer);
  expect(budgets.queued.used).toBeGreaterThan(9 * answer.length);
  // What it gives up makes room.
  end.receive(frame(FRAME.CANCEL, 0, [1]));
  end.answer(end.requests[8], answer);
  end.connection.abort(new RpcError('UNAVAILABLE', 'over'));
  other.connection.abort(new RpcError('UNAVAILABLE', 'over'));
  expect(budgets.queued.used).toBe(0);
});
