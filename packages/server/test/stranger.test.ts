import { afterAll, beforeAll, expect, test } from 'vitest';
import { text } from './contract.ts';
import { connect, implement, type Server, serve } from './nearcall.ts';
import { ANSWER, declare, dialRaw, framesOf, GOAWAY, hello, msgpackText, PREFACE, request } from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

const HANDSHAKE = 200;

let place: Temporary;
let server: Server;

const implementation = implement(text, {
  uppercase: (value) => value.toUpperCase(),
  later: ({ value }) => value,
  hang: () => new Promise<void>(() => {}),
  last: (value) => value,
});

beforeAll(async () => {
  place = await temporary();
  server = await serve(place.unix(), implementation, { handshake: HANDSHAKE });
});

afterAll(async () => {
  await server.close();
  await place[Symbol.asyncDispose]();
});

/** What is said to whoever is not served: one line of ASCII, and nothing else. */
const REFUSAL = /^nearcall\/1 no: [\x20-\x7e]+\n$/;

async function othersAreServed(): Promise<void> {
  await using client = connect(place.unix(), text);
  expect(await client.uppercase('hello')).toBe('HELLO');
}

test.each([
  ['a plain text', 'hello world', 'hello world'],
  ['a request of HTTP', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'GET / HTTP/1.1\\r\\n'],
  ['another version of nearcall', 'nearcall/2 dial\n', 'nearcall/2'],
  ['bytes that are no text', Uint8Array.of(0xff, 0x00, 0x1b, 0x5b), '\\xff\\x00\\x1b['],
  ['a preface that is wrong in its last byte', 'nearcall/1 dial\r\n', 'nearcall/1 dial\\r'],
  ['a single wrong byte', 'x', '"x"'],
  ['the words of a server', 'nearcall/1 open\n', 'nearcall/1 open'],
  ['more than a line holds', 'y'.repeat(100_000), 'yyy'],
])('whoever sends %s gets one line that tells why it is not served', async (_, bytes, seen) => {
  using raw = await dialRaw(place.at('s.sock'));
  const from = performance.now();
  raw.send(bytes);
  // It has not ended its side, and waits: the answer must not wait for that, nor for the handshake's time.
  const said = (await raw.ended).toString('latin1');
  expect(performance.now() - from).toBeLessThan(HANDSHAKE);
  expect(said).toMatch(REFUSAL);
  expect(said).toContain('this socket speaks nearcall');
  expect(said).toContain(seen);
  await raw.closed;
  await othersAreServed();
});

test('whoever sends nothing is refused in one line when the time for the handshake is over', async () => {
  using raw = await dialRaw(place.at('s.sock'));
  const from = performance.now();
  const said = (await raw.ended).toString('latin1');
  const took = performance.now() - from;
  expect(said).toMatch(REFUSAL);
  expect(said).toContain(`within ${HANDSHAKE} ms`);
  expect(took).toBeGreaterThan(HANDSHAKE - 20);
  expect(took).toBeLessThan(HANDSHAKE + 1000);
  await raw.closed;
  await othersAreServed();
});

test('whoever stops in the middle of the preface is refused in one line', async () => {
  using raw = await dialRaw(place.at('s.sock'));
  raw.send(PREFACE.slice(0, 7));
  expect((await raw.ended).toString('latin1')).toMatch(REFUSAL);
  await raw.closed;
});

test('whoever sends the preface and no hello is told so in a frame, because frames have begun', async () => {
  using raw = await dialRaw(place.at('s.sock'));
  raw.send(PREFACE);
  const received = await raw.ended;
  expect(received.toString('latin1')).toMatch(/^nearcall\/1 open\n/);
  const frames = framesOf(received);
  const whole = frames.reduce((bytes, { payload }) => bytes + 10 + payload.length, 16);
  expect(whole, 'bytes that are no frame stand behind the frames').toBe(received.length);
  expect(frames.at(-1)?.type).toBe(GOAWAY);
  await raw.closed;
});

test('whoever ends without a word is let go', async () => {
  using raw = await dialRaw(place.at('s.sock'));
  raw.socket.end();
  expect((await raw.ended).length).toBe(0);
  await raw.closed;
});

test('whoever sends one right byte at a time is served', async () => {
  using raw = await dialRaw(place.at('s.sock'));
  raw.socket.setNoDelay();
  const bytes = Buffer.concat([Buffer.from(PREFACE), hello, declare(0, 'text', 'uppercase'), request(0, 0, 'drip')]);
  for (const byte of bytes) {
    // The next byte is written only when this one has left, so that they cannot be merged in this process.
    await new Promise<void>((resolve) => raw.socket.write(Uint8Array.of(byte), () => resolve()));
  }
  const received = await raw.until((all) => framesOf(all).some(({ type }) => type === ANSWER));
  const answer = framesOf(received).find(({ type }) => type === ANSWER);
  expect(answer).toMatchObject({ call: 0, flags: 0, payload: msgpackText('DRIP') });
});

test('nothing is said to a client before it has said what it speaks', async () => {
  using raw = await dialRaw(place.at('s.sock'));
  raw.send(PREFACE.slice(0, -1));
  await othersAreServed();
  expect(raw.received.length).toBe(0);
  raw.send(PREFACE.slice(-1));
  const received = await raw.until((all) => all.length >= 16);
  expect(received.toString('latin1', 0, 16)).toBe('nearcall/1 open\n');
});

test('100 strangers that stay stop nobody, and are cut off', async () => {
  const dial = () => dialRaw(place.at('s.sock'), { allowHalfOpen: true });
  const strangers = await Promise.all(Array.from({ length: 100 }, dial));
  try {
    await expect.poll(() => server.connections, { interval: 5 }).toBe(100);
    await othersAreServed();
    await Promise.all(strangers.map(({ ended }) => ended));
    // They keep their own sides open. The server does not wait for them for long.
    await expect.poll(() => server.connections, { interval: 5, timeout: 3000 }).toBe(0);
    await othersAreServed();
  } finally {
    for (const stranger of strangers) stranger[Symbol.dispose]();
  }
});
