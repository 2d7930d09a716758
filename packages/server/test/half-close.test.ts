import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { text } from './contract.ts';
import { type Context, implement, RpcError, safe, serve } from './nearcall.ts';
import {
  ANSWER,
  CANCEL,
  declare,
  dialRaw,
  framesOf,
  hello,
  msgpackText,
  OPENING,
  PING,
  PREFACE,
  REQUEST as REQUEST_TYPE,
  request,
} from './raw-client.ts';
import { temporary } from './temporary.ts';
import { watch } from './watched.ts';

const REQUEST = Buffer.concat([Buffer.from(PREFACE), hello, declare(0, 'text', 'uppercase'), request(0, 0, 'hello')]);

function implementation(uppercase: (value: string, context: Context) => string | Promise<string>) {
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
  const slow = implementation((_, context) => {
    signal = context.signal;
    return answered;
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

test('a server that closes waits for the answers to a client that has half-closed', async () => {
  await using place = await temporary();
  let answer: (value: string) => void = () => {};
  const answered = new Promise<string>((resolve) => {
    answer = resolve;
  });
  const server = await serve(
    place.unix(),
    implementation(() => answered),
  );
  using raw = await dialRaw(place.at('s.sock'), { allowHalfOpen: true });
  raw.socket.end(REQUEST);
  await raw.until((all) => framesOf(all).some(({ type }) => type === PING));
  const closing = server.close({ grace: 60_000 });
  answer('HELLO');
  await closing;
  const answers = framesOf(await raw.ended).filter(({ type }) => type === ANSWER);
  expect(answers).toMatchObject([{ call: 0, payload: msgpackText('HELLO') }]);
});

test("a call of the server's own to a client that half-closes fails, and the client still gets its answer", async () => {
  await using place = await temporary();
  const failures: unknown[] = [];
  const calling = implementation(async (value, { peer }) => {
    const { error } = await safe(peer.client(text).hang());
    failures.push(error);
    return value.toUpperCase();
  });
  await using _server = await serve(place.unix(), calling);
  using raw = await dialRaw(place.at('s.sock'), { allowHalfOpen: true });
  raw.send(REQUEST);
  await raw.until((all) => framesOf(all).some(({ type }) => type === REQUEST_TYPE));
  raw.socket.end();
  const frames = framesOf(await raw.ended);
  expect(failures).toEqual([expect.any(RpcError)]);
  expect(failures[0]).toMatchObject({ code: 'UNAVAILABLE', execution: 'unknown' });
  expect(frames.map(({ type, call }) => [type, call])).toContainEqual([CANCEL, 1]);
  expect(frames.at(-1)).toMatchObject({ type: ANSWER, call: 0, payload: msgpackText('HELLO') });
});

describe('a client that ends its side with no call open is let go at once, without a word', () => {
  const OPENED = Buffer.concat([Buffer.from(PREFACE), hello]);

  test.each([
    ['right behind its hello', OPENED, ''],
    ['right behind the name of a method', Buffer.concat([OPENED, declare(0, 'text', 'uppercase')]), ''],
    ['after it has read the hello of the server', OPENED, 'hello'],
    ['after its last answer', REQUEST, 'answer'],
  ])('%s', async (_, bytes, waits) => {
    await using place = await temporary();
    await using server = await serve(
      place.unix(),
      implementation((value) => value.toUpperCase()),
    );
    using raw = await dialRaw(place.at('s.sock'), { allowHalfOpen: true });
    raw.send(bytes);
    const awaited = { hello: 1, answer: 2 }[waits] ?? 0;
    await raw.until((all) => framesOf(all).length >= awaited);
    raw.socket.end();
    const types = framesOf(await raw.ended).map(({ type }) => type);
    expect(types).toEqual(waits === 'answer' ? [1, ANSWER] : [1]);
    await raw.closed;
    await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
  });
});

describe('a client that is dead is told from one that has half-closed', () => {
  /** A process that sends these bytes, half-closes where it is told to, and reads. */
  function startRaw(path: string, bytes: Buffer, halfCloses: boolean): ChildProcess {
    const script = `
      const [path, hex, halfCloses] = process.argv.slice(1);
      const socket = require('node:net').connect({ path, allowHalfOpen: true });
      socket.write(Buffer.from(hex, 'hex'));
      if (halfCloses === 'true') socket.end();
      socket.on('data', () => {});
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script, path, bytes.toString('hex'), String(halfCloses)]);
    watch(child);
    return child;
  }

  test.each([
    ['is killed', false],
    ['is killed after it has half-closed', true],
  ])('where its process %s, the signals of its handlers abort', async (_, halfCloses) => {
    await using place = await temporary();
    let begin: (context: Context) => void = () => {};
    const begun = new Promise<Context>((resolve) => {
      begin = resolve;
    });
    const hanging = implementation((value, context) => {
      begin(context);
      return new Promise((resolve) => context.signal.addEventListener('abort', () => resolve(value)));
    });
    await using server = await serve(place.unix(), hanging);
    const child = startRaw(place.at('s.sock'), REQUEST, halfCloses);
    const { signal, draining } = await begun;
    if (halfCloses && !draining.aborted) await once(draining, 'abort');
    expect(signal.aborted).toBe(false);
    const aborted = once(signal, 'abort');
    child.kill('SIGKILL');
    await aborted;
    expect(signal.reason).toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
  });
});
