import { expect, test } from 'vitest';
import { handOverMessage, isHandOverMessage } from '../src/hand-over/hand-over-message.ts';

test('a step of a hand-over is known by its mark', () => {
  expect(isHandOverMessage(handOverMessage({ step: 'request', id: undefined }))).toBe(true);
  expect(isHandOverMessage(handOverMessage({ step: 'failed', id: 'a', why: 'no' }))).toBe(true);
  for (const none of [undefined, null, 5, 'hand-over/1', {}, { nearcall: 'hand-over/2' }, [1]]) {
    expect(isHandOverMessage(none)).toBe(false);
  }
});

test.each(['id', 'why', 'address'])('one whose %s is no text, and cannot be put into words, is none', (key) => {
  const message = { ...handOverMessage({ step: 'failed', id: 'a', why: 'no' }), [key]: { toString: 1, valueOf: 1 } };
  expect(isHandOverMessage(message)).toBe(false);
});
