import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { HandlerFault } from './handler-fault.ts';

test('a log that prints what a handler did wrong says it once, with one stack and its cause', () => {
  const fault = new HandlerFault('text.uppercase', 'gave no stream', new TypeError('not iterable'));
  const lines = inspect(fault).split('\n');
  expect(lines.filter((line) => line.includes('text.uppercase gave no stream'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('[cause]: TypeError: not iterable'))).toHaveLength(1);
  expect(fault.told.message).toBe('text.uppercase gave no stream.');
});
