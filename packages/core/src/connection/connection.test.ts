import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { RpcError } from '../error/rpc-error.ts';
import { decodeBody } from '../wire/body.ts';
import { EVENTS_CALL, FLAG, FRAME, frameName } from '../wire/frame.ts';
import { DEFAULT_LIMITS, LIMIT_RANGES, type Limits, limitsWith } from '../wire/limits.ts';
import type { Role } from '../wire/preface.ts';
import type { IncomingCall } from './call.ts';
import { FATAL } from './control.ts';
import { declared } from './test-declared.ts';
import { type Asked, type End, open as openEnd } from './test-ends.ts';
import { bytesOf, frame, type Part, type Sent, u32, u64 } from './test-frames.ts';

/** What became of calls, in short. */
function fates(...calls: Asked[]): unknown[][] {
  return calls.map(({ outcomes }) =>
    outcomes.map((outcome) => {
      const { code, execution } = Object(outcome);
      return code === undefined ? outcome : `${code} ${execution}`;
    }),
  );
}

interface Setting {
  readonly role?: Role;
  readonly local?: Partial<Limits>;
  readonly remote?: Partial<Limits>;
  /** What becomes of a request as soon as it is there. Default: nothing. */
  readonly serve?: (end: End, call: IncomingCall<string>) => void;
}

interface Telling extends End {
  /** What its host was told, in order. */
  readonly told: string[];
  /** Makes a call, and forgets what it sent for it. */
  asks(): Asked;
}

/** An end that is open. It serves the methods `s.known` and `s.other`. */
function open({ role = 'acceptor', local = {}, remote = {}, serve = () => {} }: Setting = {}): Telling {
  const told: string[] = [];
  const route = declared('s', 'asked', KIND.unary);
  const end = openEnd(role, local, remote, {
    resolve: ({ service, name, kind }) => {
      told.push(`resolve ${service}.${name} ${kind}`);
      return ['known', 'other'].includes(name) ? `${service}.${name}` : undefined;
    },
    request: (call) => {
      told.push(`request ${call.id} ${call.target} ${JSON.stringify(call.input)}`);
      serve(end, call);
    },
    cancelled: (call) => told.push(`cancelled ${call.id} ${call.cancelled}`),
    draining: () => told.push('draining'),
    finished: ({ code }) => told.push(`closed ${code}`),
  });
  return Object.assign(end, {
    told,
    asks() {
      const call = end.ask('input', route);
      end.sent();
      return call;
    },
  });
}

function decode(payload: Buffer): unknown {
  return decodeBody(payload, 0, payload.length, false, DEFAULT_LIMITS);
}

/** What an ERROR or GOAWAY says. */
function says(sent: Sent | undefined): { code: number; message: string; ran?: boolean } {
  return decode((sent as Sent).payload) as { code: number; message: string; ran?: boolean };
}

const { MORE, RAW, DEADLINE, METADATA, NESTED, IGNORABLE } = FLAG;

function named(number: number, name: string, service = 's', kind = 0): Buffer {
  return frame(FRAME.METHOD, 0, [0, number, kind, service.length, service, name.length, name]);
}

const KNOWN = named(0, 'known');
/** A request of the dialer's for the first method, with the number 5 as its input. */
function asks(id: number, flags = 0, ...fields: Part[]): Buffer {
  return frame(FRAME.REQUEST, id, [0, 0, ...fields, 5], flags);
}
function asksLong(id: number, total: number, first: number, flags = 0): Buffer {
  return frame(FRAME.REQUEST, id, [0, 0, u64(total), new Uint8Array(first)], MORE | RAW | flags);
}
function chunk(id: number, length: number, more: boolean): Buffer {
  return frame(FRAME.CHUNK, id, [new Uint8Array(length)], more ? MORE : 0);
}

describe('what the protocol rules out ends the connection, with the reason for both ends', () => {
  const small = { chunk: 1024, window: 1024, message: 4096, bytes: 8192, calls: 3, events: 1024, metadata: 10 };
  /** As an acceptor that has made one call, whose id is 1. */
  const cases: readonly (readonly [what: string, words: string, ...frames: Buffer[]])[] = [
    ['a call id that is open', 'REQUEST with the call id 2, which is open', KNOWN, asks(2), asks(2)],
    [
      'a call id of the wrong parity',
      'REQUEST with the call id 1, where 3 calls are taken (limit "calls")',
      KNOWN,
      asks(1),
    ],
    ['a call id over the limit', 'REQUEST with the call id 6, where 3 calls are taken (limit "calls")', KNOWN, asks(6)],
    ['the largest call id', 'REQUEST with the call id 4294967294, where', KNOWN, asks(0xffff_fffe)],
    ['a method number without a name', 'REQUEST for a method number that has no name', asks(0)],
    ['a method number beyond those with a name', 'that has no name', KNOWN, frame(FRAME.REQUEST, 0, [0, 1, 5])],
    ['a method number that skips one', 'METHOD with the number 1, where 0 comes next', named(1, 'known')],
    ['a method number that comes again', 'METHOD with the number 0, where 1 comes next', KNOWN, KNOWN],
    ['a method of an unknown kind', 'METHOD of the unknown kind 5', named(0, 'known', 's', 5)],
    [
      'a fingerprint of three bytes',
      'METHOD with a fingerprint of 3 bytes',
      frame(FRAME.METHOD, 0, [0, 0, 0, 1, 's', 1, 'k', 'abc']),
    ],
    ['a method without a name', 'METHOD', named(0, '')],
    ['a method of a service without a name', 'METHOD', named(0, 'known', '')],
    ['a method whose name is not UTF-8', 'METHOD', named(0, 'k\xff')],
    ['a method whose service is not UTF-8', 'METHOD', named(0, 'known', '\xc3')],
    ['an ANSWER for no call', 'ANSWER for the call 3, which is not open', frame(FRAME.ANSWER, 3, [5])],
    ['an ERROR for no call', 'ERROR for the call 3, which is not open', frame(FRAME.ERROR, 3, [0x80])],
    ['a HEADER for no call', 'HEADER for the call 3, which is not open', frame(FRAME.HEADER, 3, [0x80])],
    ['a CHUNK for no call of ours', 'CHUNK for the call 3, which is not open', chunk(3, 1, false)],
    ['a CHUNK for no call of theirs', 'CHUNK for the call 2, which is not open', chunk(2, 1, false)],
    ['ITEMS for no call', 'ITEMS for the call 0, which is not open', frame(FRAME.ITEMS, 0, [0x91, 1])],
    ['an ITEM for no call', 'ITEM for the call 0, which is not open', frame(FRAME.ITEM, 0, [1])],
    ['an END for no call', 'END for the call 0, which is not open', frame(FRAME.END, 0, [])],
    [
      'a second ANSWER',
      'ANSWER for the call 1, which is not open',
      frame(FRAME.ANSWER, 1, [5]),
      frame(FRAME.ANSWER, 1, [5]),
    ],
    [
      'an ERROR after the ANSWER',
      'ERROR for the call 1, which is not open',
      frame(FRAME.ANSWER, 1, [5]),
      frame(FRAME.ERROR, 1, [0x80]),
    ],
    ['a CHUNK without a message', 'CHUNK out of turn for the call 1', chunk(1, 1, false)],
    ['a CHUNK behind a whole request', 'CHUNK out of turn for the call 0', KNOWN, asks(0), chunk(0, 1, false)],
    [
      'ITEMS to a unary caller',
      'ITEMS for the call 1, whose method is of another kind',
      frame(FRAME.ITEMS, 1, [0x91, 1]),
    ],
    ['an ITEM to a unary caller', 'ITEM for the call 1, whose method is of another kind', frame(FRAME.ITEM, 1, [1])],
    ['an END to a unary caller', 'END for the call 1, whose method is of another kind', frame(FRAME.END, 1, [])],
    ['a REQUEST with an id of ours', 'REQUEST with the call id 1', KNOWN, asks(1)],
    ['a CANCEL for a call of ours', 'CANCEL for the call 1', frame(FRAME.CANCEL, 1, [1])],
    [
      'a STOP of an input that is one message',
      'STOP for the call 1, whose input is one message',
      frame(FRAME.STOP, 1, []),
    ],
    [
      'a STOP from the end that asked',
      'STOP from the end that opened the call',
      KNOWN,
      asks(0),
      frame(FRAME.STOP, 0, []),
    ],
    ['ITEMS to a unary method', 'ITEMS out of turn for the call 0', KNOWN, asks(0), frame(FRAME.ITEMS, 0, [0x91, 1])],
    ['an ITEM to a unary method', 'ITEM out of turn for the call 0', KNOWN, asks(0), frame(FRAME.ITEM, 0, [1])],
    ['an END of a unary request', 'END out of turn for the call 0', KNOWN, asks(0), frame(FRAME.END, 0, [])],
    [
      'an ANSWER from the end that asked',
      'ANSWER from the end that opened the call',
      KNOWN,
      asks(0),
      frame(FRAME.ANSWER, 0, [1]),
    ],
    [
      'an ERROR from the end that asked',
      'ERROR from the end that opened the call',
      KNOWN,
      asks(0),
      frame(FRAME.ERROR, 0, [0x80]),
    ],
    [
      'a HEADER in the middle of an ANSWER',
      'HEADER out of turn for the call 1',
      frame(FRAME.ANSWER, 1, [u64(2000), 1], MORE),
      frame(FRAME.HEADER, 1, [0x80]),
    ],
    [
      'an ANSWER in the middle of an ANSWER',
      'ANSWER out of turn for the call 1',
      frame(FRAME.ANSWER, 1, [u64(2000), 1], MORE),
      frame(FRAME.ANSWER, 1, [5]),
    ],
    [
      'a second HEADER',
      'a second HEADER, or one behind items, for the call 1',
      frame(FRAME.HEADER, 1, [0x80]),
      frame(FRAME.HEADER, 1, [0x80]),
    ],
    ['a HELLO', 'a HELLO that nobody asked for', frame(FRAME.HELLO, 0, [0x80])],
    ['a DESCRIPTION', 'a DESCRIPTION that nobody asked for', frame(FRAME.DESCRIPTION, 0, [0, 0])],
    ['an unknown type at 0', 'a frame of the unknown type 0x00', frame(0x00, 0, [])],
    ['an unknown type of the connection', 'a frame of the unknown type 0x09', frame(0x09, 0, [])],
    ['the last unknown type of the connection', 'a frame of the unknown type 0x0f', frame(0x0f, 0, [])],
    ['an unknown type of a call', 'a frame of the unknown type 0x1b', frame(0x1b, 0, [])],
    ['the largest unknown type', 'a frame of the unknown type 0xff', frame(0xff, 0, [], 0x7f)],
    [
      'a payload over the limit',
      'a payload of 1025 bytes, where 1024 are taken (limit "chunk")',
      frame(FRAME.PONG, 0, [new Uint8Array(1025)]),
    ],
    [
      'an announced message over the limit',
      'a message of 4097 bytes, where 4096 are taken (limit "message")',
      KNOWN,
      frame(FRAME.REQUEST, 0, [0, 0, u64(4097), 1], MORE),
    ],
    [
      'announced bytes over the limit',
      'a message of 8193 bytes, where 8192 are taken (limit "bytes")',
      KNOWN,
      asksLong(0, 8193, 10),
    ],
    [
      'an announced answer over the limit',
      'a message of 4097 bytes, where 4096 are taken',
      frame(FRAME.ANSWER, 1, [u64(4097), 1], MORE),
    ],
    [
      'an announced length beyond every number',
      'more than 2^53 bytes',
      KNOWN,
      frame(FRAME.REQUEST, 0, [0, 0, '\xff'.repeat(8), 1], MORE),
    ],
    [
      'a message that goes on although it is whole',
      'a message that goes on although it is whole',
      KNOWN,
      asksLong(0, 10, 10),
    ],
    [
      'a CHUNK without credit',
      'a CHUNK for which there was no credit',
      KNOWN,
      asksLong(0, 1100, 10),
      chunk(0, 500, true),
      chunk(0, 591, true),
    ],
    ['an empty CHUNK', 'a CHUNK that is empty', KNOWN, asksLong(0, 100, 10), chunk(0, 0, true)],
    [
      'a message that ends early',
      'a message that ends before the 100 bytes it announced',
      KNOWN,
      asksLong(0, 100, 10),
      chunk(0, 80, false),
    ],
    [
      'a message that goes on too long',
      'a message that goes on past the 100 bytes it announced',
      KNOWN,
      asksLong(0, 100, 10),
      chunk(0, 90, true),
    ],
    [
      'an answer that ends early',
      'a message that ends before the 4000 bytes it announced',
      frame(FRAME.ANSWER, 1, [u64(4000), 1], MORE),
      chunk(1, 80, false),
    ],
    [
      'an answer whose last CHUNK is empty',
      'a CHUNK that is empty',
      frame(FRAME.ANSWER, 1, [u64(4000), 1], MORE),
      chunk(1, 0, false),
    ],
    [
      'metadata of an ERROR over the limit',
      'metadata of 11 bytes',
      frame(FRAME.ERROR, 1, [0, 11, new Uint8Array(11), 0x80], METADATA),
    ],
    [
      'metadata of a HEADER over the limit',
      'metadata of 11 bytes, where 10 are taken',
      frame(FRAME.HEADER, 1, [new Uint8Array(11)]),
    ],
    [
      'metadata over the limit',
      'metadata of 11 bytes, where 10 are taken (limit "metadata")',
      KNOWN,
      asks(0, METADATA, 0, 11, new Uint8Array(11)),
    ],
    ['metadata that is no map', 'metadata that holds no map', KNOWN, asks(0, METADATA, 0, 1, 0x90)],
    ['metadata that is malformed', 'metadata that holds', KNOWN, asks(0, METADATA, 0, 1, 0xc1)],
    [
      'metadata of neither text nor bytes',
      'metadata that holds neither text nor bytes',
      KNOWN,
      asks(0, METADATA, 0, 4, 0x81, 0xa1, 'k', 5),
    ],
    [
      'metadata of an ANSWER that is no map',
      'metadata that holds no map',
      frame(FRAME.ANSWER, 1, [0, 1, 5, 7], METADATA),
    ],
    ['an EVENT outside the events', 'an EVENT outside the events', KNOWN, frame(FRAME.EVENT, 0, [0, 0, 5])],
    [
      'an EVENT for a method without a name',
      'an EVENT for a method number that has no name',
      frame(FRAME.EVENT, EVENTS_CALL, [0, 0, 5]),
    ],
    [
      'an EVENT over its credit',
      'an EVENT for which there was no credit (limit "events")',
      KNOWN,
      frame(FRAME.EVENT, EVENTS_CALL, [0, 0, new Uint8Array(1000)]),
    ],
    ['an ANSWER among the events', 'ANSWER for the events, which are none', frame(FRAME.ANSWER, EVENTS_CALL, [5])],
    ['a GOAWAY that cannot be read', 'a GOAWAY whose bytes hold', frame(FRAME.GOAWAY, 0, [0xc1])],
  ];

  test.each(cases.map(([what, words, ...frames]) => [what, words, frames] as const))('%s', (_what, words, frames) => {
    const bytes = Buffer.concat(frames);
    for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.of(byte))]) {
      const end = open({ local: small });
      const call = end.asks();
      end.receive(...chunks);
      expect(end.closed.map(({ code }) => code)).toEqual(['INTERNAL']);
      expect(end.closed[0]?.message).toMatch(/^The other side broke the protocol: it sent .*\.$/);
      expect(end.closed[0]?.message).toContain(words);
      expect(end.connection.phase).toBe('closed');
      expect(end.connection.canCall).toBe(false);
      expect(call.outcomes).toHaveLength(1);
      const goaways = end.sent().filter(({ type }) => type === 'GOAWAY');
      expect(goaways.map(({ flags }) => flags)).toEqual([FATAL]);
      expect(says(goaways[0]).code).toBe(13);
      expect(says(goaways[0]).message).toContain(words);
      // It is over: nothing that comes now is looked at.
      const before = [...end.told];
      end.receive(KNOWN, asks(0), frame(FRAME.PING, 0, [new Uint8Array(8)]), frame(0xff, 0, []), Buffer.of(0, 0, 0, 0));
      end.connection.ended();
      expect(end.told).toEqual(before);
      expect(end.sent()).toEqual([]);
    }
  });

  test('a frame that is too short for its fields, wherever it is cut', () => {
    const whole: readonly (readonly [type: number, call: number, least: number, payload: Part[], flags?: number])[] = [
      [FRAME.METHOD, 0, 10, [0, 0, 0, 1, 's', 4, 'abcd']],
      [FRAME.CREDIT, 0, 4, [u32(5)]],
      [FRAME.PING, 0, 8, [u64(5)]],
      [FRAME.PONG, 0, 8, [u64(5)]],
      [FRAME.DESCRIBE, 0, 2, [0, 0]],
      [FRAME.REQUEST, 0, 2, [0, 0]],
      [FRAME.REQUEST, 0, 6, [0, 0, u32(1000)], DEADLINE],
      [FRAME.REQUEST, 0, 7, [0, 0, u32(1000), 3], DEADLINE | NESTED],
      [FRAME.REQUEST, 0, 9, [0, 0, u32(1000), 3, 0, 1, 0x80].slice(0, 6), DEADLINE | NESTED | METADATA],
      [FRAME.REQUEST, 0, 10, [0, 0, u64(1000)], MORE],
      [FRAME.ANSWER, 1, 8, [u64(1000)], MORE],
      [FRAME.ANSWER, 1, 3, [0, 1, 0x80], METADATA],
      [FRAME.ERROR, 1, 3, [0, 1, 0x80], METADATA],
      [FRAME.CANCEL, 0, 1, [1]],
      [FRAME.EVENT, EVENTS_CALL, 2, [0, 0]],
      [FRAME.EVENT, EVENTS_CALL, 10, [0, 0, u64(1000)], MORE],
    ];
    for (const [type, call, least, payload, flags] of whole) {
      const bytes = bytesOf(payload);
      for (let length = 0; length < least; length++) {
        const end = open();
        const asked = end.asks();
        if (type !== FRAME.METHOD) end.receive(KNOWN);
        if (type === FRAME.CANCEL) end.receive(asks(0));
        end.receive(frame(type, call, [bytes.subarray(0, length)], flags));
        expect(
          end.closed.map(({ message }) => message),
          `${frameName(type)} of ${length}`,
        ).toEqual(['The other side broke the protocol: it sent a frame too short for its fields.']);
        expect(fates(asked), `${frameName(type)} of ${length}`).toEqual([['UNAVAILABLE unknown']]);
      }
    }
  });

  test('more methods than there are numbers', () => {
    const end = open();
    for (let number = 0; number < 4096; number++) {
      end.receive(frame(FRAME.METHOD, 0, [number >> 8, number & 0xff, 0, 1, 's', 1, 'k']));
    }
    expect(end.closed).toEqual([]);
    end.receive(frame(FRAME.METHOD, 0, [0x10, 0x00, 0, 1, 's', 1, 'k']));
    expect(end.closed[0]?.message).toContain('METHOD with the number 4096');
  });

  test('what came before it is acted on, and what was to be sent is sent before the reason', () => {
    const end = open({ serve: (end, call) => end.answer(call, 'yes') });
    end.receive(Buffer.concat([KNOWN, asks(0), asks(2), frame(0xff, 0, []), asks(4)]));
    expect(end.told).toEqual(['resolve s.known 0', 'request 0 s.known 5', 'request 2 s.known 5', 'closed INTERNAL']);
    expect(end.sent().map(({ type, call }) => `${type} ${call}`)).toEqual(['ANSWER 0', 'ANSWER 2', 'GOAWAY 0']);
  });

  test('calls that came are cancelled, once each, and nothing that they still do is sent', () => {
    const end = open();
    end.receive(KNOWN, asks(0), asks(2), asks(4), frame(FRAME.CANCEL, 2, [4]));
    end.receive(frame(0xff, 0, []));
    expect(end.told.slice(4)).toEqual([
      'cancelled 2 DEADLINE_EXCEEDED',
      'cancelled 0 CANCELLED',
      'cancelled 4 CANCELLED',
      'closed INTERNAL',
    ]);
    end.sent();
    for (const call of end.requests) end.answer(call, 1);
    expect(end.sent()).toEqual([]);
  });

  test('a call whose request is not whole is told to nobody', () => {
    const end = open();
    end.receive(KNOWN, asksLong(0, 5000, 10), frame(0xff, 0, []));
    expect(end.told).toEqual(['resolve s.known 0', 'closed INTERNAL']);
  });

  test('a call whose answer is already on its way is not cancelled', () => {
    const end = open({ remote: { chunk: 1024 } });
    end.receive(KNOWN, asks(0));
    end.answer(end.requests[0], new Uint8Array(5000));
    end.receive(frame(0xff, 0, []));
    expect(end.told).toEqual(['resolve s.known 0', 'request 0 s.known 5', 'closed INTERNAL']);
  });
});

describe('what the protocol allows changes nothing more than it says', () => {
  test('a CANCEL or a STOP that crossed the last frame of its call is ignored', () => {
    const end = open({ serve: (end, call) => end.answer(call, 1) });
    end.receive(KNOWN, asks(0), frame(FRAME.CANCEL, 0, [1]), frame(FRAME.STOP, 0, []), frame(FRAME.CANCEL, 400, [1]));
    expect(end.closed).toEqual([]);
    expect(end.told).toEqual(['resolve s.known 0', 'request 0 s.known 5']);
  });

  test('a STOP that crossed the END of its call is ignored', () => {
    const end = open();
    end.receive(frame(FRAME.STOP, 1, []), frame(FRAME.STOP, 401, []));
    expect(end.closed).toEqual([]);
  });

  test('an EVENT for a method that is none is dropped, whoever serves it', () => {
    const end = open();
    end.receive(KNOWN, frame(FRAME.EVENT, EVENTS_CALL, [0, 0, 5]));
    expect([end.events, end.requests, end.closed]).toEqual([[], [], []]);
  });

  test('CREDIT for what is over is ignored', () => {
    const end = open();
    end.receive(...[0, 1, 7, 0xffff_fffe, EVENTS_CALL].map((id) => frame(FRAME.CREDIT, id, [u32(0xffff_ffff)])));
    expect(end.closed).toEqual([]);
    expect(end.sent()).toEqual([]);
  });

  test('a PING is answered with what it carried, before anything else that waits', () => {
    const end = open({ serve: (end, call) => end.answer(call, 1) });
    end.receive(KNOWN, asks(0), frame(FRAME.PING, 0, ['12345678']), frame(FRAME.PONG, 0, ['abcdefgh']));
    expect(end.sent().map(({ type, payload }) => [type, payload.toString('latin1')])).toEqual([
      ['PONG', '12345678'],
      ['ANSWER', '\x01'],
    ]);
  });

  test('a PING is answered while this end is draining', () => {
    const end = open();
    end.receive(KNOWN, asks(0));
    end.connection.drain();
    end.sent();
    end.receive(frame(FRAME.PING, 0, ['12345678']));
    expect(end.sent().map(({ type }) => type)).toEqual(['PONG']);
  });

  test('a DESCRIBE is answered with no description', () => {
    const end = open();
    end.asks();
    end.receive(frame(FRAME.DESCRIBE, 0, [0, 0]));
    expect(end.sent().map(({ type, flags, payload }) => [type, flags, ...payload])).toEqual([['DESCRIPTION', 0, 0, 0]]);
  });

  test('an unknown frame that may be ignored is, also one that names a call', () => {
    const end = open();
    end.receive(KNOWN, asks(0));
    for (const type of [0x00, 0x09, 0x0f, 0x1b, 0x80, 0xff]) {
      for (const call of [0, 1, 2, 99, EVENTS_CALL]) end.receive(frame(type, call, ['anything'], IGNORABLE));
    }
    expect(end.closed).toEqual([]);
    expect(end.told).toHaveLength(2);
    expect(end.sent()).toEqual([]);
  });

  test('flags that nobody has defined are ignored', () => {
    const end = open();
    end.receive(KNOWN, asks(0, 0x60 | IGNORABLE));
    expect(end.told).toEqual(['resolve s.known 0', 'request 0 s.known 5']);
  });

  test('fields that a flag announces are read', () => {
    const end = open({ local: { nesting: 255 } });
    end.receive(KNOWN, asks(0), asks(2, DEADLINE, u32(1500)), asks(4, NESTED, 3), asks(6, METADATA, 0, 1, 0x80));
    end.receive(asks(8, DEADLINE | NESTED | METADATA, u32(0xffff_ffff), 255, 0, 5, 0x81, 0xa1, 'k', 0xa1, 'v'));
    expect(end.requests.map(({ timeLeft, nesting, metadata, input }) => [timeLeft, nesting, metadata, input])).toEqual([
      [Number.POSITIVE_INFINITY, 0, undefined, 5],
      [1500, 0, undefined, 5],
      [Number.POSITIVE_INFINITY, 3, undefined, 5],
      [Number.POSITIVE_INFINITY, 0, {}, 5],
      [0xffff_ffff, 255, { k: 'v' }, 5],
    ]);
  });

  test('metadata of as many bytes as are taken is taken', () => {
    const end = open({ local: { metadata: 10 } });
    end.receive(KNOWN, asks(0, METADATA, 0, 10, 0x81, 0xa1, 'k', 0xa6, '123456'));
    expect(end.requests.map(({ metadata }) => metadata)).toEqual([{ k: '123456' }]);
  });

  test('metadata of an answer is passed over, and so is a HEADER', () => {
    const end = open();
    const call = end.asks();
    end.receive(frame(FRAME.HEADER, 1, [0x80]), frame(FRAME.ANSWER, 1, [0, 1, 0x80, 7], METADATA));
    expect(fates(call)).toEqual([[7]]);
  });

  test('a call nested in more calls than are taken is turned away, and one nested in as many is not', () => {
    const end = open({ local: { nesting: 3 } });
    end.receive(KNOWN, asks(0, NESTED, 3), asks(2, NESTED, 4));
    expect(end.requests.map(({ nesting }) => nesting)).toEqual([3]);
    const [error] = end.sent();
    expect(says(error)).toEqual({
      code: 8,
      message: 'Nested in 4 calls, where 3 are taken (limit "nesting").',
      ran: false,
    });
  });

  test('events reach the host in order, those of unknown methods are dropped, and no call is answered for any', () => {
    const end = open();
    end.receive(named(0, 'known', 's', 4), named(1, 'unknown', 's', 4));
    for (let i = 0; i < 6; i++) end.receive(frame(FRAME.EVENT, EVENTS_CALL, [0, i % 2, i]));
    expect(end.events.map(({ target, value }) => [target, value])).toEqual([0, 2, 4].map((i) => ['s.known', i]));
    expect([end.closed, end.sent()]).toEqual([[], []]);
  });

  test('a call of an event is answered that there is no such method', () => {
    const end = open();
    end.receive(named(0, 'known', 's', 4), asks(0));
    expect(end.requests).toEqual([]);
    expect(says(end.sent()[0])).toEqual({ code: 12, message: 's.known is an event and answers no calls.', ran: false });
  });
});

describe('a body that cannot be taken fails its own call and no other', () => {
  test.each([
    ['is malformed', [0xc1]],
    ['is cut off', [0x92, 1]],
    ['has bytes left over', [1, 2]],
    ['is deeper than is taken', new Array<number>(9).fill(0x91).concat(1)],
    ['holds more values than are taken', [0xdc, 0, 100, ...new Array<number>(100).fill(1)]],
    ['is longer than is taken', [0xda, 0x08, 0, 'x'.repeat(2048)]],
  ] as [string, Part[]][])('where it %s', (_how, body) => {
    const end = open({ local: { depth: 8, values: 100, message: 2000 } });
    end.receive(KNOWN, frame(FRAME.REQUEST, 0, [0, 0, ...body]), asks(2));
    expect(end.told).toEqual(['resolve s.known 0', 'request 2 s.known 5']);
    const [error] = end.sent();
    expect([error?.type, error?.call]).toEqual(['ERROR', 0]);
    expect(says(error)).toMatchObject({ code: 3, ran: false });
    const calls = [end.asks(), end.asks()];
    end.receive(frame(FRAME.ANSWER, 1, body), frame(FRAME.ANSWER, 3, [5]));
    expect(fates(...calls)).toEqual([['INTERNAL undefined'], [5]]);
    expect(end.closed).toEqual([]);
  });

  test('where it is the body of an ERROR, whose call fails all the same', () => {
    const end = open();
    const calls = [end.asks(), end.asks(), end.asks()];
    end.receive(frame(FRAME.ERROR, 1, [0xc1]), frame(FRAME.ERROR, 3, []), frame(FRAME.ERROR, 5, [0x93, 1, 2, 3]));
    expect(fates(...calls)).toEqual([['INTERNAL undefined'], ['UNKNOWN unknown'], ['UNKNOWN unknown']]);
    expect(end.closed).toEqual([]);
  });

  test('where it is RAW and longer than is taken', () => {
    const end = open({ local: { bytes: 1024 } });
    end.receive(KNOWN, frame(FRAME.REQUEST, 0, [0, 0, new Uint8Array(1025)], RAW));
    expect(end.requests).toEqual([]);
    expect(says(end.sent()[0])).toMatchObject({ code: 3, ran: false });
  });
});

describe('a GOAWAY that is fatal', () => {
  const fatal = (message: string): Buffer =>
    frame(FRAME.GOAWAY, 0, [0x82, 0xa4, 'code', 8, 0xa7, 'message', 0xa0 | message.length, message], FATAL);

  test('closes the connection in the words of the other end, without an answer', () => {
    const end = open();
    const call = end.asks();
    end.receive(fatal('Enough.'));
    expect(end.closed.map(({ code, message }) => [code, message])).toEqual([
      ['RESOURCE_EXHAUSTED', 'The other side broke off the connection: Enough.'],
    ]);
    expect(fates(call)).toEqual([['UNAVAILABLE unknown']]);
    expect(end.sent()).toEqual([]);
  });

  test('closes it once, whatever comes behind it in the same chunk', () => {
    for (const behind of [
      frame(FRAME.HELLO, 0, [0x80]),
      Buffer.of(0, 0, 0, 0),
      Buffer.of(0xff, 0xff, 0xff, 0xff),
      frame(0xff, 0, []),
      fatal('Again.'),
    ]) {
      const end = open();
      end.receive(KNOWN, asks(0));
      end.sent();
      end.receive(Buffer.concat([fatal('Enough.'), behind]));
      expect(end.told.slice(2)).toEqual(['cancelled 0 CANCELLED', 'closed RESOURCE_EXHAUSTED']);
      expect(end.connection.phase).toBe('closed');
      expect(end.sent()).toEqual([]);
    }
  });
});

describe('draining', () => {
  const GOAWAY = frame(FRAME.GOAWAY, 0, [0x82, 0xa4, 'code', 14, 0xa7, 'message', 0xa4, 'Bye.']);

  test('asks the other end once, and turns new calls away while what has begun goes on', () => {
    const end = open();
    const call = end.asks();
    end.receive(KNOWN, asks(0));
    end.connection.drain();
    end.connection.drain();
    end.receive(asks(2), asksLong(4, 5000, 10));
    expect(end.told).toEqual(['resolve s.known 0', 'request 0 s.known 5', 'draining']);
    const sent = end.sent();
    expect(sent.map(({ type, call: id, flags }) => [type, id, flags])).toEqual([
      ['GOAWAY', 0, 0],
      ['ERROR', 2, 0],
      ['ERROR', 4, 0],
    ]);
    expect(says(sent[0])).toEqual({ code: 14, message: 'This end is shutting down.' });
    expect(says(sent[1])).toEqual({ code: 14, message: 'The server is shutting down.', ran: false });
    expect(end.connection.canCall).toBe(false);
    expect(end.connection.finished).toBe(false);
    end.receive(frame(FRAME.CANCEL, 4, [1]), frame(FRAME.ANSWER, 1, [7]));
    expect(fates(call)).toEqual([[7]]);
    expect(end.connection.finished).toBe(false);
    end.answer(end.requests[0], 1);
    expect(end.sent().map(({ type, call: id }) => [type, id])).toEqual([['ANSWER', 0]]);
    expect(end.connection.finished).toBe(false);
    end.connection.ended();
    expect(end.connection.finished).toBe(true);
    expect(end.closed).toEqual([]);
  });

  test.each([
    ['ends its side', (end: ReturnType<typeof open>) => end.connection.ended()],
    ['drains, too', (end: ReturnType<typeof open>) => end.receive(GOAWAY)],
  ])('an end that has asked is finished once the other one %s: until then a call may be on its way', (_, leave) => {
    const end = open();
    expect(end.connection.finished).toBe(false);
    end.connection.drain();
    end.sent();
    expect(end.connection.finished).toBe(false);
    end.receive(KNOWN, asks(0));
    expect(end.sent().map(({ type, payload }) => [type, (decode(payload) as { ran: boolean }).ran])).toEqual([
      ['ERROR', false],
    ]);
    leave(end);
    expect(end.connection.finished).toBe(true);
  });

  test('an end that is asked makes no new call, serves those of the other end, and finishes with what it has', () => {
    const end = open();
    const call = end.asks();
    end.receive(KNOWN, asks(0), GOAWAY, GOAWAY);
    expect(end.told).toEqual(['resolve s.known 0', 'request 0 s.known 5', 'draining']);
    expect(end.connection.canCall).toBe(false);
    expect(end.connection.draining).toBe(true);
    end.receive(asks(2), frame(FRAME.ANSWER, 1, [7]));
    expect(end.requests).toHaveLength(2);
    expect(fates(call)).toEqual([[7]]);
    expect(end.connection.finished).toBe(false);
    for (const request of end.requests) end.answer(request, 1);
    expect(end.connection.finished).toBe(true);
  });

  test('an end that is asked does not wait for handlers of calls that were given up, and one that asked does', () => {
    const cancel = frame(FRAME.CANCEL, 0, [4]);
    const asked = open();
    asked.receive(KNOWN, asks(0), asks(2), GOAWAY, cancel);
    expect(asked.connection.finished).toBe(false);
    asked.answer(asked.requests[1], 1);
    expect(asked.connection.finished).toBe(true);
    const asking = open();
    asking.receive(KNOWN, asks(0), cancel);
    asking.connection.drain();
    asking.connection.ended();
    expect(asking.connection.finished).toBe(false);
    asking.answer(asking.requests[0], 1);
    expect(asking.connection.finished).toBe(true);
  });

  test('an end that is asked waits for a call whose time it keeps itself, until the caller has given that up', () => {
    const end = open();
    end.receive(KNOWN, asks(0), GOAWAY);
    const [call] = end.requests;
    if (call !== undefined) call.cancelled = 'DEADLINE_EXCEEDED';
    expect(end.connection.finished).toBe(false);
    end.receive(frame(FRAME.CANCEL, 0, [4]));
    expect(end.connection.finished).toBe(true);
  });

  test('an end that drains serves what is nested in its own open calls, and turns it away when there are none', () => {
    const end = open();
    const call = end.asks();
    end.connection.drain();
    end.receive(KNOWN, asks(0, NESTED, 1), asks(2));
    expect(end.told).toEqual(['draining', 'resolve s.known 0', 'request 0 s.known 5']);
    expect([end.connection.canCall, end.connection.canNest]).toEqual([false, true]);
    end.receive(frame(FRAME.ANSWER, 1, [7]), asks(4, NESTED, 1));
    expect(fates(call)).toEqual([[7]]);
    expect(end.requests).toHaveLength(1);
    end.answer(end.requests[0], 1);
    expect(end.sent().map(({ type, call: id }) => [type, id])).toEqual([
      ['GOAWAY', 0],
      ['ERROR', 2],
      ['ERROR', 4],
      ['ANSWER', 0],
    ]);
    end.connection.ended();
    expect(end.connection.finished).toBe(true);
  });

  test('an end that was asked can still nest, until nothing can be answered any more', () => {
    const end = open();
    end.receive(KNOWN, asks(0), GOAWAY);
    expect([end.connection.canCall, end.connection.canNest, end.connection.deaf]).toEqual([false, true, false]);
    end.connection.ended();
    expect([end.connection.canCall, end.connection.canNest, end.connection.deaf]).toEqual([false, false, true]);
  });
});

describe('the end of the other side', () => {
  test('fails the calls of this end, and lets those of the other end be answered', () => {
    const end = open();
    const call = end.asks();
    end.receive(KNOWN, asks(0));
    end.connection.ended();
    expect(fates(call)).toEqual([['UNAVAILABLE unknown']]);
    expect(end.told.slice(2)).toEqual(['draining']);
    // Writing tells whether anybody still reads.
    expect(end.sent().map(({ type }) => type)[0]).toBe('PING');
    expect(end.connection.canCall).toBe(false);
    expect(end.connection.finished).toBe(false);
    end.answer(end.requests[0], 'late');
    expect(end.sent().map(({ type, payload }) => [type, decode(payload)])).toEqual([['ANSWER', 'late']]);
    expect(end.connection.finished).toBe(true);
    expect(end.closed).toEqual([]);
  });

  test('lets a long answer go whole without credit, which can come no more, begun before it or after', () => {
    const end = open({ remote: { chunk: 1024 } });
    end.receive(KNOWN, asks(0), asks(2));
    const [before, after] = end.requests as [IncomingCall<string>, IncomingCall<string>];
    end.answer(before, new Uint8Array(3000));
    end.connection.ended();
    end.answer(after, new Uint8Array(3000));
    const sent = end.sent().filter(({ type }) => type === 'ANSWER' || type === 'CHUNK');
    for (const id of [0, 2]) {
      const parts = sent.filter(({ call }) => call === id);
      expect(parts.map(({ flags }) => flags & MORE)).toEqual([MORE, MORE, 0]);
      // The first one also tells the length, in eight bytes.
      expect(parts.reduce((sum, { payload }) => sum + payload.length, 0)).toBe(3008);
    }
    expect(end.connection.finished).toBe(true);
  });

  test('with nothing begun leaves nothing to do', () => {
    const end = open();
    end.connection.ended();
    expect(end.sent()).toEqual([]);
    expect(end.connection.finished).toBe(true);
  });

  test('in the middle of a request ends that call: nothing more of it can come', () => {
    const end = open({ local: { window: 1024 } });
    end.receive(KNOWN, asks(0), asksLong(2, 5000, 10), chunk(2, 500, true));
    end.connection.ended();
    end.sent();
    end.answer(end.requests[0], 1);
    expect(end.requests).toHaveLength(1);
    expect(end.serving).toBe(0);
    expect(end.connection.finished).toBe(true);
  });

  test('in the middle of a request that was turned away ends that call too', () => {
    const end = open();
    end.receive(named(0, 'unknown'), asksLong(0, 5000, 10));
    end.connection.ended();
    expect(end.connection.finished).toBe(true);
  });
});

test('abort fails the calls of this end, cancels those of the other end and tells it why, once', () => {
  const end = open();
  const calls = [end.asks(), end.asks()];
  end.receive(KNOWN, asks(0));
  const gone = new RpcError('UNAVAILABLE', 'gone');
  end.connection.abort(gone);
  end.connection.abort(gone);
  expect(fates(...calls)).toEqual([['UNAVAILABLE unknown'], ['UNAVAILABLE unknown']]);
  expect(end.told.slice(2)).toEqual(['cancelled 0 CANCELLED', 'closed UNAVAILABLE']);
  const sent = end.sent();
  expect(sent.map(({ type, flags }) => [type, flags])).toEqual([['GOAWAY', FATAL]]);
  expect(says(sent[0])).toEqual({ code: 14, message: 'gone' });
});

describe('whatever comes', () => {
  const anyPayload = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    // Likely beginnings: a method number, then small numbers, lengths and tokens.
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 2, 5, 0x80, 0x90, 0x91, 0xa1, 0xc0), { maxLength: 14 })
      .map((bytes) => Uint8Array.from(bytes)),
  );
  const anyFrame = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .record({
          type: fc.oneof(fc.constantFrom(...Object.values(FRAME)), fc.nat(255)),
          flags: fc.oneof(fc.constantFrom(0, 0, MORE, RAW, MORE | RAW, METADATA, IGNORABLE), fc.nat(255)),
          call: fc.oneof(fc.nat(6), fc.constantFrom(EVENTS_CALL, 0x7fff_ffff, 0xffff_fffe)),
          payload: anyPayload,
        })
        .map(({ type, flags, call, payload }) => frame(type, call, [payload], flags)),
    },
    {
      weight: 7,
      arbitrary: fc.oneof(
        fc.constantFrom(
          KNOWN,
          named(1, 'other'),
          named(2, 'unknown'),
          named(3, 'known', 's', 2),
          frame(FRAME.PING, 0, [u64(7)]),
        ),
        fc.nat(4).map((slot) => asks(2 * slot)),
        fc.tuple(fc.nat(4), fc.nat(3)).map(([slot, method]) => frame(FRAME.REQUEST, 2 * slot, [0, method, 5])),
        fc.tuple(fc.nat(4), fc.integer({ min: 20, max: 3000 })).map(([slot, total]) => asksLong(2 * slot, total, 10)),
        fc
          .tuple(fc.nat(9), fc.integer({ min: 1, max: 600 }), fc.boolean())
          .map(([id, length, more]) => chunk(id, length, more)),
        fc.tuple(fc.nat(4), fc.nat(20)).map(([slot, code]) => frame(FRAME.CANCEL, 2 * slot, [code])),
        fc.nat(3).map((slot) => frame(FRAME.ANSWER, 2 * slot + 1, [7])),
        fc.nat(3).map((slot) => frame(FRAME.ERROR, 2 * slot + 1, [0x81, 0xa4, 'code', 5])),
        fc.tuple(fc.nat(9), fc.nat(3000)).map(([id, credit]) => frame(FRAME.CREDIT, id, [u32(credit)])),
        fc.nat(300).map((length) => frame(FRAME.EVENT, EVENTS_CALL, [0, 0, new Uint8Array(length)])),
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(frame(FRAME.GOAWAY, 0, [0x80]), frame(FRAME.GOAWAY, 0, [0x80], FATAL)) },
  );
  // From the smallest limits that a peer may state to roomy ones.
  const anyLimits = fc.oneof(
    fc.constant(Object.fromEntries(Object.entries(LIMIT_RANGES).map(([name, [least]]) => [name, Math.max(least, 0)]))),
    fc.constant({ chunk: 1024, window: 1024, events: 1024, calls: 4 }),
    fc.constant({}),
  ) as fc.Arbitrary<Partial<Limits>>;

  const serve: Setting['serve'] = (end, call) => {
    if (call.id % 3 === 0) end.answer(call, typeof call.input === 'number' ? 'x'.repeat(900) : 1);
    else if (call.id % 3 === 1) end.fail(call, new RpcError('ABORTED', 'no'));
  };

  test('nothing is thrown, each call ends once at most, and what is sent are whole frames', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 25, size: 'max' }), anyLimits, anyLimits, (frames, local, remote) => {
        const end = open({ local, remote, serve });
        const calls = end.connection.canCall ? [end.asks()] : [];
        for (const bytes of frames) {
          end.receive(bytes);
          for (const { payload } of end.sent()) expect(payload.length).toBeLessThanOrEqual(limitsWith(remote).chunk);
        }
        end.connection.abort(new RpcError('UNAVAILABLE', 'over'));
        expect(end.closed).toHaveLength(1);
        for (const { outcomes } of calls) expect(outcomes).toHaveLength(1);
        // Only calls that came are cancelled, and none of them twice.
        const cancelled = end.told.filter((line) => line.startsWith('cancelled'));
        expect(cancelled.length).toBeLessThanOrEqual(end.requests.length);
      }),
      { numRuns: 500 },
    );
  });

  test('the same happens however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 15, size: 'max' }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 15 }),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames);
          const places = [
            0,
            ...cuts.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const local = { chunk: 1024, window: 1024, events: 1024, calls: 4 };
          const [once, often] = [open({ local, serve }), open({ local, serve })];
          once.asks();
          often.asks();
          once.receive(bytes);
          for (const [i, place] of places.entries()) often.receive(bytes.subarray(places[i - 1] ?? 0, place));
          expect(often.told).toEqual(once.told);
          // A refused length names its type only where that has come, so the reason may be worded otherwise; and
          // credit is granted in a receiver's own time.
          const shown = (end: End): string[] =>
            end
              .sent()
              .filter(({ type }) => type !== 'CREDIT')
              .map(({ type, flags, call, payload }) =>
                type === 'GOAWAY' ? type : `${type} ${flags} ${call} ${payload.toString('hex')}`,
              );
          expect(shown(often)).toEqual(shown(once));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a peer that states the least that it may', () => {
  const least = Object.fromEntries(
    Object.entries(LIMIT_RANGES).map(([name, [value]]) => [name, value]),
  ) as unknown as Limits;

  test('is told that there is no such method', () => {
    const end = open({ remote: least });
    end.receive(named(0, 'unknown'), frame(FRAME.REQUEST, 0, [0, 0, 5]));
    expect(end.sent().map(({ type, call }) => [type, call])).toEqual([['ERROR', 0]]);
    expect(end.closed).toEqual([]);
  });

  test('is told that its request cannot be read, that this end is draining, and that a handler failed', () => {
    const end = open({ remote: least });
    end.receive(KNOWN, frame(FRAME.REQUEST, 0, [0, 0, 0xc1]), asks(2));
    end.fail(end.requests[0], new RpcError('ABORTED', 'no'));
    end.connection.drain();
    end.receive(asks(4));
    expect(end.sent().map(({ type, call }) => `${type} ${call}`)).toEqual([
      'ERROR 0',
      'ERROR 2',
      'GOAWAY 0',
      'ERROR 4',
    ]);
  });
});
