import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FLAG, FRAME } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import type { FrameWriter } from '../wire/frame-writer.ts';
import { LongMessage } from './long-message.ts';
import { type Flow, Outbox, QUEUE_BYTES } from './outbox.ts';

const nothing = (): void => {};

interface Sent {
  readonly type: number;
  readonly call: number;
  readonly more: boolean;
  readonly body: Uint8Array;
}

/** The frames in these pieces of what is to be sent. */
function framesOf(...pieces: Uint8Array[]): Sent[] {
  const frames: Sent[] = [];
  const decoder = new FrameDecoder(2 ** 24, {
    frame: (type, flags, call, bytes, start, end) =>
      frames.push({ type, call, more: (flags & FLAG.MORE) !== 0, body: Uint8Array.from(bytes.subarray(start, end)) }),
  });
  for (const piece of pieces) decoder.push(Buffer.from(piece));
  expect(decoder.unfinished).toBe(false);
  return frames;
}

/** The frames that are handed over next. */
function takeNext(outbox: Outbox, chunk: number): Sent[] {
  const piece = outbox.take(chunk);
  return piece === undefined ? [] : framesOf(piece);
}

function takeAll(outbox: Outbox, chunk: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = outbox.take(chunk); piece !== undefined; piece = outbox.take(chunk)) pieces.push(piece);
  return pieces;
}

/** All that can be sent now. */
function drain(outbox: Outbox, chunk: number): Sent[] {
  return framesOf(...takeAll(outbox, chunk));
}

function write(outbox: Outbox, queue: 'urgent' | 'frames', type: number): void {
  outbox[queue].begin(type, 0, 0, 0);
  outbox[queue].end();
}

/** A long message of a call's, of which the first frame held `sent` bytes. */
function long(outbox: Outbox, call: number, body: Uint8Array, sent: number, done: () => void): void {
  outbox.addFlow(call, new LongMessage(outbox, call, body, sent, done));
}

test('what keeps the connection going leaves first, then frames, then chunks', () => {
  const outbox = new Outbox({ wake: nothing });
  long(outbox, 8, new Uint8Array(30), 0, nothing);
  outbox.grant(8, 30);
  write(outbox, 'frames', FRAME.CANCEL);
  write(outbox, 'urgent', FRAME.PONG);
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([FRAME.PONG, FRAME.CANCEL, FRAME.CHUNK]);
});

test('of what takes turns so much is written at a time, and frames that come up then leave before the rest', () => {
  const outbox = new Outbox({ wake: nothing });
  long(outbox, 8, new Uint8Array(200_000), 0, nothing);
  outbox.grant(8, 200_000);
  const first = takeNext(outbox, 1000);
  expect(first.every(({ type, body }) => type === FRAME.CHUNK && body.length === 1000)).toBe(true);
  write(outbox, 'frames', FRAME.ANSWER);
  write(outbox, 'urgent', FRAME.PONG);
  const pieces = takeAll(outbox, 1000);
  // Handed over one by one they would cost a write each.
  expect(pieces.length).toBeLessThan(12);
  const rest = framesOf(...pieces);
  const at = rest.findIndex(({ type }) => type !== FRAME.CHUNK);
  // What has been written already goes before.
  expect(first.length + at).toBeLessThan(70);
  expect(rest.slice(at, at + 2).map(({ type }) => type)).toEqual([FRAME.PONG, FRAME.ANSWER]);
  expect(first.length + rest.length - 2).toBe(200);
});

test('the end of a half does not overtake what its flow has written', () => {
  const outbox = new Outbox({ wake: nothing });
  const ends = (call: number) => () => {
    outbox.frames.begin(FRAME.END, 0, call, 0);
    outbox.frames.end();
  };
  // Of two lent frames each is a piece of its own.
  for (const call of [2, 4, 6]) {
    long(outbox, call, new Uint8Array(30_000), 0, ends(call));
    outbox.grant(call, 30_000);
  }
  const frames = drain(outbox, 40_000).map(({ type, call }) => [type, call]);
  for (const call of [2, 4, 6]) {
    expect(frames.filter(([, id]) => id === call)).toEqual([
      [FRAME.CHUNK, call],
      [FRAME.END, call],
    ]);
  }
});

test('a frame that leaves in two pieces stays one, whatever comes up in between', () => {
  const outbox = new Outbox({ wake: nothing });
  const body = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  const pieces: Uint8Array[] = [];
  const next = (): void => {
    const piece = outbox.take(40_000);
    if (piece !== undefined) pieces.push(piece);
    write(outbox, 'urgent', FRAME.PONG);
    write(outbox, 'frames', FRAME.CANCEL);
  };
  long(outbox, 8, body, 0, nothing);
  outbox.grant(8, 100_000);
  outbox.frames.begin(FRAME.ANSWER, 0, 6, 0);
  outbox.frames.endWith(body.subarray(0, 20_000));
  for (let i = 0; i < 4; i++) next();
  for (let piece = outbox.take(40_000); piece !== undefined; piece = outbox.take(40_000)) pieces.push(piece);
  const frames = framesOf(...pieces);
  expect(frames.filter(({ type }) => type === FRAME.ANSWER).map((answer) => answer.body)).toEqual([
    body.subarray(0, 20_000),
  ]);
  const chunks = frames.filter(({ type }) => type === FRAME.CHUNK);
  expect(chunks.map((one) => one.body.length)).toEqual([40_000, 40_000, 20_000]);
  expect(Buffer.concat(chunks.map((one) => one.body)).equals(body)).toBe(true);
});

test('long messages take turns, a chunk each', () => {
  const outbox = new Outbox({ wake: nothing });
  for (const call of [2, 4, 6]) {
    long(outbox, call, new Uint8Array(call === 4 ? 25 : 35), 5, nothing);
    outbox.grant(call, 1000);
  }
  expect(drain(outbox, 10).map(({ call, more }) => `${call}${more ? '+' : ''}`)).toEqual([
    '2+',
    '4+',
    '6+',
    '2+',
    '4',
    '6+',
    '2',
    '6',
  ]);
});

test('a message without credit waits, and goes on where it stood once it has some', () => {
  const outbox = new Outbox({ wake: nothing });
  const body = Uint8Array.from({ length: 20 }, (_, i) => i);
  long(outbox, 2, body, 5, nothing);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 3);
  expect(drain(outbox, 100)).toEqual([{ type: FRAME.CHUNK, call: 2, more: true, body: Uint8Array.of(5, 6, 7) }]);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 0);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 100);
  expect(drain(outbox, 100)).toEqual([{ type: FRAME.CHUNK, call: 2, more: false, body: body.subarray(8) }]);
});

test('a message that is dropped sends nothing more, and the others keep their turns', () => {
  const outbox = new Outbox({ wake: nothing });
  const done: number[] = [];
  for (const call of [2, 4, 6]) {
    long(outbox, call, new Uint8Array(20), 0, () => done.push(call));
    outbox.grant(call, 100);
  }
  outbox.dropFlow(4);
  outbox.dropFlow(99);
  expect(drain(outbox, 10).map(({ call }) => call)).toEqual([2, 6, 2, 6]);
  expect(done).toEqual([2, 6]);
  outbox.grant(4, 100);
  expect(outbox.take(10)).toBeUndefined();
});

test('a call id that is used again has nothing of the message that had it before', () => {
  const outbox = new Outbox({ wake: nothing });
  long(outbox, 2, new Uint8Array(20).fill(1), 0, nothing);
  outbox.grant(2, 5);
  outbox.dropFlow(2);
  long(outbox, 2, new Uint8Array(20).fill(2), 0, nothing);
  expect(outbox.take(100)).toBeUndefined();
  outbox.grant(2, 20);
  expect(drain(outbox, 100)).toEqual([{ type: FRAME.CHUNK, call: 2, more: false, body: new Uint8Array(20).fill(2) }]);
});

test('credit for a call that has no long message is ignored', () => {
  const outbox = new Outbox({ wake: nothing });
  outbox.grant(2, 100);
  long(outbox, 2, new Uint8Array(10), 0, nothing);
  expect(outbox.take(100)).toBeUndefined();
});

/** One that has as much to send as it takes, in a frame of the type 0x7f. */
function full(): Outbox {
  const outbox = new Outbox({ wake: nothing });
  outbox.frames.begin(0x7f, 0, 0, QUEUE_BYTES);
  outbox.frames.bytes(new Uint8Array(QUEUE_BYTES - 10));
  outbox.frames.end();
  return outbox;
}

test('it is full from its limit on, and not a byte before', () => {
  const outbox = full();
  expect([outbox.queued, outbox.full]).toEqual([QUEUE_BYTES, true]);
  const almost = new Outbox({ wake: nothing });
  almost.frames.begin(0x7f, 0, 0, QUEUE_BYTES);
  almost.frames.bytes(new Uint8Array(QUEUE_BYTES - 11));
  almost.frames.end();
  expect(almost.full).toBe(false);
});

test('what is to be written later is written in order once there is room, and what is urgent goes before', () => {
  const outbox = full();
  for (const type of [FRAME.ANSWER, FRAME.ERROR]) outbox.later(() => write(outbox, 'frames', type));
  write(outbox, 'urgent', FRAME.PONG);
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([FRAME.PONG, 0x7f, FRAME.ANSWER, FRAME.ERROR]);
  expect(outbox.queued).toBe(0);
  expect(outbox.full).toBe(false);
});

test('what fills it again makes the rest wait on', () => {
  const outbox = full();
  const written: string[] = [];
  outbox.later(() => {
    written.push('first');
    outbox.frames.begin(0x7e, 0, 0, QUEUE_BYTES);
    outbox.frames.bytes(new Uint8Array(QUEUE_BYTES));
    outbox.frames.end();
  });
  outbox.later(() => written.push('second'));
  expect(takeNext(outbox, 100)[0]?.type).toBe(0x7f);
  expect(takeNext(outbox, 100)[0]?.type).toBe(0x7e);
  expect(written).toEqual(['first']);
  expect(outbox.take(100)).toBeUndefined();
  expect(written).toEqual(['first', 'second']);
});

test('what was to be written later is dropped with the long messages', () => {
  const outbox = full();
  outbox.later(() => expect.fail('It was written.'));
  outbox.dropAll();
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([0x7f]);
});

test('once all are dropped the frames that were written still leave', () => {
  const outbox = new Outbox({ wake: nothing });
  long(outbox, 2, new Uint8Array(10), 0, nothing);
  outbox.grant(2, 100);
  write(outbox, 'frames', FRAME.GOAWAY);
  outbox.dropAll();
  expect(drain(outbox, 100).map(({ type }) => type)).toEqual([FRAME.GOAWAY]);
});

test('what waits is counted without the long messages', () => {
  const outbox = new Outbox({ wake: nothing });
  long(outbox, 2, new Uint8Array(1000), 0, nothing);
  outbox.grant(2, 1000);
  expect(outbox.queued).toBe(0);
  write(outbox, 'frames', FRAME.CANCEL);
  write(outbox, 'urgent', FRAME.PONG);
  expect(outbox.queued).toBe(20);
  drain(outbox, 100);
  expect(outbox.queued).toBe(0);
});

test('however credit comes, each message arrives whole, in order, within its credit, and is done once', () => {
  const anyMessage = fc.record({ length: fc.integer({ min: 1, max: 120 }), sent: fc.nat(100) });
  const anyStep = fc.oneof(
    fc.record({ kind: fc.constant('grant' as const), which: fc.nat(5), credit: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('take' as const) }),
  );
  fc.assert(
    fc.property(
      fc.array(anyMessage, { minLength: 1, maxLength: 6 }),
      fc.array(anyStep, { maxLength: 60, size: 'max' }),
      fc.integer({ min: 1, max: 40 }),
      (given, steps, chunk) => {
        const outbox = new Outbox({ wake: nothing });
        const messages = given.map(({ length, sent }, call) => {
          const message = {
            body: Uint8Array.from({ length }, (_, i) => (i * 7 + call) % 256),
            came: Math.min(sent, length - 1),
            credit: 0,
            done: 0,
          };
          long(outbox, call, message.body, message.came, () => message.done++);
          return message;
        });
        const took = (frames: Sent[]): void => {
          for (const { call, more, body } of frames) {
            const message = messages[call] as (typeof messages)[number];
            expect(body.length).toBeGreaterThan(0);
            expect(body.length).toBeLessThanOrEqual(Math.min(chunk, message.credit));
            expect(body).toEqual(message.body.subarray(message.came, message.came + body.length));
            message.came += body.length;
            message.credit -= body.length;
            expect(more).toBe(message.came < message.body.length);
          }
          for (const { done, came, body } of messages) expect(done).toBe(came === body.length ? 1 : 0);
        };
        for (const step of steps) {
          if (step.kind === 'take') took(takeNext(outbox, chunk));
          else {
            const message = messages[step.which];
            if (message !== undefined) message.credit += step.credit;
            outbox.grant(step.which, step.credit);
          }
        }
        took(drain(outbox, chunk));
        // Whoever could go on has gone on.
        for (const message of messages) expect(message.done === 1 || message.credit === 0).toBe(true);
        for (const [call, message] of messages.entries()) {
          message.credit += 1000;
          outbox.grant(call, 1000);
        }
        took(drain(outbox, chunk));
        expect(messages.every(({ done }) => done === 1)).toBe(true);
      },
    ),
    { numRuns: 120 },
  );
});

/** One that writes a frame of its own whenever it may, as often as it has credit. */
class Counting implements Flow {
  readonly #call: number;
  credit = 0;
  constructor(call: number) {
    this.#call = call;
  }
  grant(credit: number): void {
    this.credit += credit;
  }
  write(frames: FrameWriter): boolean {
    frames.begin(FRAME.ITEM, 0, this.#call, 0);
    frames.end();
    this.credit--;
    return this.credit > 0;
  }
}

test('a flow gets the credit that comes for its call while it is there, and writes when it says that it can', () => {
  const outbox = new Outbox({ wake: nothing });
  const flow = new Counting(2);
  outbox.grant(2, 5);
  outbox.addFlow(2, flow);
  outbox.grant(2, 3);
  outbox.grant(4, 7);
  expect(flow.credit).toBe(3);
  // Credit alone is no reason to ask it: it says itself when it could write.
  expect(outbox.take(100)).toBeUndefined();
  outbox.ready(flow);
  outbox.ready(flow);
  expect(drain(outbox, 100).map(({ call }) => call)).toEqual([2, 2, 2]);
  outbox.dropFlow(2);
  outbox.grant(2, 5);
  expect(flow.credit).toBe(0);
});

test('flows take turns, a frame each, whoever is ready in the meantime at the end', () => {
  const outbox = new Outbox({ wake: nothing });
  const flows = [2, 4, 6].map((call) => new Counting(call));
  for (const [i, flow] of flows.entries()) {
    flow.credit = i + 1;
    outbox.ready(flow);
  }
  expect(drain(outbox, 100).map(({ call }) => call)).toEqual([2, 4, 6, 4, 6, 6]);
});

test('who can get no more credit goes on without, those that begin later too', () => {
  const outbox = new Outbox({ wake: nothing });
  const [before, after, dropped] = [new Counting(2), new Counting(4), new Counting(6)];
  outbox.addFlow(2, before);
  outbox.addFlow(6, dropped);
  outbox.dropFlow(6);
  outbox.unbind();
  outbox.addFlow(4, after);
  expect([before.credit, after.credit, dropped.credit]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    0,
  ]);
});
