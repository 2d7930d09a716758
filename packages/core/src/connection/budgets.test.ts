import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FRAME } from '../wire/frame.ts';
import { Budget, type Budgets } from './budget.ts';
import { QUEUE_BYTES } from './outbox.ts';
import { type End, open } from './test-ends.ts';
import { bytesOf, frame, type Part, u64 } from './test-frames.ts';

/** The connections of one server, each with a dialer that writes its frames by hand. */
function clients(count: number, calls: number, queued = Number.POSITIVE_INFINITY): { ends: End[]; budgets: Budgets } {
  const budgets = { calls: new Budget(calls), queued: new Budget(queued) };
  const ends = Array.from({ length: count }, () => open('acceptor', { window: 1024 }, { chunk: 1024 }, { budgets }));
  for (const end of ends) {
    for (const [number, name] of ['known', 'unknown', 'stream'].entries()) {
      const kind = name === 'stream' ? KIND.duplex : KIND.unary;
      end.receive(frame(FRAME.METHOD, 0, [0, number, kind, 1, 's', name.length, name]));
    }
  }
  return { ends, budgets };
}

function asks(id: number, method = 0, ...input: Part[]): Buffer {
  return frame(FRAME.REQUEST, id, [0, method, ...input]);
}

function asksLong(id: number, total: number): Buffer {
  return frame(FRAME.REQUEST, id, [0, 0, u64(total), new Uint8Array(10)], 0x03);
}

/** What the end has sent, as `TYPE id`, with what an error says. */
function said(end: End): string[] {
  return end
    .sent()
    .map(({ type, call, payload }) =>
      type === 'ERROR' ? `ERROR ${call} ${payload.toString('latin1').replaceAll(/[^ -~]/g, '')}` : `${type} ${call}`,
    );
}

describe('the calls of a server', () => {
  test('are counted over all its connections, and those beyond are turned away before they run', () => {
    const { ends, budgets } = clients(2, 3);
    const [one, other] = ends as [End, End];
    one.receive(asks(0, 0, 5), asks(2, 0, 5));
    other.receive(asks(0, 0, 5), asks(2, 0, 5));
    expect([one.requests.length, other.requests.length, budgets.calls.used]).toEqual([2, 1, 3]);
    expect(said(other)).toEqual([
      expect.stringContaining('The server has 3 calls open on all its connections already (limit "calls").'),
    ]);
    one.answer(one.requests[0], 'done');
    expect(budgets.calls.used).toBe(2);
    other.receive(asks(2, 0, 5));
    expect(other.requests).toHaveLength(2);
  });

  test('are counted from the first frame of a request on', () => {
    const { ends, budgets } = clients(1, 1);
    const [end] = ends as [End];
    end.receive(asksLong(0, 5000), asks(2, 0, 5), asksLong(4, 5000));
    expect([end.requests.length, budgets.calls.used]).toEqual([0, 1]);
    expect(said(end).filter((line) => line.startsWith('ERROR'))).toHaveLength(2);
    // What was on its way of one that was turned away changes nothing.
    end.receive(frame(FRAME.CANCEL, 4, [1]));
    expect(budgets.calls.used).toBe(1);
  });

  test('do not count those that are turned away for another reason', () => {
    const { ends, budgets } = clients(1, 1);
    const [end] = ends as [End];
    end.receive(asks(0, 1, 5), asks(2, 0, 0xc1));
    expect(said(end)).toHaveLength(2);
    expect(budgets.calls.used).toBe(0);
  });

  test.each<[how: string, over: (end: End) => void]>([
    ['it is answered', (end) => end.answer(end.requests[0], 1)],
    ['it fails', (end) => end.fail(end.requests[0], new RpcError('ABORTED', 'no'))],
    [
      'it is cancelled and its handler has returned',
      (end) => {
        end.receive(frame(FRAME.CANCEL, 0, [1]));
        end.answer(end.requests[0], 1);
      },
    ],
    ['the connection is broken off', (end) => end.connection.abort(new RpcError('UNAVAILABLE', 'over'))],
    ['the other end breaks the protocol', (end) => end.receive(frame(0xff, 0, []))],
    [
      'the other end is gone and its handler has returned',
      (end) => {
        end.connection.ended();
        end.answer(end.requests[0], 1);
      },
    ],
    [
      'a long answer has left',
      (end) => {
        end.answer(end.requests[0], ['x'.repeat(5000)]);
        end.receive(frame(FRAME.CREDIT, 0, [bytesOf([0, 0, 0xff, 0xff])]));
        end.sent();
      },
    ],
  ])('give their places back when %s, once', (_how, over) => {
    const { ends, budgets } = clients(1, 1);
    const [end] = ends as [End];
    end.receive(asks(0, 0, 5));
    expect(budgets.calls.used).toBe(1);
    over(end);
    expect([budgets.calls.used, budgets.queued.used]).toEqual([0, 0]);
    end.answer(end.requests[0], 'again');
    end.connection.abort(new RpcError('UNAVAILABLE', 'over'));
    expect([budgets.calls.used, budgets.queued.used]).toEqual([0, 0]);
  });

  test.each<[how: string, over: (end: End) => void]>([
    ['it is given up before it is whole', (end) => end.receive(frame(FRAME.CANCEL, 0, [1]))],
    ['the other end ends before it is whole', (end) => end.connection.ended()],
    ['it turns out to be malformed', (end) => end.receive(frame(FRAME.CHUNK, 0, [new Uint8Array(10)]))],
  ])('give their places back when a long request comes and %s', (_how, over) => {
    const { ends, budgets } = clients(1, 1);
    const [end] = ends as [End];
    end.receive(frame(FRAME.REQUEST, 0, [0, 0, u64(12), 0xc1, 0xc1], 0x01));
    expect(budgets.calls.used).toBe(1);
    over(end);
    expect([end.requests.length, budgets.calls.used]).toEqual([0, 0]);
  });

  test('count a stream until both its halves are over, or the half that this end sends', () => {
    const { ends, budgets } = clients(1, 1);
    const [end] = ends as [End];
    end.receive(asks(0, 2));
    expect([end.requests.length, budgets.calls.used]).toEqual([1, 1]);
    end.receive(frame(FRAME.END, 0, []));
    expect(budgets.calls.used).toBe(1);
    end.answer(end.requests[0], undefined);
    expect(budgets.calls.used).toBe(0);
    end.receive(asks(0, 2));
    end.answer(end.requests[1], undefined);
    // Its caller has still to close its half, which costs no handler anything.
    expect([end.serving, budgets.calls.used]).toEqual([1, 0]);
  });
});

describe('the answers that wait at a server', () => {
  test('are counted over all its connections, and one that is too much fails instead', () => {
    const { ends, budgets } = clients(2, 10, 10_000);
    const [one, other] = ends as [End, End];
    one.receive(asks(0, 0, 5));
    other.receive(asks(0, 0, 5), asks(2, 0, 5));
    one.answer(one.requests[0], ['x'.repeat(6000)]);
    expect(budgets.queued.used).toBeGreaterThan(6000);
    expect(() => other.answer(other.requests[0], ['x'.repeat(6000)])).toThrow('(limit "queued")');
    // It is still open, and can be failed; what fits a frame does not wait.
    other.fail(other.requests[0], new RpcError('RESOURCE_EXHAUSTED', 'too much'));
    other.answer(other.requests[1], ['x'.repeat(900)]);
    expect(said(other).map((line) => line.split(' ')[0])).toEqual(['ERROR', 'ANSWER']);
    one.receive(frame(FRAME.CREDIT, 0, [bytesOf([0, 0, 0xff, 0xff])]));
    one.sent();
    expect(budgets.queued.used).toBe(0);
  });

  test('are given back when the call is given up, or the connection ends', () => {
    const { ends, budgets } = clients(1, 10, 100_000);
    const [end] = ends as [End];
    end.receive(asks(0, 0, 5), asks(2, 0, 5));
    for (const request of end.requests) end.answer(request, ['x'.repeat(20_000)]);
    expect(budgets.queued.used).toBeGreaterThan(40_000);
    end.receive(frame(FRAME.CANCEL, 0, [1]));
    expect(budgets.queued.used).toBeLessThan(21_000);
    end.connection.abort(new RpcError('UNAVAILABLE', 'over'));
    expect(budgets.queued.used).toBe(0);
  });

  test('count a short one, too, while the other end reads nothing', () => {
    const { ends, budgets } = clients(1, 1000, 100_000);
    const [end] = ends as [End];
    for (let id = 0; id < 200; id += 2) end.receive(asks(id, 0, 5));
    const [first, ...rest] = end.requests;
    end.connection.exchange.responder.remote = { ...end.connection.exchange.responder.remote, chunk: 2 ** 24 };
    end.answer(first, new Uint8Array(QUEUE_BYTES));
    for (const request of rest.slice(0, 10)) end.answer(request, 'x'.repeat(900));
    expect(budgets.queued.used).toBeGreaterThanOrEqual(9000);
    end.sent();
    expect([budgets.queued.used, budgets.calls.used]).toEqual([0, 89]);
  });
});
