import { expect, test } from 'vitest';
import { z } from 'zod';
import { event, implement, method, RpcError, type Server, serve, service, stream } from './nearcall.ts';
import {
  ANSWER,
  CHUNK,
  declare,
  dialRaw,
  END,
  ERROR,
  EVENT,
  EVENTS_CALL,
  type Frame,
  frame,
  framesOf,
  hello,
  ITEM,
  ITEMS,
  MORE,
  PING,
  PREFACE,
  type RawClient,
  REQUEST,
} from './raw-client.ts';
import { type Temporary, temporary } from './temporary.ts';

const flows = service('flows', {
  long: method({ input: z.number(), output: z.string() }),
  count: method({ input: z.number(), output: stream(z.number()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  double: method({ input: stream(z.number()), output: stream(z.number()) }),
  note: event(z.number()),
});

const [LONG, COUNT, SUM, DOUBLE, NOTE] = [0, 1, 2, 3, 4] as const;
/** The methods above, which have the numbers of their kinds. */
const NAMES = [...Object.keys(flows.methods).entries()].map(([kind, name]) => declare(kind, 'flows', name, kind));
const OPENED = Buffer.concat([Buffer.from(PREFACE), hello, ...NAMES]);

const LONG_ANSWER = 3_000_000;
const ITEM_COUNT = 20_000;
/**
 * Nearly as many items as a window of 256 KiB holds: each costs 65 bytes, and each batch some more. How many batches
 * there are depends on how busy the machine is.
 */
const NEARLY_A_WINDOW = 3600;

interface Setting {
  readonly noted?: (value: number) => void | Promise<void>;
  /** What becomes of a sum whose numbers break off. */
  readonly broken?: (error: unknown) => number;
}

/** Others have their turn, as they have while a handler waits for something. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function started(place: Temporary, { noted = () => {}, broken }: Setting = {}): Promise<Server> {
  return serve(
    place.unix(),
    implement(flows, {
      long: (length) => 'x'.repeat(length * LONG_ANSWER),
      async *count(count) {
        for (let i = 0; i < count * ITEM_COUNT; i++) yield i % 100;
      },
      async sum(numbers) {
        let sum = 0;
        try {
          for await (const number of numbers) {
            sum += number;
            await turn();
          }
        } catch (error) {
          if (broken === undefined) throw error;
          return broken(error);
        }
        return sum;
      },
      async *double(numbers) {
        for await (const number of numbers) {
          await turn();
          yield number * 2;
        }
      },
      note: (value) => noted(value),
    }),
  );
}

/** A request whose input is a number under 128, or a stream. */
function ask(call: number, number: number, input?: number): Buffer {
  return frame(REQUEST, 0, call, Uint8Array.from(input === undefined ? [0, number] : [0, number, input]));
}

/** A batch of up to 15 numbers under 128. */
function items(call: number, ...numbers: number[]): Buffer {
  return frame(ITEMS, 0, call, Uint8Array.of(0x90 | numbers.length, ...numbers));
}

function end(call: number): Buffer {
  return frame(END, 0, call, new Uint8Array(0));
}

/** The numbers under 128, of one byte each, that a call's stream has brought: in batches, alone, or begun and ended. */
function itemsOf(frames: readonly Frame[], call: number): number[] {
  const own = frames.filter((each) => each.call === call);
  return own.flatMap(({ type, flags, payload }) => {
    if (type === ITEMS) return [...payload.subarray({ 220: 3, 221: 5 }[payload[0] as number] ?? 1)];
    // The first part of an item that goes on tells the length of all of it, in eight bytes.
    if (type === ITEM) return [...payload.subarray((flags & MORE) === 0 ? 0 : 8)];
    return type === CHUNK ? [...payload] : [];
  });
}

/** The bytes of an answer, all its frames together. */
function lengthOf(frames: readonly Frame[], call: number): number {
  const parts = frames.filter((each) => each.call === call && (each.type === ANSWER || each.type === CHUNK));
  expect(parts.map(({ flags }) => flags & MORE)).toEqual(parts.map((_, i) => (i < parts.length - 1 ? MORE : 0)));
  // The first part begins with the length of all, in eight bytes.
  return parts.reduce((sum, { payload }) => sum + payload.length, -8);
}

function ends(place: Temporary): Promise<RawClient> {
  return dialRaw(place.at('s.sock'), { allowHalfOpen: true });
}

/** What comes to a client that ends its side behind these frames, until the server has ended its own. */
async function received(place: Temporary, ...frames: Buffer[]): Promise<Frame[]> {
  using raw = await ends(place);
  raw.socket.end(Buffer.concat([OPENED, ...frames]));
  const all = framesOf(await raw.ended);
  await raw.closed;
  return all;
}

/** The bytes of text in front of which msgpack writes its length, in five bytes. */
const BODY = LONG_ANSWER + 5;

test('long answers come whole, although no credit can come for them any more', async () => {
  await using place = await temporary();
  await using _server = await started(place);
  const frames = await received(place, ask(0, LONG, 1), ask(2, LONG, 0), ask(4, LONG, 1));
  expect([lengthOf(frames, 0), lengthOf(frames, 4)]).toEqual([BODY, BODY]);
  expect(frames.find(({ call, type }) => call === 2 && type === ANSWER)?.payload).toEqual(Buffer.of(0xa0));
});

test('a long answer that waits for credit goes on when its reader half-closes', async () => {
  await using place = await temporary();
  await using _server = await started(place);
  using raw = await ends(place);
  raw.send(Buffer.concat([OPENED, ask(0, LONG, 1)]));
  await raw.until((all) => framesOf(all).some(({ type }) => type === ANSWER));
  raw.socket.end();
  expect(lengthOf(framesOf(await raw.ended), 0)).toBe(BODY);
});

test('a stream of answers comes to its end, although no credit can come for it any more', async () => {
  await using place = await temporary();
  await using _server = await started(place);
  const frames = await received(place, ask(0, COUNT, 1), ask(2, COUNT, 1));
  const expected = Array.from({ length: ITEM_COUNT }, (_, i) => i % 100);
  for (const call of [0, 2]) {
    expect(itemsOf(frames, call)).toEqual(expected);
    expect(frames.filter((each) => each.call === call && each.type !== PING).at(-1)?.type).toBe(ANSWER);
  }
});

test('a stream of answers that waits for credit goes on to its end when its reader half-closes', async () => {
  await using place = await temporary();
  await using _server = await started(place);
  using raw = await ends(place);
  raw.send(Buffer.concat([OPENED, ask(0, COUNT, 1)]));
  await raw.until((all) => itemsOf(framesOf(all), 0).length >= NEARLY_A_WINDOW);
  raw.socket.end();
  const frames = framesOf(await raw.ended);
  expect(itemsOf(frames, 0)).toEqual(Array.from({ length: ITEM_COUNT }, (_, i) => i % 100));
  expect(frames.at(-1)).toMatchObject({ type: ANSWER, call: 0 });
});

test('a stream of requests that was sent whole is read to its end, however slowly, and answered', async () => {
  await using place = await temporary();
  await using _server = await started(place);
  const numbers = Array.from({ length: 10 }, (_, i) => i + 1);
  const batches = numbers.map((number) => items(0, number, number));
  const frames = await received(place, ask(0, SUM), ...batches, end(0));
  expect(frames.find(({ type }) => type === ANSWER)).toMatchObject({ call: 0, payload: Buffer.of(110) });
});

test('a stream both ways is read to its end, and answered to its end', async () => {
  await using place = await temporary();
  await using _server = await started(place);
  const frames = await received(place, ask(0, DOUBLE), items(0, 1, 2, 3), items(0, 4, 5), end(0));
  expect(itemsOf(frames, 0)).toEqual([2, 4, 6, 8, 10]);
  expect(frames.at(-1)).toMatchObject({ type: ANSWER, call: 0 });
});

test('a stream of requests that breaks off is answered by its handler, who is told', async () => {
  await using place = await temporary();
  const errors: unknown[] = [];
  const broken = (error: unknown): number => {
    errors.push(error);
    return 42;
  };
  await using _server = await started(place, { broken });
  const frames = await received(place, ask(0, SUM), items(0, 1, 2));
  expect(frames.find(({ type }) => type === ANSWER)).toMatchObject({ call: 0, payload: Buffer.of(42) });
  expect(errors).toEqual([expect.any(RpcError)]);
  expect(errors[0]).toMatchObject({ code: 'UNAVAILABLE' });
});

test('a request that breaks off fails, has not run, and does not hold up those that came whole', async () => {
  await using place = await temporary();
  await using _server = await started(place);
  // A text of 1,000 bytes is announced, and one byte of it sent.
  const cut = frame(REQUEST, MORE, 2, Buffer.from([0, LONG, 0, 0, 0, 0, 0, 0, 0x03, 0xe8, 0xda]));
  const frames = await received(place, ask(0, LONG, 0), cut);
  expect(frames.find(({ type }) => type === ANSWER)).toMatchObject({ call: 0 });
  expect(frames.find(({ type }) => type === ERROR)).toMatchObject({ call: 2 });
});

test('events that were sent are handled, all of them and in order, also where handlers take their time', async () => {
  await using place = await temporary();
  const noted: number[] = [];
  const begun: number[] = [];
  await using server = await started(place, {
    noted: async (value) => {
      begun.push(value);
      await turn();
      noted.push(value);
    },
  });
  const values = Array.from({ length: 100 }, (_, i) => i);
  const events = values.map((value) => frame(EVENT, 0, EVENTS_CALL, Uint8Array.of(0, NOTE, value)));
  await received(place, ...events);
  await expect.poll(() => noted.length, { interval: 5 }).toBe(values.length);
  expect(begun).toEqual(values);
  expect(noted).toEqual(values);
  await expect.poll(() => server.connections, { interval: 5 }).toBe(0);
});
