import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DESCRIPTION } from '../contract/description/canonical.ts';
import { KIND, type Kind } from '../contract/kind.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import type { MethodDeclaration } from './call.ts';
import { HALF } from './half.ts';
import type { Statement } from './host.ts';
import { type End, type Hooks, open, pair } from './test-ends.ts';
import { frame, u32, u64 } from './test-frames.ts';

const TEXT = 0xa2;

/** A statement of an input that is an object with these fields, each of which must be there. */
function states(...fields: string[]): Statement & { readonly description: string } {
  const properties = Object.fromEntries(fields.map((field) => [field, { type: 'string' }]));
  const description = JSON.stringify({ input: { properties, required: fields, type: 'object' } });
  const fingerprint = new Uint8Array(8).fill(fields.join().length + fields.length);
  return { fingerprint, description };
}

const NONE: Statement = { fingerprint: new Uint8Array(0), description: undefined };

function asked(name: string, kind: Kind, statement: Statement): MethodDeclaration {
  return { service: 's', name, kind, ...statement };
}

/** Two ends of which the far one serves methods by the contract that is given for their names. */
function ends(contracts: Record<string, Statement>, hooks: Hooks = {}) {
  return pair({}, {}, { contract: (name) => contracts[name] ?? NONE, ...hooks });
}

/** METHOD with the number 0: `s.m` of a kind, with a fingerprint. */
function method(kind: Kind, fingerprint: Uint8Array, number = 0): Buffer {
  return frame(FRAME.METHOD, 0, [0, number, kind, 1, 's', 1, 'm', fingerprint]);
}

/** An end that serves `m` by a contract with the field `here`, and was told of another one. */
function doubting(kind: Kind = KIND.unary, hooks: Hooks = {}): End {
  const end = open('acceptor', {}, {}, { contract: () => states('here'), ...hooks });
  end.receive(method(kind, states('there', 'more').fingerprint));
  return end;
}

function described(description: string, number = 0, flags = 0): Buffer {
  return frame(FRAME.DESCRIPTION, 0, [0, number, Buffer.from(description)], flags);
}

/** A REQUEST of the method 0 with the text `hi`. */
function asks(id: number, ...deadline: readonly Uint8Array[]): Buffer {
  return frame(FRAME.REQUEST, id, [0, 0, ...deadline, TEXT, 'hi'], deadline.length > 0 ? FLAG.DEADLINE : 0);
}

function types(end: End): string[] {
  return end.sent().map(({ type }) => type);
}

const DIFFERS =
  's.m: input.here is required here and unknown there. The contracts of the two sides differ: "here" is the side that ' +
  'serves the method, "there" the one that calls it.';

describe('a fingerprint', () => {
  test('that is equal, or is none at either end, is not asked about', () => {
    for (const [own, others] of [
      [states('a'), states('a')],
      [NONE, states('a')],
      [states('a'), NONE],
      [NONE, NONE],
    ] as const) {
      const { near, far, settle } = ends({ m: own });
      near.ask('in', asked('m', KIND.unary, others));
      settle();
      expect(far.requests.map(({ input }) => input)).toEqual(['in']);
      expect([near.left, far.left]).toEqual([['METHOD 0', 'REQUEST 0'], []]);
    }
  });

  test('that differs is asked about once, whatever number of calls the method has', () => {
    const { near, far, settle } = ends({ m: states('a') });
    const route = asked('m', KIND.unary, states('a', 'b'));
    for (const input of ['one', 'two']) near.ask(input, route);
    settle();
    near.ask('three', route);
    settle();
    expect(far.requests.map(({ input }) => input)).toEqual(['one', 'two', 'three']);
    expect(near.left).toEqual(['METHOD 0', 'REQUEST 0', 'REQUEST 2', 'DESCRIPTION 0', 'REQUEST 4']);
    expect(far.left).toEqual(['DESCRIBE 0']);
  });

  test('of a method that is not served, or of another kind, is not asked about', () => {
    const { near, far, settle } = ends({}, { resolve: () => undefined, contract: () => states('a') });
    const call = near.ask('in', asked('m', KIND.unary, states('b')));
    settle();
    expect(call.outcomes).toMatchObject([{ code: 'UNIMPLEMENTED', execution: 'rejected' }]);
    expect(far.left).toEqual(['ERROR 0']);
  });
});

describe('calls of a method whose contract differs', () => {
  test('wait for its description, and go on in the order in which they became complete', () => {
    const end = doubting();
    end.receive(asks(2), asks(0), asks(4));
    expect([end.requests, types(end)]).toEqual([[], ['DESCRIBE']]);
    end.receive(described(states('here', 'more').description));
    expect(end.requests.map(({ id, served }) => [id, served])).toEqual([
      [2, true],
      [0, true],
      [4, true],
    ]);
    end.receive(asks(6));
    expect(end.requests).toHaveLength(4);
  });

  test('fail without having run where it does not fit, and so do later ones', () => {
    const { near, far, settle } = ends({ m: states('here') });
    const route = asked('m', KIND.unary, states('there', 'more'));
    const first = near.ask('one', route);
    settle();
    const second = near.ask('two', route);
    settle();
    const error = { code: 'FAILED_PRECONDITION', execution: 'rejected', message: DIFFERS };
    expect([first.outcomes, second.outcomes]).toEqual([[error], [error]]);
    expect([far.requests, far.serving, near.calls()]).toEqual([[], 0, []]);
    expect(far.left).toEqual(['DESCRIBE 0', 'ERROR 0', 'ERROR 0']);
  });

  test('do not hold up calls of others', () => {
    const end = doubting();
    end.receive(frame(FRAME.METHOD, 0, [0, 1, 0, 1, 's', 5, 'other']), asks(0));
    end.receive(frame(FRAME.REQUEST, 2, [0, 1, TEXT, 'hi']));
    expect(end.requests.map(({ id }) => id)).toEqual([2]);
  });

  test('that are given up meanwhile are answered, and never run', () => {
    const end = doubting();
    end.receive(asks(0), asks(2), frame(FRAME.CANCEL, 0, [1]), frame(FRAME.CANCEL, 2, [4]));
    expect(types(end)).toEqual(['DESCRIBE', 'ERROR', 'ERROR']);
    expect([end.cancelled, end.serving]).toEqual([[], 0]);
    end.receive(asks(0), described(states('here').description));
    expect(end.requests.map(({ id }) => id)).toEqual([0]);
  });

  test('have less time when they go on, and none where it is up', () => {
    let now = 1000;
    const end = doubting(KIND.unary, { now: () => now });
    end.receive(asks(0, u32(500)), asks(2, u32(50)), asks(4));
    now += 100;
    end.receive(described(''));
    expect(end.requests.map(({ id, timeLeft }) => [id, timeLeft])).toEqual([
      [0, 400],
      [4, Number.POSITIVE_INFINITY],
    ]);
    expect(types(end)).toEqual(['DESCRIBE', 'ERROR']);
  });

  test('that are still coming in parts are held, or fail at once', () => {
    for (const [description, runs] of [
      [states('here').description, true],
      [states('there').description, false],
    ] as const) {
      const end = doubting();
      end.receive(frame(FRAME.REQUEST, 0, [0, 0, u32(0), u32(3), TEXT], FLAG.MORE));
      end.receive(described(description));
      expect(end.requests).toEqual([]);
      end.receive(frame(FRAME.CHUNK, 0, ['hi']));
      expect(end.requests.map(({ input }) => input)).toEqual(runs ? ['hi'] : []);
      expect([end.serving, end.closed]).toEqual([runs ? 1 : 0, []]);
    }
  });

  test('whose input streams take what comes within credit, and learn that it has ended', () => {
    const ended: number[] = [];
    const end = doubting(KIND.clientStream, { inputEnded: ({ id }) => ended.push(id) });
    end.receive(frame(FRAME.REQUEST, 0, [0, 0]), frame(FRAME.REQUEST, 2, [0, 0]));
    end.receive(frame(FRAME.ITEMS, 0, [0x92, 1, 2]), frame(FRAME.END, 0, []));
    expect([end.requests, ended]).toEqual([[], []]);
    end.receive(described(states('here').description));
    expect(end.requests.map(({ id, inflow }) => [id, inflow?.next()])).toEqual([
      [0, [1, 2]],
      [2, undefined],
    ]);
    expect(ended).toEqual([0]);
  });

  test('go on where the other end ends its side before it has described anything', () => {
    const end = doubting();
    end.receive(asks(0));
    end.connection.ended();
    expect(end.requests.map(({ id }) => id)).toEqual([0]);
  });

  test('go on while this end drains, and are nobody’s when the connection is over', () => {
    const end = doubting();
    end.receive(asks(0));
    end.connection.drain();
    end.receive(described(''));
    expect(end.requests).toHaveLength(1);

    const other = doubting();
    other.receive(asks(0), frame(FRAME.PONG, 0, []));
    expect([other.closed.length, other.cancelled, other.serving]).toEqual([1, [], 0]);
  });

  test('may end the connection when they go on', () => {
    const end = doubting(KIND.unary, {
      request: () => end.connection.receive(frame(FRAME.PONG, 0, [])),
    });
    end.receive(asks(0), asks(2), described(''));
    expect([end.requests.length, end.closed.length]).toEqual([1, 1]);
  });
});

describe('events of a method whose contract differs', () => {
  const emits = (number: number, text: string): Buffer => frame(FRAME.EVENT, 0xffff_ffff, [0, number, 0xa1, text]);

  test('wait with all that come behind them, keep their order, and hold their credit', () => {
    const end = doubting(KIND.event);
    end.receive(frame(FRAME.METHOD, 0, [0, 1, KIND.event, 1, 's', 5, 'other']));
    end.receive(emits(1, 'a'), emits(0, 'b'), emits(1, 'c'), emits(0, 'd'));
    expect(end.events.map(({ value }) => value)).toEqual(['a']);
    end.receive(described(states('here').description), emits(1, 'e'));
    expect(end.events.map(({ value }) => value)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(types(end)).toEqual(['DESCRIBE']);
  });

  test('are dropped where it does not fit, which is told once, and give their credit back', () => {
    const lost: string[] = [];
    const end = doubting(KIND.event, {
      eventLost: (name, { code, message }) => lost.push(`${name} ${code} ${message}`),
    });
    const long = frame(FRAME.EVENT, 0xffff_ffff, [0, 0, 0xc5, 0xea, 0x60, new Uint8Array(60_000)]);
    end.receive(emits(0, 'a'), long, long);
    expect(types(end)).toEqual(['DESCRIBE']);
    end.receive(described(states('there').description), emits(0, 'c'));
    expect(end.events).toEqual([]);
    expect(lost).toEqual([`s.m FAILED_PRECONDITION ${DIFFERS}`]);
    expect(types(end)).toEqual(['CREDIT']);
  });
});

describe('a description', () => {
  test('comes in parts that fit the chunks of who asked', () => {
    const fields = Array.from({ length: 200 }, (_, i) => `field${i}`);
    const { near, far, settle } = ends({ m: states('field0') });
    near.ask('in', asked('m', KIND.unary, states(...fields)));
    settle();
    expect(near.left.filter((sent) => sent.startsWith('DESCRIPTION')).length).toBeGreaterThan(5);
    expect(far.requests).toHaveLength(1);
  });

  test('may be long, as that of another method may, too', () => {
    const end = doubting();
    end.receive(method(KIND.unary, states('x').fingerprint, 1), asks(0), frame(FRAME.REQUEST, 2, [0, 1, TEXT, 'hi']));
    for (const number of [0, 1]) {
      for (let i = 0; i < 10; i++) end.receive(described(' '.repeat(65_000), number, FLAG.MORE));
      end.receive(described('{}', number));
    }
    expect([end.requests.map(({ id }) => id), end.closed]).toEqual([[0, 2], []]);
  });

  test('that is none lets the calls go on', () => {
    const end = doubting();
    end.receive(asks(0), described(''));
    expect(end.requests).toHaveLength(1);
  });

  test('that this end cannot give itself lets the calls go on', () => {
    const fingerprint = new Uint8Array(8).fill(1);
    const end = doubting(KIND.unary, { contract: () => ({ fingerprint, description: undefined }) });
    end.receive(asks(0), described(states('there').description));
    expect(end.requests).toHaveLength(1);
  });

  test('of what nobody has heard of before lets the calls go on', () => {
    for (const said of [
      '{}',
      '{"input":7}',
      '{"input":{"type":"planet"}}',
      '{"input":{"$ref":"#/$defs/no"}}',
      '{"more":1}',
    ]) {
      const end = doubting();
      end.receive(asks(0), described(said));
      expect(end.requests, said).toHaveLength(1);
    }
  });

  test.each([
    ['nobody asked for', [described('{}', 1)], 'a DESCRIPTION that nobody asked for'],
    ['has come before', [described('{}'), described('{}')], 'a DESCRIPTION that nobody asked for'],
    ['is not UTF-8', [frame(FRAME.DESCRIPTION, 0, [0, 0, 0xff])], 'a description that is not UTF-8'],
    ['is not JSON', [described('{')], 'a description that is not a JSON object'],
    ['is no object', [described('[]')], 'a description that is not a JSON object'],
    ['is too short for its number', [frame(FRAME.DESCRIPTION, 0, [0])], 'a frame too short for its fields'],
    [
      'comes among the parts of another one',
      [method(0, states('x').fingerprint, 1), described('{', 0, FLAG.MORE), described('{}', 1)],
      'a DESCRIPTION among the parts of another one',
    ],
    [
      'is too long',
      Array.from({ length: 17 }, () => described('['.repeat(65_534), 0, FLAG.MORE)),
      `a description of more than ${MAX_DESCRIPTION} bytes`,
    ],
  ])('that %s is a protocol error', (_, frames, why) => {
    const end = doubting();
    end.receive(...frames);
    expect(end.closed.map(({ message }) => message)).toEqual([`The other side broke the protocol: it sent ${why}.`]);
  });

  test('takes no more memory than its bytes, however small its parts', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const end = doubting();
    const part = described('[', 0, FLAG.MORE);
    const thousand = Buffer.concat(Array.from({ length: 1000 }, () => part));
    const before = held();
    for (let i = 0; i < 300; i++) end.receive(thousand);
    // Kept one by one they took 34 MB.
    expect(held() - before).toBeLessThan(8_000_000);
    expect(end.closed).toEqual([]);
  });

  test('is asked for once, of a method that this end has named', () => {
    const named = frame(FRAME.DESCRIBE, 0, [0, 0]);
    for (const [frames, why] of [
      [[frame(FRAME.DESCRIBE, 0, [0, 1])], 'DESCRIBE for a method number that has no name'],
      [[named, named], 'a second DESCRIBE for the method 0'],
    ] as const) {
      const end = open('dialer', {}, {});
      end.ask('in');
      end.receive(...frames);
      expect(end.closed.map(({ message }) => message)).toEqual([`The other side broke the protocol: it sent ${why}.`]);
    }
  });
});

describe('whatever comes while contracts are compared', () => {
  const kinds = fc.constantFrom<Kind>(KIND.unary, KIND.clientStream, KIND.serverStream, KIND.event);
  const ids = fc.constantFrom(0, 2, 4);
  const events = 0xffff_ffff;
  const frames = fc.oneof(
    { weight: 6, arbitrary: ids.map((id) => asks(id)) },
    { weight: 2, arbitrary: ids.map((id) => frame(FRAME.REQUEST, id, [0, 0])) },
    { weight: 2, arbitrary: ids.map((id) => frame(FRAME.REQUEST, id, [0, 0, u32(0), u32(3), TEXT], FLAG.MORE)) },
    { weight: 2, arbitrary: ids.map((id) => frame(FRAME.CHUNK, id, ['hi'])) },
    { weight: 2, arbitrary: ids.map((id) => frame(FRAME.ITEMS, id, [0x92, 1, 2])) },
    { weight: 2, arbitrary: ids.map((id) => frame(FRAME.END, id, [])) },
    { weight: 2, arbitrary: ids.map((id) => frame(FRAME.CANCEL, id, [1])) },
    { weight: 3, arbitrary: fc.constant(frame(FRAME.EVENT, events, [0, 0, 0xa1, 'e'])) },
    { weight: 1, arbitrary: fc.constantFrom('here', 'there').map((field) => described(states(field).description)) },
    { weight: 1, arbitrary: fc.constant(described('{"input":', 0, FLAG.MORE)) },
    { weight: 1, arbitrary: fc.constant(described('{}}')) },
  );

  test('a handler runs once for each call at most, and never for one that did not fit or was given up', () => {
    fc.assert(
      fc.property(kinds, fc.array(frames, { maxLength: 25 }), fc.boolean(), (kind, all, ends) => {
        const end = doubting(kind);
        for (const bytes of all) {
          const before = end.requests.length;
          end.receive(bytes);
          for (const call of end.requests.slice(before)) {
            expect([call.served, call.cancelled, call.sending]).toEqual([true, undefined, HALF.OPEN]);
          }
        }
        expect(new Set(end.requests).size).toBe(end.requests.length);
        if (ends) end.connection.ended();
        for (const call of end.requests) end.answer(call, 'done');
        const answered = end.sent().filter(({ type }) => type === 'ANSWER' || type === 'ERROR').length;
        // Those that have not come whole are still open; the others have had one answer each.
        expect(answered).toBeLessThanOrEqual(all.length);
        if (ends) expect(end.serving).toBe(0);
      }),
      { numRuns: 400 },
    );
  });
});

describe('a method that the other end never describes', () => {
  function never(): { end: End; now: { ms: number }; waits: number[] } {
    const now = { ms: 0 };
    const waits: number[] = [];
    const end = doubting(KIND.unary, { now: () => now.ms, waits: (until) => void waits.push(until) });
    return { end, now, waits };
  }

  test('holds its calls for ten seconds, and then they are served', () => {
    const { end, now, waits } = never();
    end.receive(asks(0), asks(2));
    expect(waits).toEqual([10_000]);
    const { checks } = end.connection.exchange;
    now.ms = 9999;
    expect([checks.expire(now.ms), end.requests.length]).toEqual([10_000, 0]);
    now.ms = 10_000;
    expect(checks.expire(now.ms)).toBe(Number.POSITIVE_INFINITY);
    expect(end.requests.map(({ input }) => input)).toEqual(['hi', 'hi']);
    end.receive(asks(4));
    expect(end.requests).toHaveLength(3);
  });

  test('can still be described then, which changes nothing', () => {
    const { end, now } = never();
    now.ms = 10_000;
    end.connection.exchange.checks.expire(now.ms);
    end.receive(asks(0), described(states('there').description));
    expect([end.requests.length, end.closed]).toEqual([1, []]);
  });

  test('lets a call go whose time was up before', () => {
    const { end, now } = never();
    end.receive(asks(0, u32(5000)), asks(2, u32(20_000)));
    now.ms = 10_000;
    end.connection.exchange.checks.expire(now.ms);
    expect(end.requests.map(({ id, timeLeft }) => [id, timeLeft])).toEqual([[2, 10_000]]);
    expect(types(end)).toEqual(['DESCRIBE', 'ERROR']);
  });
});

describe('what comes for a method that is yet to be described', () => {
  test('is not decoded before', () => {
    const end = doubting();
    const malformed = frame(FRAME.REQUEST, 0, [0, 0, 0xc1]);
    end.receive(malformed);
    expect(types(end)).toEqual(['DESCRIBE']);
    end.receive(described(''));
    expect([types(end), end.requests]).toEqual([['ERROR'], []]);
  });

  test('is let on only then, where it is long', () => {
    const end = doubting();
    const begins = frame(FRAME.REQUEST, 0, [0, 0, u64(5000), 0xc5, 4997 >> 8, 4997 & 255], FLAG.MORE);
    end.receive(begins);
    expect(types(end)).toEqual(['DESCRIBE']);
    end.receive(described(''));
    expect(types(end)).toEqual(['CREDIT']);
    end.receive(frame(FRAME.CHUNK, 0, [new Uint8Array(4997)]));
    expect(end.requests).toHaveLength(1);
  });

  test('is held to its account meanwhile', () => {
    const end = doubting();
    end.receive(frame(FRAME.REQUEST, 0, [0, 0, u64(5000), 0], FLAG.MORE), frame(FRAME.CHUNK, 0, [1], FLAG.MORE));
    expect(end.closed[0]?.message).toContain('a CHUNK for which there was no credit');
  });
});

test('a method that is named again and again is described here but once', () => {
  let described = 0;
  const statement: Statement = {
    fingerprint: new Uint8Array(8),
    get description() {
      described++;
      return states('here').description;
    },
  };
  const end = open('acceptor', {}, {}, { contract: () => statement });
  for (let number = 0; number < 100; number++) {
    end.receive(method(KIND.unary, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, number), number));
    end.receive(frame(FRAME.DESCRIPTION, 0, [0, number, '{}']));
  }
  expect([described, end.closed]).toEqual([1, []]);
});
