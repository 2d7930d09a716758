import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { text } from './contract.ts';
import { close, connect, implement, RpcError, type Server, serve } from './nearcall.ts';
import {
  ANSWER,
  CREDIT,
  declare,
  ERROR,
  EVENTS_CALL,
  frame,
  GOAWAY,
  HELLO,
  hello,
  msgpackText,
  OPENING,
  PING,
  REQUEST,
} from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

let place: Temporary;
/** An honest one, whose client in this process is to notice nothing. */
let server: Server;
let witness: ReturnType<typeof connect<typeof text>>;

beforeAll(async () => {
  place = await temporary();
  const served = { later: () => 0, hang: () => {}, last: () => 0 };
  server = await serve(place.unix(), implement(text, { ...served, uppercase: (value) => value.toUpperCase() }));
  witness = connect(place.unix(), text);
});

afterAll(async () => {
  await close(witness);
  await server.close();
  await place[Symbol.asyncDispose]();
});

interface Hostile extends AsyncDisposable {
  readonly client: ReturnType<typeof connect<typeof text>>;
}

/** A client of a server that says hello, and answers the first call by these bytes. */
async function clientOf(said: Uint8Array, greeting: Uint8Array = hello): Promise<Hostile> {
  const name = `hostile${Math.random()}.sock`;
  const sockets = new Set<Socket>();
  const hostile = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(Buffer.concat([Buffer.from(OPENING), greeting]));
    let heard = 0;
    socket.on('data', (bytes: Buffer) => {
      const before = heard;
      heard += bytes.length;
      // The preface and the hello are shorter, and a call is longer.
      if (before < 100 && heard >= 100) socket.write(said);
    });
  });
  hostile.listen(place.at(name));
  await once(hostile, 'listening');
  const client = connect(place.unix(name), text, { reconnect: false });
  return {
    client,
    async [Symbol.asyncDispose]() {
      await close(client, { grace: 0 });
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => hostile.close(resolve));
    },
  };
}

/** Long enough to be told from the hello. */
const CALL = 'a'.repeat(200);
const nothing = Buffer.alloc(0);
const many = (count: number, bytes: Uint8Array): Buffer => Buffer.concat(new Array<Uint8Array>(count).fill(bytes));
const answer = frame(ANSWER, 0, 0, msgpackText('answer'));
const U32 = Buffer.alloc(4, 0xff);

describe.each<[what: string, bytes: Buffer]>([
  ['pings', many(20_000, frame(PING, 0, 0, Buffer.alloc(8)))],
  ['credit for what is over', many(20_000, frame(CREDIT, 0, 2, U32))],
  ['credit for events without end', many(20_000, frame(CREDIT, 0, EVENTS_CALL, U32))],
  ['calls of what the client does not serve', declareAndCall(5000)],
  ['goodbyes', many(20_000, frame(GOAWAY, 0, 0, Buffer.of(0x80)))],
])('a client whose server sends %s', (_, bytes) => {
  test('has its answer all the same, as has the client of another', async () => {
    await using hostile = await clientOf(Buffer.concat([bytes, answer]));
    const answers = [hostile.client.uppercase(CALL), witness.uppercase('witness')];
    expect(await Promise.all(answers)).toEqual(['answer', 'WITNESS']);
  });
});

function declareAndCall(count: number): Buffer {
  return Buffer.concat([declare(0, 'text', 'none'), many(count, frame(REQUEST, 0, 1, Buffer.of(0, 0)))]);
}

describe.each<[what: string, bytes: Buffer, reason: string]>([
  ['answers a call that was not made', frame(ANSWER, 0, 2, nothing), 'ANSWER for the call 2, which is not open'],
  ['answers twice', Buffer.concat([frame(ANSWER, 0, 2, nothing), answer]), 'ANSWER for the call 2'],
  ['calls in slots beyond the limit', frame(REQUEST, 0, 0xfffffff1, Buffer.of(0, 0)), '(limit "calls")'],
  ['asks twice what its client means', many(2, frame(0x07, 0, 0, Buffer.of(0, 0))), 'a second DESCRIBE'],
  ['announces 4 GiB', Buffer.alloc(10, 0xff), '(limit "chunk")'],
])('a client whose server %s', (_, bytes, reason) => {
  test('has its call failed with the reason, and the client of another notices nothing', async () => {
    await using hostile = await clientOf(bytes);
    const call = hostile.client.uppercase(CALL);
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining(reason) });
    expect(await witness.uppercase('witness')).toBe('WITNESS');
  });
});

/** An ERROR body: a map of the code 2, a message and a name. */
function named(name: string): Buffer {
  const entries = [Buffer.of(0x83), msgpackText('code'), Buffer.of(2), msgpackText('message'), msgpackText('no')];
  return frame(ERROR, 0, 0, Buffer.concat([...entries, msgpackText('name'), msgpackText(name)]));
}

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'an error that a server names %s is an error like any other',
  async (name) => {
    await using hostile = await clientOf(named(name));
    const error = await hostile.client.uppercase(CALL).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RpcError);
    expect(Object.getPrototypeOf(error)).toBe(RpcError.prototype);
    expect(error).toMatchObject({ code: 'UNKNOWN', message: expect.stringContaining('no') });
  },
);

test('an error whose body has a key that would reach a prototype cannot be read, and fails its call', async () => {
  const body = Buffer.concat([
    Buffer.of(0x81),
    msgpackText('__proto__'),
    Buffer.of(0x81),
    msgpackText('a'),
    Buffer.of(1),
  ]);
  await using hostile = await clientOf(frame(ERROR, 0, 0, body));
  await expect(hostile.client.uppercase(CALL)).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('The error cannot be read'),
  });
  expect(Reflect.get({}, 'a')).toBe(undefined);
});

test('a call to a server that takes none has its deadline', async () => {
  const none = Buffer.concat([
    Buffer.of(0x81),
    msgpackText('limits'),
    Buffer.of(0x81),
    msgpackText('calls'),
    Buffer.of(0),
  ]);
  await using hostile = await clientOf(nothing, frame(HELLO, 0, 0, none));
  await expect(hostile.client.uppercase(CALL, { deadline: 50 })).rejects.toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    execution: 'not-sent',
  });
});
