import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Child, forked } from './forked.ts';
import { limited } from './limits/contract.ts';
import { close, connect } from './nearcall.ts';
import {
  ANSWER,
  CANCEL,
  CHUNK,
  CREDIT,
  declare,
  dialRaw,
  END,
  EVENT,
  EVENTS_CALL,
  frame,
  framesOf,
  GOAWAY,
  HEADER,
  hello,
  ITEMS,
  METHOD,
  MORE,
  msgpackText,
  PING,
  PONG,
  PREFACE,
  type RawClient,
  REQUEST,
  request,
  STOP,
} from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

/** How many connections come and go. More by hand: 10,000. */
const CHURN = Number(process.env['NEARCALL_CHURN'] ?? 200);

let place: Temporary;
let server: Child;
let witness: ReturnType<typeof connect<typeof limited>>;

beforeAll(async () => {
  place = await temporary();
  server = await forked('limits/server-child', place.unix(), '{}', '{}');
  witness = connect(place.unix(), limited);
  await witness.echo('is here');
});

afterAll(async () => {
  await close(witness);
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** The methods that an attacker names, by number. */
const ECHO = 0;
const HOLD = 1;
const LETTERS = 2;
const STREAM = 3;
const NONE = 4;

async function attacker(): Promise<RawClient> {
  const raw = await dialRaw(place.at('s.sock'));
  const named = ['echo', 'hold', 'letters', 'holdStream', 'none'].map((name, number) =>
    declare(number, 'limited', name, name === 'holdStream' ? 1 : 0),
  );
  raw.send(Buffer.concat([Buffer.from(PREFACE), hello, ...named]));
  return raw;
}

function many(count: number, bytes: (i: number) => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => bytes(i)));
}

/** Makes calls, one after the other, until the attack is over. */
async function watched(attack: Promise<unknown>): Promise<void> {
  let over = false;
  void attack.finally(() => {
    over = true;
  });
  while (!over) expect(await witness.echo('witness')).toBe('witness');
  await attack;
  expect(await witness.echo('witness')).toBe('witness');
}

/** Waits until nothing of the attackers is left. */
async function forgotten(): Promise<void> {
  await expect.poll(() => server.ask('connections'), { interval: 2, timeout: 8000 }).toBe(1);
  await expect.poll(() => server.ask('held'), { interval: 2, timeout: 8000 }).toBe(0);
}

const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255);
const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
const u64 = (value: number): Buffer => Buffer.concat([u32(0), u32(value)]);
const nothing = Buffer.alloc(0);

const FLOOD = 20_000;

/** What may be sent without end: it costs its reading, and leaves nothing behind. */
const harmless: readonly (readonly [what: string, bytes: () => Buffer])[] = [
  ['pings', () => many(FLOOD, () => frame(PING, 0, 0, Buffer.alloc(8)))],
  ['pongs that nobody asked for', () => many(FLOOD, () => frame(PONG, 0, 0, Buffer.alloc(8)))],
  ['empty frames of an unknown type that may be ignored', () => many(FLOOD, () => frame(0x77, 0x80, 0, nothing))],
  ['cancels of calls that are over', () => many(FLOOD, () => frame(CANCEL, 0, 0, Buffer.of(1)))],
  ['stops of calls that are over', () => many(FLOOD, () => frame(STOP, 0, 0, nothing))],
  ['credit for calls that are over', () => many(FLOOD, () => frame(CREDIT, 0, 0, u32(0xffffffff)))],
  ['credit for events, again and again', () => many(FLOOD, () => frame(CREDIT, 0, EVENTS_CALL, u32(0xffffffff)))],
  ['requests for a method that is not served', () => many(5000, () => request(0, NONE, 'x'))],
  ['requests whose bytes are no value', () => many(5000, () => frame(REQUEST, 0, 0, Buffer.of(0, ECHO, 0xc1)))],
  ['requests that their schema refuses', () => many(2000, () => frame(REQUEST, 0, 0, Buffer.of(0, ECHO, 5)))],
  [
    'opened calls, all given up at once',
    () =>
      many(1000, (slot) =>
        Buffer.concat([
          frame(REQUEST, 0, slot * 2, Buffer.of(0, HOLD, 0xd4, 0, 0)),
          frame(CANCEL, 0, slot * 2, Buffer.of(1)),
        ]),
      ),
  ],
  [
    'empty chunks of a call that was turned away',
    () =>
      Buffer.concat([
        frame(REQUEST, MORE, 6, Buffer.concat([u16(NONE), u64(1000), Buffer.of(0)])),
        many(FLOOD, () => frame(CHUNK, MORE, 6, nothing)),
        frame(CANCEL, 0, 6, Buffer.of(1)),
      ]),
  ],
];

describe.each(harmless)('a client that sends %s', (_, bytes) => {
  test('is served all the same, as are the others', async () => {
    using raw = await attacker();
    raw.send(bytes());
    raw.send(request(2046, ECHO, 'honest'));
    const answered = raw.until((received) =>
      framesOf(received.subarray(0, 100)).length > 0 ? received.includes(msgpackText('honest')) : false,
    );
    await watched(answered);
    raw.socket.destroy();
    await forgotten();
  });
});

/** What ends the connection of whoever sends it, with the reason. */
const broken: readonly (readonly [what: string, bytes: () => Buffer, reason: string])[] = [
  ['a flood of opened calls', () => many(2000, (slot) => hold(slot)), 'where 1024 calls are taken (limit "calls")'],
  [
    'calls in a slot whose call it gave up',
    () => many(10, () => Buffer.concat([hold(0), frame(CANCEL, 0, 0, Buffer.of(1))])),
    'REQUEST with the call id 0, which is open',
  ],
  [
    'more names of methods than there are numbers',
    () => many(4097, (i) => frame(METHOD, 0, 0, Buffer.concat([u16(i + 5), Buffer.of(0, 1, 97, 1, 98)]))),
    'METHOD with the number 4096',
  ],
  ['a call of a method without a name', () => request(0, 9, 'x'), 'a method number that has no name'],
  ['an answer to a call that nobody made', () => frame(ANSWER, 0, 1, nothing), 'ANSWER for the call 1'],
  ['a header of a call that nobody made', () => frame(HEADER, 0, 1, Buffer.of(0x80)), 'HEADER for the call 1'],
  ['a description that nobody asked for', () => frame(8, 0, 0, u16(0)), 'a DESCRIPTION that nobody asked for'],
  ['a question for a description of nothing', () => frame(7, 0, 0, u16(0)), 'DESCRIBE for a method number'],
  ['a second hello', () => hello, 'a HELLO that nobody asked for'],
  ['a frame of an unknown type', () => frame(0x77, 0, 0, nothing), 'a frame of the unknown type 0x77'],
  ['the length of a frame that is none', () => Buffer.alloc(10), 'less than its own header'],
  ['the length of a frame of 4 GiB', () => Buffer.alloc(10, 0xff), '(limit "chunk")'],
  ['items for a call that takes none', () => many(2, () => frame(ITEMS, 0, 0, Buffer.of(0x90))), 'ITEMS for the call'],
  ['the end of a call that is over', () => frame(END, 0, 0, nothing), 'END for the call 0, which is not open'],
  ['an event outside of the events', () => frame(EVENT, 0, 0, u16(0)), 'an EVENT outside the events'],
  [
    'chunks without credit',
    () =>
      Buffer.concat([
        // Four are let on at a time.
        many(5, (slot) => frame(REQUEST, MORE, slot * 2, Buffer.concat([u16(ECHO), u64(1e7), Buffer.of(0)]))),
        frame(CHUNK, MORE, 8, Buffer.alloc(10)),
      ]),
    'a CHUNK for which there was no credit',
  ],
  [
    'a message that is longer than any may be',
    () => frame(REQUEST, MORE, 0, Buffer.concat([u16(ECHO), u64(2 ** 31), Buffer.of(0)])),
    '(limit "message")',
  ],
  [
    'metadata with the key __proto__',
    () => frame(REQUEST, 0x08, 0, Buffer.concat([u16(ECHO), u16(12), Buffer.of(0x81, 0xa9), ascii('__proto__'), OF_A])),
    'metadata that holds',
  ],
];

const OF_A = Buffer.of(0xa0);

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function hold(slot: number): Buffer {
  return frame(REQUEST, 0, slot * 2, Buffer.of(0, HOLD, 0xd4, 0, 0));
}

describe.each(broken)('a client that sends %s', (_, bytes, reason) => {
  test('is told so and cut off, and the others are not touched', async () => {
    using raw = await attacker();
    raw.send(bytes());
    await watched(raw.ended);
    const last = framesOf(await raw.ended).at(-1);
    expect(last).toMatchObject({ type: GOAWAY, flags: 0x01 });
    expect(last?.payload.toString('latin1')).toContain(reason);
    await forgotten();
  });
});

test('a client that takes a long answer byte by byte, or with credit without end, gets it whole', async () => {
  using raw = await attacker();
  raw.send(request(0, LETTERS, '100000'));
  await raw.until((received) => received.length > 60_000);
  const step = many(2000, () => frame(CREDIT, 0, 0, u32(1)));
  await watched(
    (async () => {
      raw.send(step);
      await raw.until((received) => received.length > 62_000);
      raw.send(many(5000, () => frame(CREDIT, 0, 0, u32(0xffffffff))));
      await raw.until((received) => received.length > 100_000);
    })(),
  );
  raw.socket.destroy();
  await forgotten();
});

test('a client that begins a thousand long messages and ends none holds up nobody, and is forgotten with its socket', async () => {
  using raw = await attacker();
  const begun = Buffer.concat([u16(ECHO), u64(1e7), Buffer.alloc(1000, 0x80)]);
  raw.send(many(1024, (slot) => frame(REQUEST, MORE, slot * 2, begun)));
  await watched(raw.until((received) => framesOf(received).filter(({ type }) => type === CREDIT).length === 4));
  raw.socket.destroy();
  await forgotten();
});

test('a client that asks for a thousand streams and reads none of them holds up nobody', async () => {
  using raw = await attacker();
  raw.socket.pause();
  raw.send(many(1024, (slot) => frame(REQUEST, 0, slot * 2, Buffer.of(0, STREAM, 0xd4, 0, 0))));
  await watched(expect.poll(() => server.ask('held'), { interval: 2, timeout: 8000 }).toBe(1024));
  raw.socket.destroy();
  await forgotten();
});

test('a client that says again and again that it leaves, and stays, is waited for by nobody else', async () => {
  using raw = await attacker();
  raw.send(hold(0));
  raw.send(many(FLOOD, () => frame(GOAWAY, 0, 0, Buffer.of(0x80))));
  await watched(expect.poll(() => server.ask('held'), { interval: 2, timeout: 8000 }).toBe(1));
  raw.socket.destroy();
  await forgotten();
});

test('clients that come and go in no time leave nothing behind', async () => {
  const come = async (): Promise<void> => {
    // Where as many wait to be accepted as can, further ones are refused by the system.
    const batch = await Promise.allSettled(Array.from({ length: 20 }, attacker));
    for (const [i, one] of batch.entries()) {
      if (one.status === 'rejected') continue;
      if (i % 2 === 0) one.value.send(hold(0));
      one.value.socket.destroy();
    }
  };
  await watched(
    (async () => {
      for (let i = 0; i < CHURN; i += 20) await come();
    })(),
  );
  await forgotten();
  const { arrayBuffers } = await server.ask<{ arrayBuffers: number }>('memory');
  expect(arrayBuffers).toBeLessThan(3_000_000);
});
