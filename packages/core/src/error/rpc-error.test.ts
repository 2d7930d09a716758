import { expect, test } from 'vitest';
import { RpcError } from './rpc-error.ts';

test('an error carries what it was made of', () => {
  const cause = new Error('inner');
  const error = new RpcError('NOT_FOUND', 'No user 7.', {
    execution: 'rejected',
    name: 'missing',
    data: { id: 7 },
    method: 'users.get',
    metadata: { retry: 'never' },
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect({ ...error, message: error.message, cause: error.cause }).toEqual({
    code: 'NOT_FOUND',
    message: 'No user 7.',
    execution: 'rejected',
    name: 'missing',
    data: { id: 7 },
    method: 'users.get',
    metadata: { retry: 'never' },
    cause,
  });
});

test('an error of which nothing more is known may have run', () => {
  const error = new RpcError('ABORTED', 'No.');
  expect(error).toMatchObject({
    name: 'RpcError',
    code: 'ABORTED',
    execution: 'unknown',
    data: undefined,
    method: undefined,
    metadata: {},
  });
  expect('cause' in error).toBe(false);
  expect(error.stack).toContain('rpc-error.test.ts');
});

test('its text begins with its name', () => {
  expect(String(new RpcError('ABORTED', 'No.'))).toBe('RpcError: No.');
  expect(String(new RpcError('UNKNOWN', 'Line 3.', { name: 'syntax' }))).toBe('syntax: Line 3.');
});

test('from gives an RpcError back as it is', () => {
  const error = new RpcError('ABORTED', 'No.');
  expect(RpcError.from(error)).toBe(error);
});

test('from knows an abort and a time-out', async () => {
  const aborted = AbortSignal.abort().reason as unknown;
  expect(RpcError.from(aborted)).toMatchObject({ code: 'CANCELLED', cause: aborted });
  const late = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  expect(RpcError.from(late)).toMatchObject({ code: 'DEADLINE_EXCEEDED', cause: late, message: late.message });
  const named = Object.assign(new Error('x'), { name: 'AbortError' });
  expect(RpcError.from(named).code).toBe('CANCELLED');
});

test('from gives everything else as UNKNOWN, with the thing itself as the cause', () => {
  for (const [thrown, message] of [
    [new TypeError('bad'), 'bad'],
    ['text', 'text'],
    [5, '5'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [{ name: 'AbortError' }, '[object Object]'],
  ] as const) {
    const error = RpcError.from(thrown);
    expect(error).toMatchObject({ code: 'UNKNOWN', message, execution: 'unknown', name: 'RpcError' });
    expect(error.cause).toBe(thrown);
  }
});

test('from gives an RpcError whatever was thrown', () => {
  const hostile = {
    toString(): string {
      throw new Error('no text');
    },
  };
  for (const thrown of [hostile, Object.create(null)]) {
    expect(RpcError.from(thrown)).toMatchObject({ code: 'UNKNOWN', execution: 'unknown' });
  }
});
