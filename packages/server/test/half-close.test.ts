import { expect, test } from 'vitest';
import { text } from './contract.ts';
import { implement, serve } from './nearcall.ts';
import {
  ANSWER,
  declare,
  dialRaw,
  framesOf,
  hello,
  msgpackText,
  OPENING,
  PING,
  PREFACE,
  request,
} from './raw-client.ts';
import { temporary } from './temporary.ts';

const REQUEST = Buffer.concat([Buffer.from(PREFACE), hello, declare(0, 'text', 'uppercase'), request(0, 0, 'hello')]);

function implementation(uppercase: (value: string) => string | Promise<string>) {
  return implement(text, {
    uppercase,
    later: ({ value }) => value,
    hang: () => {},
    last: (value) => value,
  });
}

test('a client that ends its side behind its request gets its answer, and then the server ends too', async () => {
  await using place = await temporary();
  await using server = await serve(
    place.unix(),
    implementation((value) => value.toUpperCase()),
  );
  using raw = await dialRaw(place.at('s.sock'), { allowHalfOpen: true });
  raw.socket.end(REQUEST);
  const received = await raw.ended;
  expect(received.toString('latin1', 0, OPENING.length)).toBe(OPENING);
  expect(framesOf(received).at(-1)).toMatchObject({ type: ANSWER, call: 0, payload: msgpackText('HELLO') });
  await raw.closed;
  await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
});

test('an answer that takes longer than the end of the client still comes, and its handler is not disturbed', async () => {
  await using place = await temporary();
  let answer: (value: string) => void = () => {};
  const answered = new Promise<string>((resolve) => {
    answer = resolve;
  });
  let signal: AbortSignal | undefined;
  const slow = implement(text, {
    uppercase: (_, context) => {
      signal = context.signal;
      return answered;
    },
    later: ({ value }) => value,
    hang: () => {},
    last: (value) => value,
  });
  await using server = await serve(place.unix(), slow);
  using raw = await dialRaw(place.at('s.sock'), { allowHalfOpen: true });
  raw.socket.end(REQUEST);
  // The server asks at once whether anybody is still there. So it has seen the end by now, and goes on.
  await raw.until((all) => framesOf(all).some(({ type }) => type === PING));
  expect(server.connections).toBe(1);
  expect(signal?.aborted).toBe(false);
  answer('LATE');
  expect(framesOf(await raw.ended).at(-1)).toMatchObject({ type: ANSWER, call: 0, payload: msgpackText('LATE') });
  expect(signal?.aborted).toBe(false);
  await raw.closed;
});

test('several calls behind which the client ends are all answered, in the order in which they finish', async () => {
  await using place = await temporary();
  const answers = new Map<string, (value: string) => void>();
  await using _server = await serve(
    place.unix(),
    implementation((value) => new Promise((resolve) => answers.set(value, resolve))),
  );
  using raw = await dialRaw(place.at('s.sock'), { allowHalfOpen: true });
  raw.socket.end(
    Buffer.concat([
      Buffer.from(PREFACE),
      hello,
      declare(0, 'text', 'uppercase'),
      ...['a', 'b', 'c'].map((value, i) => request(2 * i, 0, value)),
    ]),
  );
  await raw.until((all) => framesOf(all).some(({ type }) => type === PING));
  for (const value of ['c', 'a', 'b']) answers.get(value)?.(value.toUpperCase());
  const frames = framesOf(await raw.ended).filter(({ type }) => type === ANSWER);
  expect(frames.map(({ call, payload }) => [call, payload.toString('latin1', 1)])).toEqual([
    [4, 'C'],
    [0, 'A'],
    [2, 'B'],
  ]);
});
