import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { Budget, type Budgets } from './budget.ts';
import type { IncomingCall } from './call.ts';
import { alone, type End } from './test-by-hand.ts';
import { u64 } from './test-frames.ts';
import {
  creditFrame,
  frame,
  inShort,
  itemsFrame,
  longItem,
  METHODS,
  methodFrame,
  says,
  u16,
} from './test-stream-frames.ts';

const { MORE, RAW, NESTED } = FLAG;
const LOCAL = { chunk: 1024, window: 1024, events: 1024 };
const KINDS = ['unary', 'serverStream', 'clientStream', 'duplex'] as const;

interface Client {
  readonly end: End;
  readonly budgets: Budgets;
}

/** One connection of a server, which has so much for all of them. */
function client(calls: number, queued = 5000, budgets?: Budgets, remote: object = LOCAL): Client {
  const shared = budgets ?? { calls: new Budget(calls), queued: new Budget(queued) };
  const end = alone({ local: LOCAL, remote, budgets: shared });
  end.receive(METHODS, methodFrame(5, KIND.duplex, 'unknown'));
  return { end, budgets: shared };
}

function asks(id: number, kind: number): Buffer {
  return frame(FRAME.REQUEST, id, [u16(kind), 5]);
}

function used({ budgets }: Client): readonly [calls: number, queued: number] {
  return [budgets.calls.used, budgets.queued.used];
}

/** All the ways in which a call of any kind can end at the end that was called. */
const ENDINGS: readonly (readonly [string, (end: End, request: IncomingCall<string>) => void])[] = [
  ['it is answered', (end, request) => end.answer(request, 1)],
  [
    'it is answered behind items that wait for credit',
    (end, request) => {
      request.outflow?.add(new Uint8Array(5000));
      end.answer(request, 1);
      end.sent();
      end.receive(creditFrame(0, 10_000));
      end.sent();
    },
  ],
  ['it fails', (end, request) => end.fail(request, new RpcError('ABORTED', 'No.'))],
  [
    'it fails in the middle of what it sends',
    (end, request) => {
      request.outflow?.add(new Uint8Array(5000));
      end.sent();
      end.fail(request, new RpcError('ABORTED', 'No.'));
      end.receive(creditFrame(0, 10_000));
      end.sent();
    },
  ],
  [
    'its caller cancels, and its handler returns',
    (end, request) => {
      end.receive(frame(FRAME.CANCEL, 0, [1]));
      end.answer(request, 1);
    },
  ],
  [
    'its caller cancels what is not sent yet',
    (end, request) => {
      request.outflow?.add(new Uint8Array(5000));
      end.answer(request, new Uint8Array(5000));
      end.sent();
      end.receive(frame(FRAME.CANCEL, 0, [1]));
    },
  ],
  [
    'its caller cancels twice, and its handler answers twice',
    (end, request) => {
      end.receive(frame(FRAME.CANCEL, 0, [1]), frame(FRAME.CANCEL, 0, [1]));
      end.answer(request, 1);
      end.fail(request, new RpcError('ABORTED', 'No.'));
    },
  ],
  [
    'the other end leaves, and its handler returns',
    (end, request) => {
      request.outflow?.add(new Uint8Array(5000));
      end.connection.ended();
      end.answer(request, 1);
      end.sent();
    },
  ],
  ['the connection is broken off', (end) => end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'))],
  [
    'the connection breaks while its answer waits',
    (end, request) => {
      request.outflow?.add(new Uint8Array(5000));
      end.answer(request, ['x'.repeat(3000)]);
      end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    },
  ],
  ['the other end breaks the protocol', (end) => end.receive(frame(FRAME.ITEMS, 400, [0x91, 1]))],
];

describe.each(ENDINGS)(
  'the place of a call among those of all connections is given back, once, when %s:',
  (_, over) => {
    test.each(KINDS)('%s', (kind) => {
      const made = client(2);
      const { end, budgets } = made;
      end.receive(asks(0, KIND[kind]), asks(2, KIND.duplex));
      expect(used(made)).toEqual([2, 0]);
      const request = end.request(0);
      over(end, request);
      const closed = end.connection.phase === 'closed';
      expect(used(made)).toEqual([closed ? 0 : 1, 0]);
      // Nothing that follows gives it back again.
      end.answer(request, 2);
      end.stop(request);
      end.receive(frame(FRAME.CANCEL, 0, [1]));
      end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
      end.connection.ended();
      expect([used(made), budgets.calls.take(2)]).toEqual([[0, 0], true]);
    });
  },
);

describe('the calls of all connections together', () => {
  test('are so many, of whatever kind, and one more is turned away before it runs', () => {
    for (const kind of KINDS) {
      const one = client(3);
      const other = client(0, 0, one.budgets);
      one.end.receive(asks(0, KIND.serverStream), asks(2, KIND.unary));
      other.end.receive(asks(0, KIND.duplex), asks(2, KIND[kind]));
      expect([one.end.told.length, other.end.told.length]).toEqual([2, 1]);
      expect(other.end.sent().map(says)).toEqual([
        { code: 8, message: 'The server has 3 calls open on all its connections already (limit "calls").', ran: false },
      ]);
      // It is an error of this call alone, and what comes of its input is passed over.
      if (kind === 'clientStream' || kind === 'duplex') {
        other.end.receive(itemsFrame(2, 1), longItem(2, 500, 100), frame(FRAME.CANCEL, 2, [1]));
      }
      expect([other.end.open, other.end.closed, used(one)]).toEqual([[0, 1], [], [3, 0]]);
      one.end.answer(one.end.request(2), 1);
      other.end.receive(asks(2, KIND[kind]));
      expect([other.end.told.length, used(one)]).toEqual([2, [3, 0]]);
    }
  });

  test('do not count those that are turned away, for whatever reason', () => {
    const made = client(5);
    const { end } = made;
    end.receive(
      asks(0, 5),
      asks(2, KIND.event),
      frame(FRAME.REQUEST, 4, [u16(KIND.serverStream), 65, 5], NESTED),
      frame(FRAME.REQUEST, 6, [u16(KIND.serverStream), 0xc1]),
    );
    expect([used(made), end.told, end.sent().length]).toEqual([[0, 0], [], 4]);
    end.connection.drain();
    end.receive(asks(8, KIND.duplex));
    expect([used(made), end.told]).toEqual([[0, 0], ['draining']]);
  });

  test('count a call whose request is not whole, until it is given up', () => {
    for (const kind of [KIND.unary, KIND.serverStream]) {
      for (const over of [
        (end: End) => end.receive(frame(FRAME.CANCEL, 0, [1])),
        (end: End) => end.connection.ended(),
        (end: End) => end.connection.abort(new RpcError('UNAVAILABLE', 'Over.')),
      ]) {
        const made = client(1);
        made.end.receive(frame(FRAME.REQUEST, 0, [u16(kind), u64(3000), 1], MORE));
        expect(used(made)).toEqual([1, 0]);
        over(made.end);
        expect([used(made), made.end.told.filter((line) => line.startsWith('request'))]).toEqual([[0, 0], []]);
        expect(made.end.open).toEqual([0, 0]);
      }
    }
  });

  test('do not count one that is answered, though its caller has still to end his half', () => {
    const made = client(1);
    const { end } = made;
    end.receive(asks(0, KIND.clientStream));
    end.answer(end.request(0), 1);
    expect([used(made), end.open]).toEqual([
      [0, 0],
      [0, 1],
    ]);
    end.receive(asks(2, KIND.clientStream));
    expect([used(made), end.open]).toEqual([
      [1, 0],
      [0, 2],
    ]);
    end.receive(frame(FRAME.END, 0));
    expect([used(made), end.open]).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test('count no events', () => {
    const made = client(1);
    made.end.receive(frame(FRAME.EVENT, 0xffff_ffff, [u16(4), 5]), asks(0, KIND.unary));
    expect([used(made), made.end.told]).toEqual([
      [1, 0],
      ['event s.event', 'request 0'],
    ]);
  });
});

describe('the bytes of answers that wait', () => {
  const long = ['x'.repeat(2995)];

  test('are those of long answers, and not those of streams, of short ones, or of Uint8Arrays', () => {
    const made = client(10);
    const { end } = made;
    end.receive(asks(0, KIND.unary), asks(2, KIND.clientStream), asks(4, KIND.unary), asks(6, KIND.serverStream));
    end.answer(end.request(0), 'x'.repeat(900));
    end.answer(end.request(4), new Uint8Array(20_000));
    end.request(6).outflow?.add(new Uint8Array(20_000));
    expect(used(made)[1]).toBe(0);
    end.answer(end.request(2), long);
    expect(used(made)[1]).toBe(2999);
    end.receive(creditFrame(2, 5000));
    expect(end.sent().map(inShort)).toContain('CHUNK 2 959');
    expect(used(made)).toEqual([2, 0]);
    // Its caller closes his half, and nothing is given back again.
    end.receive(frame(FRAME.CANCEL, 2, [1]));
    expect(used(made)).toEqual([2, 0]);
  });

  test('are limited for all connections together: an answer beyond that throws, and its call is still open', () => {
    for (const kind of [KIND.unary, KIND.clientStream]) {
      const one = client(10);
      const other = client(0, 0, one.budgets);
      one.end.receive(asks(0, KIND.unary));
      other.end.receive(asks(0, kind), asks(2, kind));
      one.end.answer(one.end.request(0), long);
      expect(() => other.end.answer(other.end.request(0), long)).toThrow(
        expect.objectContaining({
          code: 'RESOURCE_EXHAUSTED',
          message: 'with it more than 5000 bytes of answers would wait for their readers (limit "queued")',
        }),
      );
      expect([other.end.leaves(), used(one)]).toEqual([[], [3, 2999]]);
      other.end.answer(other.end.request(2), ['x'.repeat(1500)]);
      other.end.fail(other.end.request(0), new RpcError('RESOURCE_EXHAUSTED', 'Too much.'));
      one.end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
      expect(used(one)).toEqual([1, 1504]);
      other.end.receive(frame(FRAME.CANCEL, 2, [1]));
      expect(used(one)).toEqual([0, 0]);
    }
  });

  test('let one answer pass that is longer than all of it, where nothing waits', () => {
    const made = client(10);
    made.end.receive(asks(0, KIND.unary), asks(2, KIND.unary));
    made.end.answer(made.end.request(0), ['x'.repeat(20_000)]);
    expect(() => made.end.answer(made.end.request(2), long)).toThrow('(limit "queued")');
    made.end.receive(frame(FRAME.CANCEL, 0, [1]));
    made.end.answer(made.end.request(2), long);
    expect(used(made)).toEqual([1, 2999]);
  });

  test('are given back when the last of them has left, and not before', () => {
    const made = client(10);
    const { end } = made;
    end.receive(asks(0, KIND.unary));
    end.answer(end.request(0), long);
    end.receive(creditFrame(0, 1900));
    end.sent();
    expect(used(made)).toEqual([1, 2999]);
    end.receive(creditFrame(0, 1900));
    end.sent();
    expect(used(made)).toEqual([0, 0]);
  });

  test('count a short answer, too, that waits because nothing is read', () => {
    const made = client(1000, 100_000, undefined, {});
    const { end } = made;
    for (let id = 0; id < 20; id += 2) end.receive(asks(id, KIND.unary));
    while (end.connection.canCall) end.ask('unary', new Uint8Array(60_000));
    for (const request of end.requests) end.answer(request, ['x'.repeat(496)]);
    expect(used(made)).toEqual([10, 5000]);
    // One is given up meanwhile: the others keep theirs.
    end.receive(frame(FRAME.CANCEL, 0, [1]));
    end.sent();
    expect(used(made)).toEqual([0, 0]);
  });
});

test('a raw answer that is long is not counted, also where its caller gives it up', () => {
  const made = client(1);
  made.end.receive(asks(0, KIND.unary));
  made.end.answer(made.end.request(0), new Uint8Array(9000));
  expect(used(made)).toEqual([1, 0]);
  expect(made.end.sent()[0]?.flags).toBe(MORE | RAW);
  made.end.receive(frame(FRAME.CANCEL, 0, [1]));
  expect(used(made)).toEqual([0, 0]);
});
