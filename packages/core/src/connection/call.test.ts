import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FRAME } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import type { IncomingCall, MethodDeclaration, OutgoingCall } from './call.ts';
import { declared } from './test-declared.ts';
import { Asked, type Pair, pair } from './test-ends.ts';
import { hex } from './test-frames.ts';

function bytes(length: number, fill = 7): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

describe('a call', () => {
  test('brings its input to the method that it names, and its answer back', () => {
    const { near, far, settle } = pair();
    const call = near.ask({ n: 1 });
    settle();
    expect(far.requests.map(({ id, target, input }) => [id, target, input])).toEqual([[0, 'known', { n: 1 }]]);
    far.answer(far.requests[0], new Map([[1, -0]]));
    settle();
    expect(call.outcomes).toEqual([new Map([[1, -0]])]);
    expect([near.left, far.left]).toEqual([['METHOD 0', 'REQUEST 0'], ['ANSWER 0']]);
  });

  test('goes either way, with ids of two parities that do not meet', () => {
    const { near, far, settle } = pair();
    const calls = [near.ask('a'), far.ask('b'), near.ask('c'), far.ask('d')];
    expect(calls.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
    settle();
    for (const end of [near, far]) for (const request of end.requests) end.answer(request, `${request.input}!`);
    settle();
    expect(calls.map(({ outcomes }) => outcomes)).toEqual([['a!'], ['b!'], ['c!'], ['d!']]);
  });

  test('names its method once a connection, with the name as it is written', () => {
    const heard: MethodDeclaration[] = [];
    const { near, settle } = pair(
      {},
      {},
      {
        resolve(method) {
          heard.push(method);
          return method.name;
        },
      },
    );
    const routes = [declared('größe', 'é😀', KIND.unary), declared('x'.repeat(255), 'y'.repeat(255), KIND.unary)];
    for (const route of [...routes, ...routes]) near.ask(1, route);
    settle();
    expect(heard.map(({ service, name, kind }) => [service, name, kind])).toEqual(
      routes.map(({ service, name }) => [service, name, KIND.unary]),
    );
  });

  test('of any value comes back as that value, in one frame or in many', () => {
    const { near, far, settle } = pair();
    for (const length of [
      0, 1, 63, 64, 300, 1000, 1013, 1014, 1015, 1016, 1017, 1021, 1022, 1023, 1024, 1025, 2048, 5000, 70_000,
    ]) {
      for (const value of ['x'.repeat(length), 'é'.repeat(length), bytes(length), ['x'.repeat(length)]]) {
        const call = near.ask(value);
        settle();
        far.answer(far.requests.at(-1), far.requests.at(-1)?.input);
        settle();
        expect(call.outcomes).toHaveLength(1);
        const expected = value instanceof Uint8Array ? hex(value) : value;
        expect(JSON.stringify(call.outcomes[0]) === JSON.stringify(expected), `${length}`).toBe(true);
      }
    }
  });

  test('whose input cannot be sent has taken no slot, and the next one works', () => {
    const { near, far, settle } = pair();
    expect(() => near.ask(() => 1)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', execution: 'not-sent' }),
    );
    expect(() => near.ask('\ud800')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', execution: 'not-sent' }),
    );
    expect(near.calls()).toEqual([]);
    const call = near.ask('fine');
    expect(call.id).toBe(0);
    settle();
    far.answer(far.request('fine'), 'yes');
    settle();
    expect(call.outcomes).toEqual(['yes']);
  });

  test('that is over a limit of the other end is not sent', () => {
    const { near } = pair({}, { message: 2000, bytes: 3000, depth: 8, values: 100 });
    for (const input of [
      'x'.repeat(2001),
      ['x'.repeat(2000)],
      bytes(3001),
      [[[[[[[[[[[[1]]]]]]]]]]]],
      new Array(100).fill(0),
    ]) {
      expect(() => near.ask(input)).toThrow(
        expect.objectContaining({ code: 'RESOURCE_EXHAUSTED', execution: 'not-sent' }),
      );
    }
    expect(near.calls()).toEqual([]);
  });

  test('whose answer cannot be sent is still open, and may fail instead', () => {
    const { near, far, settle } = pair({ message: 2000 });
    const call = near.ask('x');
    settle();
    const request = far.request('x');
    expect(() => far.answer(request, () => 1)).toThrow(RpcError);
    expect(() => far.answer(request, 'x'.repeat(3000))).toThrow(RpcError);
    settle();
    expect(call.outcomes).toEqual([]);
    far.fail(request, new RpcError('INTERNAL', 'No answer.'));
    settle();
    expect(call.outcomes).toEqual([{ code: 'INTERNAL', execution: 'unknown', message: 'No answer.' }]);
  });

  test('is answered once: what is said after its end is not sent', () => {
    const { near, far, settle } = pair();
    const calls = [near.ask('a'), near.ask('b')];
    settle();
    const [a, b] = [far.request('a'), far.request('b')];
    far.answer(a, 1);
    far.fail(b, new RpcError('ABORTED', 'No.'));
    for (const request of [a, b]) {
      for (const value of ['again', 2, bytes(5000)]) far.answer(request, value);
      far.fail(request, new RpcError('INTERNAL', 'Again.'));
    }
    settle();
    expect(far.left).toEqual(['ANSWER 0', 'ERROR 2']);
    expect(calls.map(({ outcomes }) => outcomes)).toEqual([
      [1],
      [{ code: 'ABORTED', execution: 'unknown', message: 'No.' }],
    ]);
    // The slot has a new call. What the old one still says does not reach it.
    const next = near.ask('c');
    settle();
    for (const value of ['again', 3]) {
      far.answer(a, value);
      far.answer(b, value);
    }
    far.fail(b, new RpcError('INTERNAL', 'Again.'));
    settle();
    expect(next.outcomes).toEqual([]);
  });

  test('tells how much time is left for it, rounded up and never below nothing', () => {
    const { near, far, settle } = pair();
    const route = declared('s', 'known', KIND.unary);
    for (const timeLeft of [1500, 0.2, 0, -5, 2 ** 40, Number.POSITIVE_INFINITY]) {
      near.connection.exchange.request(new Asked(), route, 'x', timeLeft);
      settle();
    }
    expect(far.requests.map(({ timeLeft }) => timeLeft)).toEqual([
      1500,
      1,
      0,
      0,
      0xffff_ffff,
      Number.POSITIVE_INFINITY,
    ]);
  });
});

describe('answers', () => {
  test('in any order reach their calls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat(1000)), (count, draws) => {
        const { near, far, settle } = pair();
        const calls = Array.from({ length: count }, (_, i) => near.ask(`input ${i}`));
        settle();
        const open = [...far.requests];
        while (open.length > 0) {
          const [request] = open.splice(draws.next().value % open.length, 1) as [IncomingCall<string>];
          far.answer(request, `answer to ${String(request.input)}`);
          if (draws.next().value % 2 === 0) settle();
        }
        settle();
        expect(calls.map(({ outcomes }) => outcomes)).toEqual(calls.map((_, i) => [`answer to input ${i}`]));
      }),
      { numRuns: 50 },
    );
  });

  test('to methods that do not exist say so, and that nothing ran', () => {
    const { near, far, settle } = pair();
    const route = declared('s', 'unknown', KIND.unary);
    const calls = [near.ask('short', route), near.ask(bytes(5000), route)];
    settle();
    for (const { outcomes } of calls) {
      expect(outcomes).toEqual([
        {
          code: 'UNIMPLEMENTED',
          execution: 'rejected',
          message:
            'The other side serves no method s.unknown with one message each way. Are the contracts of both sides the same?',
        },
      ]);
    }
    expect(far.requests).toEqual([]);
    expect([near.calls(), far.serving]).toEqual([[], 0]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then', '__defineGetter__'])(
    'of a method named %s come from its handler or from nobody',
    (name) => {
      const served = new Map([['s', new Map([[name, 'its own']])]]);
      const { near, far, settle } = pair({}, {}, { resolve: ({ service, name }) => served.get(service)?.get(name) });
      const calls = [
        ['s', name],
        [name, name],
        ['s', `${name}_`],
        [name, 'x'],
      ].map(([service = '', method = ''], i) => near.ask(i, declared(service, method, KIND.unary)));
      settle();
      expect(far.requests.map(({ target, input }) => [target, input])).toEqual([['its own', 0]]);
      expect(calls.slice(1).map(({ outcomes }) => outcomes)).toEqual(
        [`${name}.${name}`, `s.${name}_`, `${name}.x`].map((method) => [
          {
            code: 'UNIMPLEMENTED',
            execution: 'rejected',
            message: expect.stringContaining(`serves no method ${method} with `),
          },
        ]),
      );
    },
  );
});

describe('a slot', () => {
  test('is used again once the answer has come, and not before', () => {
    const { near, far, settle } = pair();
    expect([near.ask('a'), near.ask('b'), near.ask('c')].map(({ id }) => id)).toEqual([0, 2, 4]);
    settle();
    far.answer(far.request('b'), 1);
    expect(near.ask('d').id).toBe(6);
    settle();
    expect(near.ask('e').id).toBe(2);
  });

  test('of a call that was given up stays taken until the other end has ended it too', () => {
    const { near, far, settle } = pair();
    const call = near.ask('a');
    settle();
    near.cancel(call, 'CANCELLED');
    settle();
    expect(near.calls()).toEqual([call]);
    expect(near.ask('b').id).toBe(2);
    far.answer(far.request('a'), 'late');
    settle();
    expect(near.ask('c').id).toBe(0);
  });

  test('of a long request stays taken until its last chunk is sent', () => {
    const { near, far, settle, carry } = pair();
    near.ask(bytes(3000));
    settle();
    // The answer cannot come before; an error can, and then the caller ends its side as well.
    expect(far.requests).toHaveLength(1);
    near.ask(bytes(3000));
    carry(near);
    expect(near.ask('b').id).toBe(4);
    settle();
    for (const request of far.requests) far.answer(request, 1);
    settle();
    expect(near.calls()).toEqual([]);
    expect(far.serving).toBe(0);
  });

  test('of a long answer stays taken at both ends until its last chunk has come', () => {
    const { near, far, settle, carry } = pair();
    near.ask('a');
    settle();
    far.answer(far.request('a'), bytes(3000));
    carry(far);
    expect([near.calls().length, far.serving]).toEqual([1, 1]);
    settle();
    expect([near.calls().length, far.serving]).toEqual([0, 0]);
  });

  test('is there for each call that the other end takes, and for no more', () => {
    const { near, far, settle } = pair({}, { calls: 3 });
    for (let i = 0; i < 3; i++) {
      expect(near.connection.canCall).toBe(true);
      near.ask(i);
    }
    expect(near.connection.canCall).toBe(false);
    settle();
    expect(far.closed).toEqual([]);
    far.answer(far.request(1), 1);
    settle();
    expect(near.connection.canCall).toBe(true);
  });
});

describe('a call that is given up', () => {
  test('before its answer is still answered by its handler, whose words reach nobody', () => {
    const { near, far, settle } = pair();
    const calls = [near.ask('a'), near.ask('b'), near.ask('c')] as const;
    settle();
    near.cancel(calls[0], 'CANCELLED');
    near.cancel(calls[1], 'DEADLINE_EXCEEDED');
    near.cancel(calls[1], 'DEADLINE_EXCEEDED');
    settle();
    expect(far.cancelled.map(({ input, cancelled }) => [input, cancelled])).toEqual([
      ['a', 'CANCELLED'],
      ['b', 'DEADLINE_EXCEEDED'],
    ]);
    expect(far.serving).toBe(3);
    far.answer(far.request('a'), bytes(50_000));
    far.fail(far.request('b'), new RpcError('ABORTED', 'secret'));
    settle();
    // A long answer that nobody waits for is not sent.
    expect(far.left.filter((frame) => frame.startsWith('CHUNK'))).toEqual([]);
    expect(calls.map(({ outcomes }) => outcomes)).toEqual([
      [{ code: 'CANCELLED', execution: 'unknown', message: expect.any(String) }],
      [{ code: 'DEADLINE_EXCEEDED', execution: 'unknown', message: expect.not.stringContaining('secret') }],
      [],
    ]);
    expect([near.calls().length, far.serving]).toEqual([1, 1]);
  });

  test('is not answered any more, whatever the answer would have been', () => {
    for (const value of ['short', 5, bytes(5000), () => 'what cannot be sent']) {
      const { near, far, settle } = pair();
      const call = near.ask('a');
      settle();
      near.cancel(call, 'CANCELLED');
      settle();
      far.answer(far.request('a'), value);
      settle();
      expect(far.left).toEqual(['ERROR 0']);
      expect(call.outcomes).toMatchObject([{ code: 'CANCELLED', execution: 'unknown' }]);
    }
  });

  test('before its request has left is given up in the right order', () => {
    const { near, far, settle } = pair();
    const call = near.ask('a');
    near.cancel(call, 'CANCELLED');
    settle();
    expect(near.left).toEqual(['METHOD 0', 'REQUEST 0', 'CANCEL 0']);
    expect(far.cancelled).toHaveLength(1);
  });

  test('as its answer passes by is answered, and nothing is left of it', () => {
    const { near, far, settle, carry } = pair();
    const call = near.ask('a');
    settle();
    far.answer(far.request('a'), 'in time');
    near.cancel(call, 'CANCELLED');
    carry(near);
    settle();
    expect(call.outcomes).toEqual(['in time']);
    expect(far.cancelled).toEqual([]);
    expect([near.calls().length, far.serving, near.closed, far.closed]).toEqual([0, 0, [], []]);
  });

  test('after its end sends nothing', () => {
    const { near, far, settle } = pair();
    const call = near.ask('a');
    settle();
    far.answer(far.request('a'), 1);
    settle();
    near.left.length = 0;
    near.cancel(call, 'CANCELLED');
    const next = near.ask('b');
    near.cancel(call, 'CANCELLED');
    settle();
    expect(next.id).toBe(call.id);
    expect(near.left).toEqual(['REQUEST 0']);
    expect(far.cancelled).toEqual([]);
  });

  test('in the middle of its request sends no more of it, and no handler sees it', () => {
    const { near, far, settle, carry } = pair();
    const call = near.ask(bytes(400_000));
    carry(near);
    carry(far);
    carry(near, 1);
    near.cancel(call, 'DEADLINE_EXCEEDED');
    settle();
    const chunks = near.left.filter((frame) => frame === 'CHUNK 0+');
    expect(near.left).toEqual(['METHOD 0', 'REQUEST 0+', ...chunks, 'CANCEL 0']);
    // What had its turn, of 391 in all.
    expect(chunks).toHaveLength(64);
    expect(far.requests).toEqual([]);
    expect(far.cancelled).toEqual([]);
    expect(call.outcomes).toMatchObject([{ code: 'DEADLINE_EXCEEDED', execution: 'rejected' }]);
    expect([near.calls().length, far.serving]).toEqual([0, 0]);
  });

  test('in the middle of its answer gets no more of it', () => {
    const { near, far, settle, carry } = pair();
    const call = near.ask('a');
    settle();
    far.answer(far.request('a'), bytes(400_000));
    carry(far);
    carry(near);
    carry(far, 1);
    near.cancel(call, 'CANCELLED');
    carry(near);
    settle();
    const chunks = far.left.filter((frame) => frame === 'CHUNK 0+');
    expect(far.left).toEqual(['ANSWER 0+', ...chunks, 'ERROR 0']);
    expect(chunks).toHaveLength(64);
    expect(call.outcomes).toMatchObject([{ code: 'CANCELLED', execution: 'unknown' }]);
    expect(far.cancelled).toEqual([]);
    expect([near.calls().length, far.serving]).toEqual([0, 0]);
  });

  test('in the middle of its request lets the next long request in', () => {
    const { near, far, carry } = pair();
    const calls = Array.from({ length: 5 }, (_, i) => near.ask(bytes(3000, i)));
    carry(near);
    carry(far);
    expect(far.left).toEqual(['CREDIT 0', 'CREDIT 2', 'CREDIT 4', 'CREDIT 6']);
    near.cancel(calls[0] as Asked, 'CANCELLED');
    carry(near, 1);
    carry(far);
    expect(far.left.slice(4)).toEqual(['CREDIT 8', 'ERROR 0']);
  });

  test('in the middle of its answer lets the next long answer in', () => {
    const { near, far, settle, carry } = pair();
    const calls = Array.from({ length: 5 }, (_, i) => near.ask(i));
    settle();
    near.left.length = 0;
    for (const request of [...far.requests]) far.answer(request, bytes(3000));
    carry(far);
    carry(near);
    expect(near.left).toEqual(['CREDIT 0', 'CREDIT 2', 'CREDIT 4', 'CREDIT 6']);
    near.cancel(calls[0] as Asked, 'CANCELLED');
    carry(near);
    expect(near.left.slice(4)).toEqual(['CREDIT 8', 'CANCEL 0']);
  });

  test('although it was never sent is given up in silence, whoever has its slot by now', () => {
    const { near, far, settle } = pair();
    const unsent = new Asked();
    const route = declared('s', 'known', KIND.unary);
    near.cancel(unsent, 'CANCELLED');
    expect(() => near.connection.exchange.request(unsent, route, () => 1, 1000)).toThrow(RpcError);
    const next = near.ask('next', route);
    near.cancel(unsent, 'CANCELLED');
    settle();
    expect(near.left).toEqual(['METHOD 0', 'REQUEST 0']);
    far.answer(far.request('next'), 1);
    settle();
    expect([unsent.outcomes, next.outcomes]).toEqual([[], [1]]);
  });
});

describe('while the other end reads nothing', () => {
  /** A far end that has so much to send already that what it says now waits unwritten. */
  function blocked(): Pair {
    const it = pair({ chunk: 2 ** 20 });
    for (let i = 0; i < 9; i++) it.near.ask(`filler ${i}`);
    it.carry(it.near);
    for (const request of it.far.requests) it.far.answer(request, bytes(1_000_000));
    return it;
  }

  test('a call whose answer waits is not cancelled any more, and ends once', () => {
    const { near, far, settle, carry } = blocked();
    const call = near.ask('a');
    carry(near);
    far.answer(far.request('a'), 'in time');
    near.cancel(call, 'CANCELLED');
    carry(near);
    expect(far.cancelled).toEqual([]);
    settle();
    expect(call.outcomes).toHaveLength(1);
    expect([near.calls().length, far.serving, near.closed, far.closed]).toEqual([0, 0, [], []]);
  });

  test('a call whose error waits is not cancelled any more, and ends with that error', () => {
    const { near, far, settle, carry } = blocked();
    const call = near.ask('a');
    carry(near);
    far.fail(far.request('a'), new RpcError('ABORTED', 'No.'));
    far.fail(far.request('a'), new RpcError('ABORTED', 'Again.'));
    far.answer(far.request('a'), 'after all');
    // It holds its slot until it is written, so that no more of them can wait than there are slots.
    expect(far.serving).toBe(1);
    settle();
    expect(call.outcomes).toEqual([{ code: 'ABORTED', execution: 'unknown', message: 'No.' }]);
    expect([near.calls().length, far.serving, far.cancelled]).toEqual([0, 0, []]);
  });

  test('a call that was turned away is told to nobody, neither when it is given up nor when all ends', () => {
    const { near, far, carry } = blocked();
    const unknown = declared('s', 'unknown', KIND.unary);
    const calls = [near.ask('a', unknown), near.ask('b', unknown)] as const;
    carry(near);
    near.cancel(calls[0], 'CANCELLED');
    carry(near);
    expect(far.cancelled).toEqual([]);
    far.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    expect(far.cancelled).toEqual([]);
  });

  test('calls that were answered are not cancelled when all ends, and those that were not are', () => {
    const { near, far, carry } = blocked();
    for (const input of ['a', 'b', 'c']) near.ask(input);
    carry(near);
    far.answer(far.request('a'), 1);
    far.fail(far.request('b'), new RpcError('ABORTED', 'No.'));
    far.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    expect(far.cancelled.map(({ input }) => input)).toEqual(['c']);
  });

  test('a request is turned away in the middle, and its chunks are dropped, without waiting for the error to leave', () => {
    const { near, far, settle, carry } = blocked();
    far.connection.drain();
    const call = near.ask(bytes(100_000));
    carry(near);
    settle();
    expect(call.outcomes).toMatchObject([{ code: 'UNAVAILABLE', execution: 'rejected' }]);
    expect([near.calls().length, far.serving, near.closed, far.closed]).toEqual([0, 0, [], []]);
  });
});

describe('an error', () => {
  test('crosses with its code, message, name and data, and whether anything ran', () => {
    const { near, far, settle } = pair();
    const failures: unknown[] = [];
    class Failing extends Asked {
      override failed(failure: Parameters<OutgoingCall['failed']>[0]): void {
        failures.push(failure);
      }
    }
    const route = declared('s', 'known', KIND.unary);
    const errors = [
      new RpcError('NOT_FOUND', 'No user 7.'),
      new RpcError('UNKNOWN', 'Syntax.', { name: 'syntax', data: { at: new Map([[1n, -0]]) } }),
      new RpcError('UNAVAILABLE', 'Busy.', { execution: 'rejected' }),
      new RpcError('INTERNAL', 'half \ud800', { cause: new Error('secret'), method: 'secret' }),
    ];
    for (const error of errors) {
      near.connection.exchange.request(new Failing(), route, 'x', Number.POSITIVE_INFINITY);
      settle();
      far.fail(far.requests.at(-1), error);
      settle();
    }
    expect(failures).toEqual([
      { code: 'NOT_FOUND', message: 'No user 7.', execution: 'unknown' },
      { code: 'UNKNOWN', message: 'Syntax.', execution: 'unknown', name: 'syntax', data: { at: new Map([[1n, -0]]) } },
      { code: 'UNAVAILABLE', message: 'Busy.', execution: 'rejected' },
      { code: 'INTERNAL', message: 'half \ufffd', execution: 'unknown' },
    ]);
  });

  test('in the middle of a long request stops it, and frees the slot at both ends', () => {
    const { near, far, settle, carry } = pair();
    const call = near.ask(bytes(10_000));
    carry(near);
    carry(far);
    far.connection.drain();
    // The request is not the host's yet: what fails it early is that its method does not exist, or a shutdown.
    const late = near.ask(bytes(9000));
    settle();
    expect(late.outcomes).toEqual([
      { code: 'UNAVAILABLE', execution: 'rejected', message: 'The server is shutting down.' },
    ]);
    expect(near.left.filter((frame) => frame.endsWith(` ${late.id}`) || frame.endsWith(` ${late.id}+`))).toEqual([
      `REQUEST ${late.id}+`,
      `CANCEL ${late.id}`,
    ]);
    expect(far.requests.map(({ input }) => (input as Uint8Array).length)).toEqual([10_000]);
    far.answer(far.requests[0], 'whole');
    settle();
    expect(call.outcomes).toEqual(['whole']);
    expect([near.calls().length, far.serving, near.closed, far.closed]).toEqual([0, 0, [], []]);
  });

  test('that crosses chunks on their way drops them', () => {
    const { near, far, settle, carry } = pair();
    const unknown = declared('s', 'unknown', KIND.unary);
    const call = near.ask(bytes(10_000), unknown);
    carry(near);
    // As if credit had been given before the error: the sender goes on until the error reaches it.
    const credit = Buffer.from([0, 0, 0, 10, FRAME.CREDIT, 0, 0, 0, 0, 0, 0, 0, 8, 0]);
    near.connection.receive(credit);
    carry(near);
    expect(near.left.filter((frame) => frame === 'CHUNK 0+').length).toBeGreaterThan(1);
    settle();
    expect(call.outcomes).toMatchObject([{ code: 'UNIMPLEMENTED' }]);
    expect([near.calls().length, far.serving, near.closed, far.closed]).toEqual([0, 0, [], []]);
    expect(near.ask('next').id).toBe(0);
  });

  test('whose data does not fit or cannot be encoded goes without it, in one frame, and says so', () => {
    for (const data of [
      'x'.repeat(5000),
      () => 1,
      { ['k'.repeat(5000)]: Symbol('s') },
      [[[[[[[[[1]]]]]]]]],
      '\ud800',
      new Array(500).fill(0),
    ]) {
      const { near, far, settle } = pair({ depth: 8, values: 400 });
      const call = near.ask('x');
      settle();
      far.fail(far.request('x'), new RpcError('UNKNOWN', 'Syntax.', { name: 'syntax', data }));
      settle();
      expect([near.closed, far.closed]).toEqual([[], []]);
      expect(far.left).toEqual(['ERROR 0']);
      expect(call.outcomes).toHaveLength(1);
      expect(call.outcomes[0]).toMatchObject({
        code: 'UNKNOWN',
        message: expect.stringMatching(/^Syntax\. \(Its data could not be sent: /),
      });
    }
  });

  test('whose message is longer than a frame, or whose name is as long as a name can be, reaches its caller in one', () => {
    for (const error of [
      new RpcError('ABORTED', '€'.repeat(100_000)),
      new RpcError('ABORTED', `${'x'.repeat(127)}\u{1f600}${'y'.repeat(5000)}`),
      new RpcError('ABORTED', '€'.repeat(5000), { name: '€'.repeat(85), data: '€'.repeat(5000) }),
    ]) {
      const { near, far, settle } = pair();
      const call = near.ask('x');
      settle();
      far.fail(far.request('x'), error);
      settle();
      expect([near.closed, far.closed]).toEqual([[], []]);
      expect(call.outcomes).toMatchObject([{ code: 'ABORTED', execution: 'unknown' }]);
    }
  });
});

describe('long messages', () => {
  /** What takes turns is handed over in pieces of 64 KiB at least: here that is a chunk. */
  const LARGE = { chunk: 65_536, window: 2 ** 20 };

  test('interleave in turn, and let short ones overtake them', () => {
    const { near, far, settle, carry } = pair({}, LARGE);
    for (const fill of [1, 2, 3]) near.ask(bytes(260_000, fill));
    carry(near);
    carry(far);
    carry(near, 2);
    near.ask('short');
    carry(near);
    expect(near.left).toEqual([
      ...['METHOD 0', 'REQUEST 0+', 'REQUEST 2+', 'REQUEST 4+'],
      ...['CHUNK 0+', 'CHUNK 2+', 'REQUEST 6', 'CHUNK 4+'],
      ...['CHUNK 0+', 'CHUNK 2+', 'CHUNK 4+', 'CHUNK 0', 'CHUNK 2', 'CHUNK 4'],
    ]);
    settle();
    expect(far.requests[0]?.input).toBe('short');
    expect(far.requests.slice(1).map(({ input }) => hex(input as Uint8Array))).toEqual(
      [1, 2, 3].map((fill) => hex(bytes(260_000, fill))),
    );
  });

  test('come four at a time, the fifth when one has ended', () => {
    const { near, far, carry } = pair({}, LARGE);
    for (let i = 0; i < 6; i++) near.ask(bytes(2 * 65_536 - 10, i));
    carry(near);
    carry(far);
    expect(far.left).toEqual(['CREDIT 0', 'CREDIT 2', 'CREDIT 4', 'CREDIT 6']);
    carry(near, 1);
    carry(far);
    expect(far.requests).toHaveLength(1);
    expect(far.left.slice(4)).toEqual(['CREDIT 8']);
  });

  test('are no more than a first frame each until they are let on, and then leave as the transport takes them', () => {
    const { near, far, carry } = pair({}, { window: 4096 });
    for (let i = 0; i < 5; i++) near.ask(bytes(100_000));
    carry(near);
    expect(near.left.slice(1)).toEqual(['REQUEST 0+', 'REQUEST 2+', 'REQUEST 4+', 'REQUEST 6+', 'REQUEST 8+']);
    carry(far);
    expect(far.left.map((frame) => frame.split(' ').slice(0, 2).join(' '))).toEqual(
      [0, 2, 4, 6].map((call) => `CREDIT ${call}`),
    );
    near.left.length = 0;
    carry(near);
    // All of the four has left, in turn, and nothing of the fifth.
    const chunks = (call: number): string[] => near.left.filter((frame) => frame.startsWith(`CHUNK ${call}`));
    expect([0, 2, 4, 6, 8].map((call) => chunks(call).length)).toEqual([97, 97, 97, 97, 0]);
    expect(near.left.slice(0, 4)).toEqual(['CHUNK 0+', 'CHUNK 2+', 'CHUNK 4+', 'CHUNK 6+']);
  });
});

describe('the end of one side', () => {
  test('tells of each call whether its handler may have run', () => {
    const { near, far, carry } = pair();
    const whole = near.ask('whole');
    const begun = near.ask(bytes(10_000));
    carry(near);
    near.connection.ended();
    expect(whole.outcomes).toMatchObject([{ code: 'UNAVAILABLE', execution: 'unknown' }]);
    expect(begun.outcomes).toMatchObject([{ code: 'UNAVAILABLE', execution: 'not-sent' }]);
    expect(near.connection.finished).toBe(true);
    expect(far.serving).toBe(2);
  });

  test('leaves the answers to those who still listen, whole and long', () => {
    const { near, far, carry, settle } = pair();
    const calls = [near.ask('short'), near.ask('long')];
    settle();
    far.connection.ended();
    far.answer(far.request('short'), 1);
    far.answer(far.request('long'), bytes(900));
    carry(far);
    expect(calls.map(({ outcomes }) => outcomes)).toEqual([[1], [hex(bytes(900))]]);
    expect(far.connection.finished).toBe(true);
  });

  test('both ends that drain are finished once every call either way is over', () => {
    const { near, far, settle } = pair();
    const calls = [near.ask('a'), far.ask('b'), near.ask(bytes(5000))];
    settle();
    near.connection.drain();
    settle();
    expect([near.connection.canCall, far.connection.canCall]).toEqual([false, false]);
    for (const end of [near, far]) for (const request of end.requests) end.answer(request, bytes(3000));
    expect([near.connection.finished, far.connection.finished]).toEqual([false, false]);
    settle();
    expect([near.connection.finished, far.connection.finished]).toEqual([false, true]);
    near.connection.ended();
    expect(near.connection.finished).toBe(true);
    expect(calls.map(({ outcomes }) => outcomes)).toEqual(calls.map(() => [hex(bytes(3000))]));
  });
});

describe('however calls, answers, cancels and bytes interleave', () => {
  type Doing =
    | { readonly kind: 'call'; readonly end: 0 | 1; readonly size: number; readonly raw: boolean }
    | {
        readonly kind: 'answer' | 'fail' | 'cancel';
        readonly end: 0 | 1;
        readonly which: number;
        readonly size: number;
      }
    | { readonly kind: 'carry'; readonly end: 0 | 1; readonly bytes: number };

  const anyEnd = fc.constantFrom(0 as const, 1 as const);
  const anySize = fc.oneof(fc.nat(60), fc.integer({ min: 900, max: 1100 }), fc.nat(6000));
  const anyDoing: fc.Arbitrary<Doing> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('call' as const), end: anyEnd, size: anySize, raw: fc.boolean() }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'answer' as const,
          'answer' as const,
          'answer' as const,
          'fail' as const,
          'cancel' as const,
        ),
        end: anyEnd,
        which: fc.nat(20),
        size: anySize,
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('carry' as const),
        end: anyEnd,
        bytes: fc.oneof(fc.nat(50), fc.nat(5000)),
      }),
    },
  );

  /** Watches one direction: the credit that its sender has for each call, and what it spends. */
  class Account {
    readonly #credit = new Map<number, number>();
    readonly #chunk: number;

    constructor(chunk: number) {
      this.#chunk = chunk;
    }

    granted(call: number, credit: number): void {
      this.#credit.set(call, (this.#credit.get(call) ?? 0) + credit);
    }

    sent(type: number, call: number, length: number): void {
      expect(length).toBeLessThanOrEqual(this.#chunk);
      // A new message on this half begins without credit.
      if (type === FRAME.REQUEST || type === FRAME.ANSWER) this.#credit.set(call, 0);
      if (type !== FRAME.CHUNK) return;
      const left = (this.#credit.get(call) ?? 0) - length;
      if (left < 0) expect.fail(`the call ${call} spent ${-left} bytes of credit that it did not have`);
      this.#credit.set(call, left);
    }
  }

  /** The value of a call or an answer, which tells whose it is. */
  function madeOf(serial: number, size: number, raw: boolean): unknown {
    return raw
      ? Uint8Array.from({ length: size + 4 }, (_, i) => (i < 4 ? serial >> (8 * i) : i * serial) & 0xff)
      : `${serial}:${'x'.repeat(size)}`;
  }

  function shown(value: unknown): unknown {
    return value instanceof Uint8Array ? hex(value) : value;
  }

  test('each call ends once, with what was said to it, within credit, and nothing is left', () => {
    fc.assert(
      fc.property(
        fc.array(anyDoing, { maxLength: 80, size: 'max' }),
        fc.integer({ min: 1024, max: 3000 }),
        (doings, window) => {
          const { near, far } = pair({ window, calls: 6 }, { window: 1024, calls: 6 });
          const ends = [near, far] as const;
          const pipes = ends.map(() => ({ buffer: Buffer.alloc(0), account: new Account(1024) }));
          const taps = ends.map(
            (_, from) =>
              new FrameDecoder(2 ** 24, {
                frame: (type, _flags, call, source, start, finish) => {
                  (pipes[from] as (typeof pipes)[number]).account.sent(type, call, finish - start);
                  expect(source.length).toBeGreaterThanOrEqual(finish);
                },
              }),
          );
          const arrivals = ends.map(
            (_, from) =>
              new FrameDecoder(2 ** 24, {
                frame: (type, _flags, call, source, start) => {
                  // Credit counts from when it reaches the end that may spend it.
                  if (type === FRAME.CREDIT)
                    (pipes[1 - from] as (typeof pipes)[number]).account.granted(call, source.readUInt32BE(start));
                },
              }),
          );
          const carry = (from: 0 | 1, most: number): boolean => {
            const pipe = pipes[from] as (typeof pipes)[number];
            while (pipe.buffer.length < most) {
              const piece = ends[from].connection.take();
              if (piece === undefined) break;
              (taps[from] as FrameDecoder).push(Buffer.from(piece));
              pipe.buffer = Buffer.concat([pipe.buffer, piece]);
            }
            const chunk = Buffer.from(pipe.buffer.subarray(0, most));
            pipe.buffer = pipe.buffer.subarray(chunk.length);
            if (chunk.length === 0) return false;
            (arrivals[from] as FrameDecoder).push(chunk);
            ends[1 - from]?.connection.receive(chunk);
            return true;
          };
          let serial = 0;
          const calls: { call: Asked; input: unknown; cancelled: boolean; end: 0 | 1 }[] = [];
          const said = new Map<unknown, unknown>();
          const answered = new Set<IncomingCall<string>>();
          const answer = (end: 0 | 1, request: IncomingCall<string>, size: number, fails: boolean): void => {
            answered.add(request);
            const value = madeOf(++serial, size, size % 2 === 0);
            said.set(
              shown(request.input),
              fails ? { code: 'ABORTED', execution: 'unknown', message: `${serial}` } : shown(value),
            );
            if (fails) ends[end].fail(request, new RpcError('ABORTED', `${serial}`));
            else ends[end].answer(request, value);
          };
          for (const doing of doings) {
            if (doing.kind === 'carry') carry(doing.end, doing.bytes + 1);
            else if (doing.kind === 'call') {
              if (!ends[doing.end].connection.canCall) continue;
              const input = madeOf(++serial, doing.size, doing.raw);
              calls.push({ call: ends[doing.end].ask(input), input: shown(input), cancelled: false, end: doing.end });
            } else if (doing.kind === 'cancel') {
              const given = calls[doing.which];
              if (given === undefined) continue;
              given.cancelled = true;
              ends[given.end].cancel(given.call, 'CANCELLED');
            } else {
              const open = ends[doing.end].requests.filter((request) => !answered.has(request));
              const request = open[doing.which % (open.length || 1)];
              if (request !== undefined) answer(doing.end, request, doing.size, doing.kind === 'fail');
            }
          }
          const quiet = (): void => {
            while ([carry(0, 100_000), carry(1, 100_000)].some(Boolean));
          };
          quiet();
          for (const end of [0, 1] as const) {
            for (const request of ends[end].requests) if (!answered.has(request)) answer(end, request, 10, false);
          }
          quiet();
          expect([near.closed, far.closed]).toEqual([[], []]);
          for (const { call, input, cancelled } of calls) {
            const [outcome, ...more] = call.outcomes;
            expect(more).toEqual([]);
            // Of a call that was given up within its answer the rest is passed over: its caller has been told already.
            if (cancelled && outcome === undefined) continue;
            if (cancelled && (outcome as { code?: string }).code === 'CANCELLED') continue;
            expect(outcome).toEqual(said.get(input));
          }
          expect(ends.map(({ calls, serving }) => [calls().length, serving])).toEqual([
            [0, 0],
            [0, 0],
          ]);
        },
      ),
      { numRuns: 150 },
    );
  });
});
