import { describe, expect, test } from 'vitest';
import type { Metadata } from '../error/metadata.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FRAME } from '../wire/frame.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { encodeMetadata } from '../wire/metadata.ts';
import type { IncomingCall } from './call.ts';
import { QUEUE_BYTES } from './outbox.ts';
import { Asked, alone, type End } from './test-by-hand.ts';
import { frame, METHODS, u16 } from './test-stream-frames.ts';
import { TwoEnds } from './test-two-ends.ts';
import { Trailer } from './trailer.ts';

const KINDS = ['unary', 'serverStream', 'clientStream', 'duplex'] as const;
const META = { text: 'größe 😀', bytes: new Uint8Array([0xab]), '': '' };

/** Keeps what came along with its answer. */
class Listening extends Asked {
  readonly came: unknown[] = [];

  override headerCame(metadata: Metadata | undefined): void {
    this.came.push(metadata === undefined ? 'none' : { ...metadata });
  }
}

function ask(end: End, kind: (typeof KINDS)[number], input?: unknown): Listening {
  const call = new Listening();
  end.connection.exchange.request(call, end.route(KINDS.indexOf(kind) as 0, kind), input, Number.POSITIVE_INFINITY);
  return call;
}

function header(end: End, call: IncomingCall<string>, metadata: Metadata): void {
  end.connection.exchange.responder.header(call, encodeMetadata(metadata, DEFAULT_LIMITS));
}

function trailer(metadata: Metadata): Trailer {
  return new Trailer(metadata, undefined, DEFAULT_LIMITS);
}

/** One call that has come to an end that is driven by hand. */
function served(kind: (typeof KINDS)[number]): { end: End; call: IncomingCall<string> } {
  const end = alone();
  const input = kind === 'unary' || kind === 'serverStream' ? [5] : [];
  end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(KINDS.indexOf(kind)), ...input]));
  return { end, call: end.request(0) };
}

describe.each(KINDS)('what goes along with an answer: %s', (kind) => {
  test('comes as it was given: the header ahead of it, the trailer with it', () => {
    const ends = new TwoEnds();
    const call = ask(ends.near, kind, 1);
    ends.run();
    const request = ends.far.request(call.id);
    header(ends.far, request, META);
    ends.run();
    expect([call.came, call.outcome]).toEqual([[META], 'none']);
    request.outflow?.add('item');
    ends.run();
    request.trailer = trailer({ b: 'c' });
    ends.far.answer(request, call.inflow === undefined ? 'text' : undefined);
    if (call.outflow !== undefined) ends.near.end(call);
    call.inflow?.next();
    ends.run();
    expect([call.came, call.outcome, { ...call.trailer }]).toEqual([[META], 'answered', { b: 'c' }]);
    expect(ends.remains).toEqual([]);
  });

  test('comes with an error, joined with its own metadata, of which that of the error stands', () => {
    const ends = new TwoEnds();
    const call = ask(ends.near, kind, 1);
    ends.run();
    const request = ends.far.request(call.id);
    request.trailer = trailer({ a: 'trailer', b: 'trailer' });
    ends.far.fail(request, new RpcError('ABORTED', 'No.', { metadata: { b: 'error', c: 'error' } }));
    ends.run();
    expect(call.outcomes).toMatchObject([{ code: 'ABORTED', metadata: { a: 'trailer', b: 'error', c: 'error' } }]);
    expect(ends.remains).toEqual([]);
  });

  test('costs no byte where there is none', () => {
    const { end, call } = served(kind);
    end.answer(call, call.outflow === undefined ? 'text' : undefined);
    expect(end.sent().map(({ type, flags }) => [type, flags])).toEqual([[FRAME.ANSWER, 0]]);
  });

  test('is not sent to a caller that has given up', () => {
    const { end, call } = served(kind);
    end.receive(frame(FRAME.CANCEL, 0, [1]));
    header(end, call, { a: 'b' });
    call.trailer = trailer({ a: 'b' });
    end.fail(call, new RpcError('ABORTED', 'No.'));
    expect(end.sent().map(({ type, flags }) => [type, flags])).toEqual([[FRAME.ERROR, 0]]);
  });

  test('waits where the other end is slow to read, and still goes first', () => {
    const { end, call } = served(kind);
    const { exchange } = end.connection;
    // As much as is written at most, of another call's.
    end.receive(frame(FRAME.REQUEST, 2, [u16(0), 5]));
    const other = end.request(2);
    other.outflow = undefined;
    const part = 60_000;
    for (let i = 0; i * part < QUEUE_BYTES; i++) {
      end.receive(frame(FRAME.REQUEST, 4 + 2 * i, [u16(0), 5]));
      end.answer(end.request(4 + 2 * i), 'x'.repeat(part));
    }
    header(end, call, { a: 'b' });
    exchange.responder.fail(call, new RpcError('ABORTED', 'No.'));
    const types = end.sent().filter((sent) => sent.call === 0);
    expect(types.map(({ type }) => type)).toEqual([FRAME.HEADER, FRAME.ERROR]);
  });
});

test('a header and a trailer stand on the wire as the page says', () => {
  const { end, call } = served('unary');
  header(end, call, { a: 'b' });
  call.trailer = trailer({ a: 'b' });
  end.answer(call, 'x');
  expect(end.sent().map(({ payload }) => payload.toString('hex'))).toEqual(['81a161a162', '000581a161a162a178']);
});

test.each([
  ['text', 'text'],
  ['a number', 5],
  ['bytes', new Uint8Array(3)],
  ['long text', 'x'.repeat(5000)],
  ['long bytes', new Uint8Array(5000).fill(7)],
])('a trailer comes with an answer of any form: %s', (_, answer) => {
  const ends = new TwoEnds();
  const call = ask(ends.near, 'unary', 1);
  ends.run();
  const request = ends.far.request(call.id);
  request.trailer = trailer({ a: 'b'.repeat(900) });
  ends.far.answer(request, answer);
  ends.run();
  expect(call.outcomes).toEqual([{ value: answer }]);
  expect(call.trailer?.['a']).toHaveLength(900);
  expect(ends.remains).toEqual([]);
});

test('of a stream that sends no header, its first item says that none comes', () => {
  const ends = new TwoEnds();
  const call = ask(ends.near, 'serverStream', 1);
  ends.run();
  const request = ends.far.request(call.id);
  for (let i = 0; i < 3; i++) {
    request.outflow?.add(i);
    ends.run();
  }
  expect(call.came).toEqual(['none']);
});

test('an item that has been given counts as begun, whether it has left or not', () => {
  const ends = new TwoEnds();
  const call = ask(ends.near, 'serverStream', 1);
  ends.run();
  const { outflow } = ends.far.request(call.id);
  expect(outflow?.begun).toBe(false);
  outflow?.add(1);
  expect(outflow?.begun).toBe(true);
  ends.run();
  expect(outflow?.begun).toBe(true);
});

test('where the trailer does not fit beside the metadata of an error, that of the error comes', () => {
  const ends = new TwoEnds({ local: { metadata: 100 } });
  const call = ask(ends.near, 'unary', 1);
  const alike = ask(ends.near, 'unary', 2);
  ends.run();
  for (const asked of [call, alike]) {
    ends.far.request(asked.id).trailer = trailer({ a: 'a'.repeat(60) });
  }
  ends.far.fail(ends.far.request(call.id), new RpcError('ABORTED', 'No.', { metadata: { b: 'b'.repeat(60) } }));
  ends.far.fail(ends.far.request(alike.id), new RpcError('ABORTED', 'No.', { metadata: { b: 'b'.repeat(200) } }));
  ends.run();
  const keys = [call, alike].map(({ outcomes: [failed] }) => Object.keys((failed as RpcError).metadata));
  expect(keys).toEqual([['b'], ['a']]);
});
