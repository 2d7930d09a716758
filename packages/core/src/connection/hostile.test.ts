/** What a hostile other end may send, frame by frame, and what it costs this one. */
import { expect, test } from 'vitest';
import { FRAME } from '../wire/frame.ts';
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
