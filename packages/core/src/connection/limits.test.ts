import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../wire/frame.ts';
import { MAX_METHODS, type OwnLimits } from '../wire/limits.ts';
import { PREFACE, type Role } from '../wire/preface.ts';
import { declared } from './test-declared.ts';
import { type End, endOf, open } from './test-ends.ts';
import { frame, type Part, u32, u64 } from './test-frames.ts';
import { chunkFrame, itemsFrame, METHODS, packed, u16 } from './test-stream-frames.ts';

const { MORE, RAW, METADATA, NESTED } = FLAG;

/** What the other end sends, for a call of this id where it names one. */
type Frames = (call: number) => Buffer;

/** A limit of this end's: frames of the other end's that keep to it just so, and that are one past it. */
interface Row {
  readonly name: string;
  readonly limits: Partial<OwnLimits>;
  readonly fits: Frames;
  readonly past: Frames;
  /** What names the limit and its value. */
  readonly says: RegExp;
  /** Whether what is past it costs the connection, or only the call. */
  readonly costs: 'connection' | 'call';
}

const bytes = (length: number): Uint8Array => new Uint8Array(length);
const text = (length: number): Uint8Array => packed('a'.repeat(length - 3));
const nested = (depth: number): unknown => (depth === 0 ? 0 : [nested(depth - 1)]);
const list = (values: number): unknown => new Array(values - 1).fill(0);
/** A map of one entry, that long. */
const map = (length: number): Uint8Array => packed({ k: 'v'.repeat(length - 5) });

function rowsOf(
  name: keyof OwnLimits,
  limits: Partial<OwnLimits>,
  costs: Row['costs'],
  says: RegExp,
  sent: (past: 0 | 1) => Frames,
): Row {
  return { name, limits, costs, says, fits: sent(0), past: sent(1) };
}

/** What a callee takes of a call. */
function request(...payload: readonly Part[]): Frames {
  return (call) => frame(FRAME.REQUEST, call, [u16(KIND.unary), ...payload]);
}

const REQUESTS: readonly Row[] = [
  rowsOf('chunk', { chunk: 2000 }, 'connection', /2001 bytes, where 2000 are taken \(limit "chunk"\)/, (past) => {
    return (call) => frame(FRAME.REQUEST, call, [u16(KIND.unary), bytes(1998 + past)], RAW);
  }),
  rowsOf('message', { message: 2000 }, 'call', /more than 2000 bytes \(limit "message"\)/, (past) =>
    request(text(2000 + past)),
  ),
  rowsOf('bytes', { bytes: 2000 }, 'call', /more than 2000 bytes \(limit "bytes"\)/, (past) => (call) => {
    return frame(FRAME.REQUEST, call, [u16(KIND.unary), bytes(2000 + past)], RAW);
  }),
  rowsOf('message', { message: 2000 }, 'connection', /2001 bytes, where 2000 are taken \(limit "message"\)/, (past) => {
    return (call) => frame(FRAME.REQUEST, call, [u16(KIND.unary), u64(2000 + past), 0xda], MORE);
  }),
  rowsOf('bytes', { bytes: 2000 }, 'connection', /2001 bytes, where 2000 are taken \(limit "bytes"\)/, (past) => {
    return (call) => frame(FRAME.REQUEST, call, [u16(KIND.unary), u64(2000 + past), 1], MORE | RAW);
  }),
  rowsOf('depth', { depth: 9 }, 'call', /deeper than 9 \(limit "depth"\)/, (past) => request(packed(nested(9 + past)))),
  rowsOf('values', { values: 90 }, 'call', /more than 90 values \(limit "values"\)/, (past) =>
    request(packed(list(90 + past))),
  ),
  rowsOf('metadata', { metadata: 90 }, 'connection', /91 bytes, where 90 are taken \(limit "metadata"\)/, (past) => {
    const metadata = [u16(90 + past), map(90 + past)];
    return (call) => frame(FRAME.REQUEST, call, [u16(KIND.unary), ...metadata, 5], METADATA);
  }),
  rowsOf('nesting', { nesting: 3 }, 'call', /in 4 calls, where 3 are taken \(limit "nesting"\)/, (past) => (call) => {
    return frame(FRAME.REQUEST, call, [u16(KIND.unary), 3 + past, 5], NESTED);
  }),
  rowsOf('calls', { calls: 7 }, 'connection', /7 calls are taken \(limit "calls"\)/, (past) => (call) => {
    return request(5)(call + 2 * (6 + past));
  }),
  rowsOf('window', { window: 2000 }, 'connection', /no credit \(limit "window"\)/, (past) => (call) => {
    const opening = frame(FRAME.REQUEST, call, [u16(KIND.clientStream)]);
    return Buffer.concat([opening, frame(FRAME.ITEM, call, [bytes(2000 - 64 + past)], RAW)]);
  }),
  rowsOf('bytes', { bytes: 9000 }, 'connection', /a CHUNK for which there was no credit/, (past) => (call) => {
    const opening = frame(FRAME.REQUEST, call, [u16(KIND.unary), u64(9000), 1], MORE | RAW);
    return Buffer.concat([opening, chunkFrame(call, 8999 + past, false)]);
  }),
  rowsOf('events', { events: 2000 }, 'connection', /no credit \(limit "events"\)/, (past) => () => {
    return frame(FRAME.EVENT, EVENTS_CALL, [u16(KIND.event), bytes(2000 - 64 + past)], RAW);
  }),
];

/** What a caller takes of an answer, or of a stream of them. */
function answer(...payload: readonly Part[]): Frames {
  return (call) => frame(FRAME.ANSWER, call, payload);
}

const ANSWERS: readonly Row[] = [
  rowsOf('message', { message: 2000 }, 'call', /more than 2000 bytes \(limit "message"\)/, (past) =>
    answer(text(2000 + past)),
  ),
  rowsOf('bytes', { bytes: 2000 }, 'call', /more than 2000 bytes \(limit "bytes"\)/, (past) => (call) => {
    return frame(FRAME.ANSWER, call, [bytes(2000 + past)], RAW);
  }),
  rowsOf('message', { message: 2000 }, 'connection', /2001 bytes, where 2000 are taken \(limit "message"\)/, (past) => {
    return (call) => frame(FRAME.ANSWER, call, [u64(2000 + past), 0xda], MORE);
  }),
  rowsOf('bytes', { bytes: 2000 }, 'connection', /2001 bytes, where 2000 are taken \(limit "bytes"\)/, (past) => {
    return (call) => frame(FRAME.ANSWER, call, [u64(2000 + past), 1], MORE | RAW);
  }),
  rowsOf('depth', { depth: 9 }, 'call', /deeper than 9 \(limit "depth"\)/, (past) => answer(packed(nested(9 + past)))),
  rowsOf('values', { values: 90 }, 'call', /more than 90 values \(limit "values"\)/, (past) =>
    answer(packed(list(90 + past))),
  ),
  rowsOf('metadata', { metadata: 90 }, 'connection', /91 bytes, where 90 are taken \(limit "metadata"\)/, (past) => {
    return (call) => frame(FRAME.HEADER, call, [map(90 + past)]);
  }),
  rowsOf('bytes', { bytes: 9000 }, 'connection', /a CHUNK for which there was no credit/, (past) => (call) => {
    const opening = frame(FRAME.ANSWER, call, [u64(9000), 1], MORE | RAW);
    return Buffer.concat([opening, chunkFrame(call, 8999 + past, false)]);
  }),
];

const ITEMS: readonly Row[] = [
  rowsOf('window', { window: 2000 }, 'connection', /no credit \(limit "window"\)/, (past) => (call) => {
    return frame(FRAME.ITEM, call, [bytes(2000 - 64 + past)], RAW);
  }),
  // Ten numbers are eleven bytes.
  rowsOf('window', { window: 1024 }, 'connection', /no credit \(limit "window"\)/, (past) => (call) => {
    const rest = frame(FRAME.ITEM, call, [bytes(1024 - 64 - 651 + past)], RAW);
    return Buffer.concat([itemsFrame(call, ...new Array(10).fill(1)), rest]);
  }),
];

const ROLES: readonly Role[] = ['dialer', 'acceptor'];

/** What the end has said last of a call or of the connection, where that is an error. */
function told(end: End): string {
  const errors = end.sent().filter(({ type }) => type === 'ERROR' || type === 'GOAWAY');
  return errors.map(({ payload }) => payload.toString('latin1')).join(' ');
}

describe.each(ROLES)('what a %s takes', (role) => {
  /** The first call of the other end's, and of this one's. */
  const [theirs, ours] = role === 'acceptor' ? [0, 1] : [1, 0];

  test.each(REQUESTS)(
    'of calls and events made to it, up to the limit $name and no further, which costs the $costs',
    (row) => {
      const fitting = open(role, row.limits, {});
      fitting.receive(METHODS, row.fits(theirs));
      expect([told(fitting), fitting.closed]).toEqual(['', []]);
      const { length } = [...fitting.requests, ...fitting.events];
      expect(length + fitting.serving, 'it is taken').toBeGreaterThan(0);

      const past = open(role, row.limits, {});
      past.receive(METHODS, row.past(theirs));
      expect(past.closed).toHaveLength(row.costs === 'connection' ? 1 : 0);
      expect(told(past)).toMatch(row.says);
      for (const { message } of past.closed) expect(message).toMatch(row.says);
    },
  );

  test.each(ANSWERS)('of answers, up to the limit $name and no further, which costs the $costs', (row) => {
    const fitting = open(role, row.limits, {});
    const answered = fitting.ask(1);
    fitting.receive(row.fits(ours));
    expect([told(fitting), fitting.closed]).toEqual(['', []]);
    // It has come, or goes on.
    expect(answered.outcomes.filter((outcome) => (outcome as { code?: string })?.code !== undefined)).toEqual([]);

    const past = open(role, row.limits, {});
    const failed = past.ask(1);
    past.receive(row.past(ours));
    expect(past.closed).toHaveLength(row.costs === 'connection' ? 1 : 0);
    expect(failed.outcomes).toEqual([expect.objectContaining({ message: expect.stringMatching(row.says) })]);
  });

  test.each(ITEMS)('of streams, up to the limit $name and no further', (row) => {
    const stream = declared('s', 'known', KIND.serverStream);
    for (const [sent, closed] of [
      [row.fits, 0],
      [row.past, 1],
    ] as const) {
      const end = open(role, row.limits, {});
      end.ask(1, stream);
      end.receive(sent(ours));
      expect(end.closed).toHaveLength(closed);
      for (const { message } of end.closed) expect(message).toMatch(row.says);
    }
  });

  test('of methods that are named, 4,096', () => {
    const end = open(role, {}, {});
    const named = (number: number): Buffer => frame(FRAME.METHOD, 0, [u16(number), 0, 1, 's', 1, 'm']);
    end.receive(Buffer.concat(Array.from({ length: MAX_METHODS }, (_, number) => named(number))));
    expect(end.closed).toEqual([]);
    end.receive(named(MAX_METHODS));
    expect(end.closed[0]?.message).toContain('METHOD with the number 4096, where 4096 are taken');
  });

  test('of a name, 255 bytes, which is all that its length can say', () => {
    const end = open(role, {}, {});
    const name = 'n'.repeat(255);
    end.receive(frame(FRAME.METHOD, 0, [u16(0), 0, 255, name, 255, name]), frame(FRAME.REQUEST, theirs, [u16(0)]));
    expect([end.closed, end.requests.map(({ target }) => target)]).toEqual([[], [name]]);
  });

  test('of frames that are answered at once, while it reads the answers, or few enough wait', () => {
    // A PONG is as long as its PING: 18 bytes. A description, which is answered at once as well, may have a MiB.
    const queue = 65_536;
    const most = Math.floor((2 * queue + 2 ** 20) / 18);
    const pings = (count: number): Buffer => Buffer.concat(new Array(count).fill(frame(FRAME.PING, 0, [bytes(8)])));
    const end = open(role, { queue }, {});
    end.receive(pings(most));
    expect(end.closed).toEqual([]);
    expect(end.sent()).toHaveLength(most);
    end.receive(pings(most), pings(1));
    expect(end.closed[0]?.message).toMatch(/more frames than it read the answers to \(limit "queue"\)/);
  });

  test('of questions for descriptions, which are written only as it reads them', () => {
    const end = open(role, {}, {});
    const description = JSON.stringify({ input: { enum: ['x'.repeat(900_000)] } });
    for (let i = 0; i < 40; i++) {
      end.ask(1, { ...declared('s', `m${i}`, KIND.unary), description });
      end.receive(answer(5)(ours));
    }
    end.sent();
    end.receive(...Array.from({ length: 40 }, (_, i) => frame(FRAME.DESCRIBE, 0, [u16(i)])));
    expect(end.closed).toEqual([]);
    const last = end.sent().filter(({ type, flags }) => type === 'DESCRIPTION' && (flags & MORE) === 0);
    expect(last).toHaveLength(40);
  });

  test('of long messages at once, as many as the limit reassembly lets on; the next waits for its turn', () => {
    const end = open(role, { reassembly: 2, window: 1024 }, {});
    const long = (call: number): Buffer => frame(FRAME.REQUEST, call, [u16(KIND.unary), u64(1024), 1], MORE | RAW);
    const granted = (): number[] => end.sent().flatMap(({ type, call }) => (type === 'CREDIT' ? [call] : []));
    end.receive(METHODS, long(theirs), long(theirs + 2), long(theirs + 4));
    expect(granted()).toEqual([theirs, theirs + 2]);
    end.receive(chunkFrame(theirs, 1023, false));
    expect([granted(), end.closed]).toEqual([[theirs + 4], []]);
  });
});

describe.each(ROLES)('what a %s sends', (role) => {
  test.each<[name: keyof OwnLimits, limits: Partial<OwnLimits>, fits: unknown, past: unknown, says: RegExp]>([
    ['message', { message: 2000 }, 'a'.repeat(1997), 'a'.repeat(1998), /2001 bytes long, .* 2000 \(limit "message"\)/],
    ['bytes', { bytes: 2000 }, bytes(2000), bytes(2001), /2001 bytes long, .* 2000 \(limit "bytes"\)/],
    ['depth', { depth: 9 }, nested(9), nested(10), /deeper than 9 .*\(limit "depth"\)/],
    ['values', { values: 90 }, list(90), list(91), /more than 90 values \(limit "values"\)/],
  ])('keeps to the limit "%s" of the other end', (_name, limits, fits, past, says) => {
    const failure = { code: 'RESOURCE_EXHAUSTED', message: expect.stringMatching(says) };
    const end = open(role, {}, limits);
    end.ask(fits);
    expect(() => end.ask(past)).toThrow(expect.objectContaining({ ...failure, execution: 'not-sent' }));
    const theirs = role === 'acceptor' ? 0 : 1;
    end.receive(METHODS, request(5)(theirs), request(5)(theirs + 2));
    end.answer(end.requests[0], fits);
    expect(() => end.answer(end.requests[1], past)).toThrow(expect.objectContaining(failure));
    expect(end.sent().map(({ type }) => type)).toEqual(['METHOD', 'REQUEST', 'ANSWER']);
  });

  test('keeps to the limit "calls" of the other end, and makes no more calls than its own limit "queue" has room for', () => {
    const few = open(role, {}, { calls: 3 });
    for (let call = 0; call < 3; call++) {
      expect(few.connection.canCall).toBe(true);
      few.ask(1);
    }
    expect(few.connection.canCall).toBe(false);
    const queue = 65_536;
    const asked = (letters: number): End => {
      const end = open(role, { queue }, {});
      end.ask('x'.repeat(letters));
      return end;
    };
    const head =
      asked(60_000)
        .sent()
        .reduce((sum, { payload }) => sum + 10 + payload.length, 0) - 60_000;
    expect(asked(queue - head - 1).connection.canCall).toBe(true);
    const full = asked(queue - head);
    expect(full.connection.canCall).toBe(false);
    full.sent();
    expect(full.connection.canCall).toBe(true);
  });

  test('names no more than 4,096 methods', () => {
    const end = open(role, {}, {});
    for (let i = 0; i < MAX_METHODS; i++) {
      const call = end.ask(1, declared('s', `m${i}`, KIND.unary));
      end.receive(answer(5)(call.id));
    }
    const says = {
      code: 'RESOURCE_EXHAUSTED',
      execution: 'not-sent',
      message: expect.stringContaining('4096 methods'),
    };
    expect(() => end.ask(1, declared('s', 'one more', KIND.unary))).toThrow(expect.objectContaining(says));
  });

  test('cuts its messages at the limit "chunk" of the other end, and at the window of a stream', () => {
    const end = open(role, {}, { chunk: 1024, window: 1024 });
    const call = end.ask(bytes(5000));
    end.receive(frame(FRAME.CREDIT, call.id, [u32(9000)]));
    const [first, ...rest] = end.sent().slice(1);
    expect(first).toMatchObject({ type: 'REQUEST' });
    expect([first, ...rest].every((sent) => sent !== undefined && sent.payload.length <= 1024)).toBe(true);
    expect(rest.reduce((sum, { payload }) => sum + payload.length, (first?.payload.length ?? 0) - 10)).toBe(5000);
  });
});

test('a limit that the other end states out of its range ends the connection, and is named', () => {
  for (const role of ROLES) {
    const end = endOf(role);
    const stated = frame(FRAME.HELLO, 0, [packed({ limits: { chunk: 1023 } })]);
    end.receive(PREFACE[role === 'acceptor' ? 'dialer' : 'acceptor'], stated);
    expect(end.closed[0]?.message).toContain('limit "chunk" is not a whole number from 1024 to 16777216');
  }
});
