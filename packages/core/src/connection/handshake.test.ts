import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { decodeBody } from '../wire/body.ts';
import { FRAME } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { encodeHello, type Hello } from '../wire/hello.ts';
import { DEFAULT_LIMITS, type Limits, limitsWith } from '../wire/limits.ts';
import { PREFACE, type Role } from '../wire/preface.ts';
import type { Connection } from './connection.ts';
import { FATAL } from './control.ts';
import { endOf } from './test-ends.ts';
import { drain, frame } from './test-frames.ts';

interface End {
  readonly connection: Connection<string>;
  readonly opened: Hello[];
  readonly closed: RpcError[];
  receive(...parts: (string | Uint8Array)[]): void;
  /** All that it sends now. */
  sent(): Buffer;
}

function end(role: Role, limits: Partial<Limits> = {}, services: string[] = []): End {
  const opened: Hello[] = [];
  // As the protocol has it, so that an end with no other limits states none.
  const { connection, closed } = endOf(
    role,
    { chunk: DEFAULT_LIMITS.chunk, ...limits },
    {
      services,
      opened: (hello) => opened.push(hello),
      request: () => expect.fail('There was a request.'),
      cancelled: () => expect.fail('There was a cancel.'),
    },
  );
  return {
    connection,
    opened,
    closed,
    receive(...parts) {
      for (const part of parts) connection.receive(Buffer.from(part as string, 'latin1'));
    },
    sent: () => Buffer.concat(drain(connection)),
  };
}

const ROLES: readonly Role[] = ['dialer', 'acceptor'];

function other(role: Role): Role {
  return role === 'dialer' ? 'acceptor' : 'dialer';
}

const HELLO = frame(FRAME.HELLO, 0, [0x80]);

function singly(bytes: Uint8Array): Buffer[] {
  return [...bytes].map((byte) => Buffer.of(byte));
}

/** The reason in the one frame that is there, which must be a GOAWAY that ends the connection. */
function goaway(bytes: Buffer): unknown {
  const bodies: unknown[] = [];
  const decoder = new FrameDecoder(65_536, {
    frame: (type, flags, call, source, start, finish) => {
      expect([type, flags, call]).toEqual([FRAME.GOAWAY, FATAL, 0]);
      bodies.push(decodeBody(source, start, finish, false, DEFAULT_LIMITS));
    },
  });
  decoder.push(bytes);
  expect(bodies).toHaveLength(1);
  return bodies[0];
}

/** The reason why an end that must be closed is. */
function reason({ connection, closed, opened }: End): RpcError {
  expect(connection.phase).toBe('closed');
  expect(connection.canCall).toBe(false);
  expect(opened).toHaveLength(0);
  expect(closed).toHaveLength(1);
  expect(closed[0]).toBeInstanceOf(RpcError);
  return closed[0] as RpcError;
}

function expectUnavailable(closed: End, message: string): void {
  const { code, execution, message: given } = reason(closed);
  expect({ code, execution, message: given }).toEqual({ code: 'UNAVAILABLE', execution: 'not-sent', message });
}

describe('two ends', () => {
  test('hear each other, and what each of them takes and serves', () => {
    const dialer = end('dialer', { calls: 7 }, ['a']);
    const acceptor = end('acceptor', { chunk: 2048 }, ['b', 'c']);
    const first = dialer.sent();
    acceptor.receive(first);
    dialer.receive(acceptor.sent());
    expect(dialer.opened).toEqual([{ limits: { ...DEFAULT_LIMITS, chunk: 2048 }, services: ['b', 'c'], features: [] }]);
    expect(acceptor.opened).toEqual([{ limits: { ...DEFAULT_LIMITS, calls: 7 }, services: ['a'], features: [] }]);
    expect([dialer.connection.phase, acceptor.connection.phase]).toEqual(['open', 'open']);
    expect([dialer.connection.canCall, acceptor.connection.canCall]).toEqual([true, true]);
    expect([dialer.sent().length, acceptor.sent().length]).toEqual([0, 0]);
  });

  test('hear each other byte by byte, with nothing sent twice', () => {
    const dialer = end('dialer');
    const acceptor = end('acceptor');
    let answered = Buffer.alloc(0);
    for (const byte of singly(dialer.sent())) {
      acceptor.receive(byte);
      answered = Buffer.concat([answered, acceptor.sent()]);
    }
    expect(answered.toString('latin1')).toBe(Buffer.concat([PREFACE.acceptor, HELLO]).toString('latin1'));
    for (const byte of singly(answered)) {
      expect(dialer.connection.phase).not.toBe('open');
      dialer.receive(byte);
    }
    expect(dialer.connection.phase).toBe('open');
  });

  test('say the preface of their side, and the hello right behind it', () => {
    const limits = limitsWith({ chunk: DEFAULT_LIMITS.chunk, calls: 7 });
    const hello = frame(FRAME.HELLO, 0, [encodeHello({ limits, services: ['s'], features: [] })]);
    const dialer = end('dialer', { calls: 7 }, ['s']);
    expect(dialer.sent()).toEqual(Buffer.concat([PREFACE.dialer, hello]));
    const acceptor = end('acceptor', { calls: 7 }, ['s']);
    acceptor.receive(PREFACE.dialer);
    expect(acceptor.sent()).toEqual(Buffer.concat([PREFACE.acceptor, hello]));
  });

  test('take the preface, the hello and the frames behind it in one chunk, and still begin with their own', () => {
    for (const role of ROLES) {
      const one = end(role);
      one.receive(Buffer.concat([PREFACE[other(role)], HELLO, frame(FRAME.PING, 0, ['12345678'])]));
      expect(one.connection.phase).toBe('open');
      const pong = frame(FRAME.PONG, 0, ['12345678']);
      expect(one.sent().toString('latin1')).toBe(Buffer.concat([PREFACE[role], HELLO, pong]).toString('latin1'));
    }
  });

  test('make no call before they are open', () => {
    for (const role of ROLES) {
      const one = end(role);
      expect(one.connection.canCall).toBe(false);
      one.receive(PREFACE[other(role)]);
      expect(one.connection.phase).toBe('hello');
      expect(one.connection.canCall).toBe(false);
    }
  });

  test('make no call where the other end takes none', () => {
    const one = end('dialer');
    one.receive(
      PREFACE.acceptor,
      frame(FRAME.HELLO, 0, [encodeHello({ limits: limitsWith({ calls: 0 }), services: [], features: [] })]),
    );
    expect(one.connection.phase).toBe('open');
    expect(one.connection.canCall).toBe(false);
  });
});

describe('an acceptor', () => {
  test('says nothing before it has read the preface', () => {
    const acceptor = end('acceptor');
    for (const byte of singly(PREFACE.dialer)) {
      expect(acceptor.sent()).toHaveLength(0);
      acceptor.receive(byte);
    }
    expect(acceptor.sent().length).toBeGreaterThan(0);
  });

  test('tells a stranger in one line what it speaks, and no more', () => {
    const acceptor = end('acceptor');
    acceptor.receive('hello world');
    expect(acceptor.sent().toString('latin1')).toBe(
      'nearcall/1 no: this socket speaks nearcall, which begins with "nearcall/1 dial\\n"; what came was "hello world"\n',
    );
    expectUnavailable(acceptor, 'The client does not speak nearcall: its first bytes were "hello world".');
    acceptor.receive('more', PREFACE.dialer, HELLO);
    expect(acceptor.sent()).toHaveLength(0);
    expect(acceptor.closed).toHaveLength(1);
  });

  test('refuses at the first byte that differs, with one short line of ASCII whatever it was', () => {
    for (let at = 0; at < 16; at++) {
      for (const byte of [0, 10, 13, 0x41, 0x7f, 0x80, 0xff]) {
        if (byte === PREFACE.dialer[at]) continue;
        const acceptor = end('acceptor');
        for (const good of singly(PREFACE.dialer.subarray(0, at))) acceptor.receive(good);
        expect(acceptor.connection.phase).toBe('preface');
        acceptor.receive(Buffer.of(byte));
        expect(reason(acceptor).code).toBe('UNAVAILABLE');
        const line = acceptor.sent();
        expect(line.toString('latin1')).toMatch(/^nearcall\/1 no: [\x20-\x7e]+\n$/);
        expect(line.length).toBeLessThanOrEqual(512);
      }
    }
  });

  test('shows no more than the beginning of what came, as ASCII', () => {
    const acceptor = end('acceptor');
    acceptor.receive(Buffer.concat([Buffer.from([0x16, 0x03, 0x01, 0x0a]), Buffer.alloc(60_000, 0xff)]));
    const line = acceptor.sent().toString('latin1');
    expect(line).toMatch(/^nearcall\/1 no: [\x20-\x7e]+\n$/);
    expect(line).toContain(`"\\x16\\x03\\x01\\n${'\\xff'.repeat(60)}..."`);
  });

  test('knows another version of nearcall when it meets one', () => {
    const acceptor = end('acceptor');
    acceptor.receive('nearcall/2 dial\n');
    expect(acceptor.sent().toString('latin1')).toMatch(/^nearcall\/1 no: .*"nearcall\/2 dial\\n"\n$/);
    expectUnavailable(
      acceptor,
      'The client does not speak this version of nearcall: its first bytes were "nearcall/2 dial\\n".',
    );
  });

  test('says in one line that it has waited too long', () => {
    const acceptor = end('acceptor');
    acceptor.receive('near');
    acceptor.connection.abort(new RpcError('UNAVAILABLE', 'Too late.', { execution: 'not-sent' }));
    expect(acceptor.sent().toString('latin1')).toBe('nearcall/1 no: Too late.\n');
    expectUnavailable(acceptor, 'Too late.');
  });
});

describe('a dialer', () => {
  function dialled(): End {
    const dialer = end('dialer');
    dialer.sent();
    return dialer;
  }

  test('knows its own words when a socket sends them back', () => {
    const dialer = end('dialer');
    dialer.receive(dialer.sent());
    expectUnavailable(dialer, 'What listens there does not speak nearcall: it sends back what it gets.');
    expect(dialer.sent()).toHaveLength(0);
  });

  test('knows another version of nearcall when it meets one, also byte by byte', () => {
    const dialer = dialled();
    dialer.receive('nearcall/2 open\n');
    expectUnavailable(
      dialer,
      'What listens there does not speak this version of nearcall: its first bytes were "nearcall/2 open\\n".',
    );
    const slow = dialled();
    for (const byte of singly(Buffer.from('nearcall/2'))) slow.receive(byte);
    expect(reason(slow).message).toContain('this version of nearcall: its first bytes were "nearcall/2".');
  });

  test('gives up at the first byte that differs, and sends nothing', () => {
    for (let at = 0; at < 16; at++) {
      const dialer = dialled();
      for (const good of singly(PREFACE.acceptor.subarray(0, at))) dialer.receive(good);
      expect(dialer.connection.phase).toBe('preface');
      dialer.receive(Buffer.of(0xff));
      expect(reason(dialer)).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
      expect(dialer.sent()).toHaveLength(0);
    }
  });

  test('reports a refusal in the words of the server, wherever the line is cut', () => {
    const line = Buffer.from('nearcall/1 no: the house is full\n');
    for (let at = 0; at <= line.length; at++) {
      const dialer = dialled();
      dialer.receive(line.subarray(0, at), line.subarray(at));
      expectUnavailable(dialer, 'The server refused the connection: the house is full');
      expect(dialer.sent()).toHaveLength(0);
    }
    const slow = dialled();
    for (const byte of singly(line)) slow.receive(byte);
    expectUnavailable(slow, 'The server refused the connection: the house is full');
  });

  test('reports a refusal with the status code that stands in front of it', () => {
    const dialer = dialled();
    dialer.receive('nearcall/1 no: PERMISSION_DENIED: uid 7: not here\n');
    const { code, execution, message } = reason(dialer);
    expect([code, execution]).toEqual(['PERMISSION_DENIED', 'not-sent']);
    expect(message).toBe('The server refused the connection: uid 7: not here');
  });

  test.each(['OK: fine', 'constructor: x', 'BUSY: try later', 'UNAVAILABLE', 'PERMISSION_DENIED:now', ' UNKNOWN: x'])(
    'takes a refusal for words alone where these begin with no code: %s',
    (why) => {
      const dialer = dialled();
      dialer.receive(`nearcall/1 no: ${why}\n`);
      expectUnavailable(dialer, `The server refused the connection: ${why}`);
    },
  );

  test('reports a refusal as far as it came, where the server ended in the middle of it', () => {
    const dialer = dialled();
    dialer.receive('nearcall/1 no: the house is');
    expect(dialer.closed).toHaveLength(0);
    dialer.connection.ended();
    expectUnavailable(dialer, 'The server refused the connection: the house is');
  });

  test('reports the same of a refusal that never ends, whether it comes at once or byte by byte', () => {
    const endless = Buffer.from(`nearcall/1 no: ${'a'.repeat(3000)}`);
    const fast = dialled();
    fast.receive(endless);
    const slow = dialled();
    for (const byte of singly(endless)) slow.receive(byte);
    expect(reason(slow).message.length).toBeLessThan(600);
    expect(reason(fast).message).toBe(reason(slow).message);
  });

  test('says nothing when it gives up before there are frames', () => {
    const dialer = dialled();
    dialer.connection.abort(new RpcError('UNAVAILABLE', 'Too late.', { execution: 'not-sent' }));
    expectUnavailable(dialer, 'Too late.');
    expect(dialer.sent()).toHaveLength(0);
  });
});

describe('either end', () => {
  test('names what the other end did before it closed', () => {
    for (const role of ROLES) {
      const silent = end(role);
      silent.connection.ended();
      expectUnavailable(silent, 'The other side closed the connection without a word.');
      const brief = end(role);
      brief.receive(PREFACE[other(role)]);
      brief.connection.ended();
      expectUnavailable(brief, 'The other side closed the connection before its hello.');
      const cut = end(role);
      cut.receive(PREFACE[other(role)], HELLO.subarray(0, 7));
      cut.connection.ended();
      expectUnavailable(cut, 'The other side closed the connection before its hello.');
    }
  });

  test('is closed where the other end closes within its preface', () => {
    for (const role of ROLES) {
      for (let at = 1; at < 16; at++) {
        const one = end(role);
        one.receive(PREFACE[other(role)].subarray(0, at));
        one.connection.ended();
        expect(reason(one)).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
      }
    }
  });

  test('refuses any frame before the hello', () => {
    for (const role of ROLES) {
      for (const type of [FRAME.GOAWAY, FRAME.PING, FRAME.METHOD, FRAME.REQUEST, FRAME.CANCEL, 0x7f]) {
        const one = end(role);
        one.receive(PREFACE[other(role)]);
        one.sent();
        // Not even a flag that lets unknown frames pass lets it pass.
        one.receive(frame(type, 0, [new Uint8Array(20)], 0x80));
        expect(reason(one)).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
        expect(reason(one).message).toMatch(/^The other side broke the protocol: it sent \w+ before the HELLO\.$/);
        expect(goaway(one.sent())).toEqual({ code: 13, message: expect.stringContaining('before the HELLO.') });
      }
    }
  });

  test('refuses a hello that states what cannot be, and says so', () => {
    for (const role of ROLES) {
      const one = end(role);
      one.receive(PREFACE[other(role)]);
      one.sent();
      one.receive(frame(FRAME.HELLO, 0, [0x81, 0xa6, 'limits', 0x81, 0xa5, 'chunk', 5]));
      const why = 'a HELLO whose limit "chunk" is not a whole number from 1024 to 16777216.';
      expect(reason(one)).toMatchObject({
        code: 'UNAVAILABLE',
        execution: 'not-sent',
        message: `The other side broke the protocol: it sent ${why}`,
      });
      expect(goaway(one.sent())).toEqual({ code: 13, message: `You broke the protocol: what came was ${why}` });
    }
  });

  test('refuses a hello that is no map, or whose bytes are no value', () => {
    for (const payload of [[], [0xc1], [0x90], [0x81, 0xa1], [0x80, 0x80]]) {
      const one = end('acceptor');
      one.receive(PREFACE.dialer);
      one.sent();
      one.receive(frame(FRAME.HELLO, 0, payload));
      expect(reason(one)).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
      goaway(one.sent());
    }
  });

  test('refuses a hello of more than 64 KiB at its length, also where it takes longer frames afterwards', () => {
    const one = end('acceptor', { chunk: 2 ** 20 });
    one.receive(PREFACE.dialer);
    one.sent();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(6 + 65_537);
    one.receive(header);
    expect(reason(one)).toMatchObject({ code: 'UNAVAILABLE', execution: 'not-sent' });
    goaway(one.sent());
  });

  test('refuses a second hello', () => {
    for (const role of ROLES) {
      const one = end(role);
      one.receive(PREFACE[other(role)], HELLO);
      one.sent();
      one.receive(HELLO);
      expect(one.closed.map(({ message }) => message)).toEqual([
        'The other side broke the protocol: it sent a HELLO that nobody asked for.',
      ]);
      goaway(one.sent());
    }
  });

  test('tells the other end in a frame that its hello is late, where frames have begun', () => {
    const acceptor = end('acceptor');
    acceptor.receive(PREFACE.dialer);
    acceptor.sent();
    acceptor.connection.abort(new RpcError('UNAVAILABLE', 'Too late.', { execution: 'not-sent' }));
    expect(goaway(acceptor.sent())).toEqual({ code: 14, message: 'Too late.' });
    expectUnavailable(acceptor, 'Too late.');
  });

  test('says that it drains once the hello has come, where it has sent its own: calls may be on their way', () => {
    const acceptor = end('acceptor');
    acceptor.receive(PREFACE.dialer);
    acceptor.sent();
    acceptor.connection.drain();
    expect([acceptor.sent().length, acceptor.closed]).toEqual([0, []]);
    acceptor.receive(HELLO, frame(FRAME.METHOD, 0, [0, 0, 0, 1, 's', 1, 'm']), frame(FRAME.REQUEST, 0, [0, 0]));
    const said: unknown[] = [];
    const decoder = new FrameDecoder(65_536, {
      frame: (type, flags, call, source, start, finish) => {
        said.push([type, flags, call, decodeBody(source, start, finish, false, DEFAULT_LIMITS)]);
      },
    });
    decoder.push(acceptor.sent());
    expect(said).toEqual([
      [FRAME.GOAWAY, 0, 0, { code: 14, message: 'This end is shutting down.' }],
      [FRAME.ERROR, 0, 0, { code: 14, message: 'The server is shutting down.', ran: false }],
    ]);
    expect(acceptor.connection.finished).toBe(false);
    acceptor.connection.ended();
    expect(acceptor.connection.finished).toBe(true);
  });

  test('refuses a dialer that has not spoken yet where it is asked to end', () => {
    const acceptor = end('acceptor');
    acceptor.connection.drain();
    expect(acceptor.sent().toString('latin1')).toBe('nearcall/1 no: the server is shutting down\n');
  });

  test('refuses a dialer with the status code that there is for it, but for the one that every refusal has', () => {
    for (const [code, line] of [
      ['PERMISSION_DENIED', 'nearcall/1 no: PERMISSION_DENIED: not you\n'],
      ['UNAVAILABLE', 'nearcall/1 no: not you\n'],
    ] as const) {
      const acceptor = end('acceptor');
      acceptor.connection.abort(new RpcError(code, 'not you', { execution: 'not-sent' }));
      expect(acceptor.sent().toString('latin1')).toBe(line);
    }
  });

  test('is closed at once where it is asked to end before it is open', () => {
    for (const role of ROLES) {
      const one = end(role);
      one.connection.drain();
      expectUnavailable(one, 'The connection was closed before it was open.');
      one.connection.ended();
      one.connection.abort(new RpcError('UNAVAILABLE', 'Gone.'));
      expect(one.closed).toHaveLength(1);
    }
  });
});
