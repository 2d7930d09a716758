import { expect, test } from 'vitest';
import { RpcError } from './rpc-error.ts';
import { fromWire, toWire } from './wire-error.ts';

test('an error crosses without its cause, stack and method', () => {
  const error = new RpcError('NOT_FOUND', 'No user 7.', { cause: new Error('secret'), method: 'secret' });
  expect(toWire(error)).toEqual({ code: 5, message: 'No user 7.', ran: true });
});

test('only a declared error has a name and data', () => {
  expect(toWire(new RpcError('UNKNOWN', 'x', { name: 'syntax', data: { line: 3 } }))).toEqual({
    code: 2,
    message: 'x',
    ran: true,
    name: 'syntax',
    data: { line: 3 },
  });
  expect(toWire(new RpcError('UNKNOWN', 'x', { data: 'nobody’s' }))).toEqual({ code: 2, message: 'x', ran: true });
});

test('whether a handler was started is all that is said of the execution', () => {
  for (const [execution, ran, read] of [
    ['unknown', true, 'unknown'],
    ['rejected', false, 'rejected'],
    ['not-sent', false, 'rejected'],
  ] as const) {
    const wire = toWire(new RpcError('UNAVAILABLE', 'x', { execution }));
    expect(wire.ran).toBe(ran);
    expect(fromWire(wire).execution).toBe(read);
  }
});

test('a message that UTF-8 cannot hold is made such that it can', () => {
  expect(toWire(new RpcError('UNKNOWN', 'a\ud800b')).message).toBe('a\ufffdb');
});

test('what was said is what is heard', () => {
  for (const error of [
    new RpcError('DATA_LOSS', '', { execution: 'rejected' }),
    new RpcError('UNKNOWN', 'x', { name: 'syntax', data: new Map([[1, 2]]) }),
    new RpcError('UNKNOWN', 'x', { name: 'empty', data: undefined }),
  ]) {
    const { code, message, execution, name, data } = error;
    expect(fromWire(toWire(error))).toEqual({
      code,
      message,
      execution,
      ...(name === 'RpcError' ? {} : { name, data }),
    });
  }
});

test('what is missing, or of the wrong kind, reads as its default', () => {
  const nothing = { code: 'UNKNOWN', message: 'The other side gave no message.', execution: 'unknown' };
  for (const said of [undefined, null, 5, 'text', [], {}, new Map([['code', 5]]), new Date(0), Uint8Array.of(1)]) {
    expect(fromWire(said)).toEqual(nothing);
  }
  expect(fromWire({ code: 'NOT_FOUND', message: 5, ran: 0, name: 7, data: 8 })).toEqual(nothing);
  expect(fromWire({ code: 99, message: 'x', ran: null })).toEqual({ ...nothing, message: 'x' });
  expect(fromWire({ ran: false }).execution).toBe('rejected');
});
